"""Says what the package cryptography reads of its own test vectors, as one JSON document: for each file what is read without
a passphrase, then with each of its passphrases.

    vectors.py FILE...      standard input: lines of PATTERN PASSPHRASE
"""

import fnmatch
import hashlib
import json
import os
import sys
import warnings

import cryptography_vectors
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs7, pkcs12

warnings.simplefilter("ignore")
BASE = os.path.dirname(cryptography_vectors.__file__)
DER = serialization.Encoding.DER


def digest(data):
    return hashlib.sha256(data).hexdigest()


def private_key(key):
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return ["private-key " + digest(key.public_key().public_bytes(DER, form))]


def certificate(read):
    # loading is lazy: these are what a certificate is read for
    read.subject, read.issuer, read.not_valid_after_utc
    return "certificate " + digest(read.public_bytes(DER))


def request(read):
    read.subject
    return ["request " + digest(read.public_bytes(DER))]


def crl(read):
    read.issuer
    return [f"crl {read.last_update_utc:%Y-%m-%dT%H:%M:%SZ} {len(read)}"]


def pkcs12_file(data, password):
    read = pkcs12.load_pkcs12(data, password)
    certificates = [read.cert] if read.cert else []
    found = [certificate(one.certificate) for one in certificates + read.additional_certs]
    return found + (private_key(read.key) if read.key else [])


def certificates(load):
    return lambda data, _: [certificate(one) for one in load(data)]


READERS = [
    lambda data, password: private_key(serialization.load_pem_private_key(data, password)),
    lambda data, password: private_key(serialization.load_der_private_key(data, password)),
    lambda data, password: private_key(serialization.load_ssh_private_key(data, password)),
    certificates(x509.load_pem_x509_certificates),
    certificates(lambda data: [x509.load_der_x509_certificate(data)]),
    certificates(pkcs7.load_pem_pkcs7_certificates),
    certificates(pkcs7.load_der_pkcs7_certificates),
    lambda data, _: request(x509.load_pem_x509_csr(data)),
    lambda data, _: request(x509.load_der_x509_csr(data)),
    lambda data, _: crl(x509.load_pem_x509_crl(data)),
    lambda data, _: crl(x509.load_der_x509_crl(data)),
    pkcs12_file,
]


def read(data, password):
    found = []
    for reader in READERS:
        try:
            found += reader(data, password)
        except Exception:  # noqa: BLE001: whatever it is, it is not read
            continue
    return sorted(set(found))


def main():
    patterns = [line.rstrip("\n").split(" ", 1) for line in sys.stdin]
    said = {}
    for path in sys.argv[1:]:
        with open(os.path.join(BASE, path), "rb") as file:
            data = file.read()
        passwords = [None] + [word.encode() for pattern, word in patterns if fnmatch.fnmatch(path, pattern)]
        said[path] = [read(data, password) for password in passwords]
    print(json.dumps(said))


main()
