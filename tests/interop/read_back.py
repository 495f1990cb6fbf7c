"""Reads files with the package cryptography and says in JSON what is in them. Each argument asks one question:

    request:FILE
    key:FILE               the variable PASSPHRASE opens it when it is encrypted
    pkcs12:FILE            the variable PASSPHRASE opens it
    issued:FILE,ROOT       PEM: each certificate is signed by the one after it, the last by the root
    web:HOST,FILE,ROOT     the same, as a client of the web verifies a server
    list:FILE,ISSUER       a revocation list in PEM, signed by this issuer
    certificates:FILE      PEM, any number; each must be signed by the one after it
"""

import hashlib
import json
import os
import re
import sys

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509 import verification
from cryptography.x509.oid import ExtensionOID, ObjectIdentifier

TEMPLATE_NAME = ObjectIdentifier("1.3.6.1.4.1.311.20.2")
USES = (
    "digital_signature content_commitment key_encipherment data_encipherment key_agreement key_cert_sign crl_sign"
).split()
PRIVATE_KEYS = {
    "ecdsa": ec.EllipticCurvePrivateKey,
    "rsa": rsa.RSAPrivateKey,
    "ed25519": ed25519.Ed25519PrivateKey,
}
KINDS = {
    x509.DNSName: "dns",
    x509.IPAddress: "ip",
    x509.RFC822Name: "email",
    x509.UniformResourceIdentifier: "uri",
}


def spki(public_key):
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return hashlib.sha256(public_key.public_bytes(serialization.Encoding.DER, form)).hexdigest()


def attributes(name):
    return [[attribute.oid.dotted_string, attribute.value] for attribute in name]


def names(extensions):
    value = extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME).value
    return [f"{KINDS[type(name)]}:{name.value}" for name in value]


def request(path):
    read = x509.load_pem_x509_csr(open(path, "rb").read())
    usage = read.extensions.get_extension_for_oid(ExtensionOID.KEY_USAGE)
    extended = read.extensions.get_extension_for_oid(ExtensionOID.EXTENDED_KEY_USAGE)
    template = read.extensions.get_extension_for_oid(TEMPLATE_NAME)
    return {
        "signature_valid": read.is_signature_valid,
        "subject": attributes(read.subject),
        "names": names(read.extensions),
        "usage": [use for use in USES if getattr(usage.value, use)],
        "usage_critical": usage.critical,
        "extended_usage": [use.dotted_string for use in extended.value],
        "template": template.value.value.hex(),
        "template_critical": template.critical,
        "extensions": len(read.extensions),
        "spki": spki(read.public_key()),
    }


def parsed(path):
    """Any request: what it asks for is parsed to the last extension, and its signature checked."""
    read = x509.load_pem_x509_csr(open(path, "rb").read())
    return {
        "signature_valid": read.is_signature_valid,
        "subject": attributes(read.subject),
        "extensions": sorted(extension.oid.dotted_string for extension in read.extensions),
        "spki": spki(read.public_key()),
    }


def key(path):
    password = os.environ["PASSPHRASE"].encode() if "PASSPHRASE" in os.environ else None
    read = serialization.load_pem_private_key(open(path, "rb").read(), password=password)
    kind = next(name for name, kind in PRIVATE_KEYS.items() if isinstance(read, kind))
    return {"kind": kind, "spki": spki(read.public_key())}


def certificates(path):
    pem = re.findall(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", open(path, "rb").read(), re.S)
    read = [x509.load_pem_x509_certificate(one) for one in pem]
    for subject, issuer in zip(read, read[1:]):
        assert subject.issuer == issuer.subject, f"{subject.subject} is not issued by {issuer.subject}"
        algorithm = ec.ECDSA(subject.signature_hash_algorithm)
        issuer.public_key().verify(subject.signature, subject.tbs_certificate_bytes, algorithm)
    return [
        {
            "sha256": hashlib.sha256(one.public_bytes(serialization.Encoding.DER)).hexdigest(),
            "subject": attributes(one.subject),
            "spki": spki(one.public_key()),
        }
        for one in read
    ]


def issued(paths):
    chain, root = paths.split(",")
    read = x509.load_pem_x509_certificates(open(chain, "rb").read() + open(root, "rb").read())
    for subject, issuer in zip(read, [*read[1:], read[-1]]):
        subject.verify_directly_issued_by(issuer)
    return {
        "subjects": [attributes(one.subject) for one in read],
        "serial": f"{read[0].serial_number:x}",
        "serial_octets": [(one.serial_number.bit_length() + 7) // 8 for one in read],
    }


def web(paths):
    host, chain, root = paths.split(",")
    leaf, *others = x509.load_pem_x509_certificates(open(chain, "rb").read())
    store = verification.Store(x509.load_pem_x509_certificates(open(root, "rb").read()))
    verifier = verification.PolicyBuilder().store(store).build_server_verifier(x509.DNSName(host))
    return [one.subject.rfc4514_string() for one in verifier.verify(leaf, others)]


def revocation_list(paths):
    crl, issuer = paths.split(",")
    read = x509.load_pem_x509_crl(open(crl, "rb").read())
    [issuer] = x509.load_pem_x509_certificates(open(issuer, "rb").read())
    assert read.is_signature_valid(issuer.public_key()) and read.issuer == issuer.subject
    key_id = read.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    assert key_id == issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    return {"revoked": len(read), "number": read.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number}


def pkcs12_file(path):
    read = pkcs12.load_pkcs12(open(path, "rb").read(), os.environ["PASSPHRASE"].encode())
    name = read.cert.friendly_name
    return {
        "spki": spki(read.key.public_key()),
        "certificate": spki(read.cert.certificate.public_key()),
        "friendly_name": name.decode() if name else None,
        "others": len(read.additional_certs),
    }


KINDS_OF_FILES = {
    "request": request,
    "parsed": parsed,
    "key": key,
    "certificates": certificates,
    "issued": issued,
    "web": web,
    "list": revocation_list,
    "pkcs12": pkcs12_file,
}
questions = [argument.split(":", 1) for argument in sys.argv[1:]]
print(json.dumps([KINDS_OF_FILES[kind](path) for kind, path in questions]))
