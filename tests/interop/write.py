"""Writes a private key, and its certificate where the form has room for it, with the package cryptography:

    write.py FORM KEY CERTIFICATE OUT        the variable PASSPHRASE encrypts it

The forms pkcs7-pem and pkcs7-der hold all certificates of the file, and no key.
"""

import os
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, PrivateFormat, pkcs7, pkcs12

form, key_file, certificate_file, out = sys.argv[1:]
passphrase = os.environ["PASSPHRASE"].encode()
with open(key_file, "rb") as file:
    key = serialization.load_pem_private_key(file.read(), None)
with open(certificate_file, "rb") as file:
    certificates = x509.load_pem_x509_certificates(file.read())
certificate = certificates[0]

PEM = serialization.Encoding.PEM
best = BestAvailableEncryption(passphrase)
if form == "pkcs12":
    written = pkcs12.serialize_key_and_certificates(b"main", key, certificate, None, best)
elif form == "pkcs12-3des":
    triple_des = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(2048)
    triple_des = triple_des.key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC).hmac_hash(hashes.SHA1())
    written = pkcs12.serialize_key_and_certificates(b"main", key, certificate, None, triple_des.build(passphrase))
elif form.startswith("pkcs7-"):
    encoding = PEM if form == "pkcs7-pem" else serialization.Encoding.DER
    written = pkcs7.serialize_certificates(certificates, encoding)
else:
    forms = {
        "pkcs8": PrivateFormat.PKCS8,
        "traditional": PrivateFormat.TraditionalOpenSSL,
        "openssh": PrivateFormat.OpenSSH,
    }
    written = key.private_bytes(PEM, forms[form], best)
with open(out, "wb") as file:
    file.write(written)
