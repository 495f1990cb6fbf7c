//! The object identifiers of this room, and their names for people.

use der::asn1::ObjectIdentifier;

const fn oid(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(text)
}

// keys
pub(super) const RSA_ENCRYPTION: ObjectIdentifier = oid("1.2.840.113549.1.1.1");
/// The `AlgorithmIdentifier` of RSA keys in DER, with its parameters, NULL.
pub(super) const RSA_IDENTIFIER: [u8; 15] = [0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0];
pub(super) const EC_PUBLIC_KEY: ObjectIdentifier = oid("1.2.840.10045.2.1");
pub(super) const P_256: ObjectIdentifier = oid("1.2.840.10045.3.1.7");
pub(super) const P_384: ObjectIdentifier = oid("1.3.132.0.34");
pub(super) const P_521: ObjectIdentifier = oid("1.3.132.0.35");
pub(super) const SECP256K1: ObjectIdentifier = oid("1.3.132.0.10");
pub(super) const ED25519: ObjectIdentifier = oid("1.3.101.112");
// signatures
pub(super) const RSA_SHA256: ObjectIdentifier = oid("1.2.840.113549.1.1.11");
pub(super) const RSASSA_PSS: ObjectIdentifier = oid("1.2.840.113549.1.1.10");
pub(super) const ECDSA_SHA256: ObjectIdentifier = oid("1.2.840.10045.4.3.2");
pub(super) const ECDSA_SHA384: ObjectIdentifier = oid("1.2.840.10045.4.3.3");
// encryption (RFC 8018)
pub(super) const RC4: ObjectIdentifier = oid("1.2.840.113549.3.4");
pub(super) const PBES2: ObjectIdentifier = oid("1.2.840.113549.1.5.13");
// requests
pub(super) const EXTENSION_REQUEST: ObjectIdentifier = oid("1.2.840.113549.1.9.14");
/// Microsoft's alias of the extension request.
pub(super) const MS_EXTENSION_REQUEST: ObjectIdentifier = oid("1.3.6.1.4.1.311.2.1.14");
/// `szOID_ENROLL_CERTTYPE_EXTENSION`: the template's name, a bare `BMPString`.
pub(super) const MS_TEMPLATE_NAME: ObjectIdentifier = oid("1.3.6.1.4.1.311.20.2");
// extensions
pub(super) const SUBJECT_KEY_ID: ObjectIdentifier = oid("2.5.29.14");
pub(super) const KEY_USAGE: ObjectIdentifier = oid("2.5.29.15");
pub(super) const SUBJECT_ALT_NAME: ObjectIdentifier = oid("2.5.29.17");
pub(super) const BASIC_CONSTRAINTS: ObjectIdentifier = oid("2.5.29.19");
pub(super) const CRL_NUMBER: ObjectIdentifier = oid("2.5.29.20");
pub(super) const CRL_REASON: ObjectIdentifier = oid("2.5.29.21");
pub(super) const NAME_CONSTRAINTS: ObjectIdentifier = oid("2.5.29.30");
pub(super) const CRL_DISTRIBUTION_POINTS: ObjectIdentifier = oid("2.5.29.31");
pub(super) const AUTHORITY_KEY_ID: ObjectIdentifier = oid("2.5.29.35");
pub(super) const EXTENDED_KEY_USAGE: ObjectIdentifier = oid("2.5.29.37");
pub(super) const AUTHORITY_INFO_ACCESS: ObjectIdentifier = oid("1.3.6.1.5.5.7.1.1");
pub(super) const CA_ISSUERS: ObjectIdentifier = oid("1.3.6.1.5.5.7.48.2");
/// RFC 7633.
pub(super) const TLS_FEATURE: ObjectIdentifier = oid("1.3.6.1.5.5.7.1.24");
pub(super) const SERVER_AUTH: ObjectIdentifier = oid("1.3.6.1.5.5.7.3.1");
pub(super) const CLIENT_AUTH: ObjectIdentifier = oid("1.3.6.1.5.5.7.3.2");
// containers
pub(super) const DATA: ObjectIdentifier = oid("1.2.840.113549.1.7.1");
pub(super) const SIGNED_DATA: ObjectIdentifier = oid("1.2.840.113549.1.7.2");
pub(super) const ENCRYPTED_DATA: ObjectIdentifier = oid("1.2.840.113549.1.7.6");
// PKCS#12 (RFC 7292 appendix D)
pub(super) const KEY_BAG: ObjectIdentifier = oid("1.2.840.113549.1.12.10.1.1");
pub(super) const SHROUDED_KEY_BAG: ObjectIdentifier = oid("1.2.840.113549.1.12.10.1.2");
pub(super) const CERTIFICATE_BAG: ObjectIdentifier = oid("1.2.840.113549.1.12.10.1.3");
pub(super) const CRL_BAG: ObjectIdentifier = oid("1.2.840.113549.1.12.10.1.4");
pub(super) const SECRET_BAG: ObjectIdentifier = oid("1.2.840.113549.1.12.10.1.5");
pub(super) const SAFE_CONTENTS_BAG: ObjectIdentifier = oid("1.2.840.113549.1.12.10.1.6");
pub(super) const X509_CERTIFICATE: ObjectIdentifier = oid("1.2.840.113549.1.9.22.1");
pub(super) const X509_CRL: ObjectIdentifier = oid("1.2.840.113549.1.9.23.1");
pub(super) const FRIENDLY_NAME: ObjectIdentifier = oid("1.2.840.113549.1.9.20");
pub(super) const LOCAL_KEY_ID: ObjectIdentifier = oid("1.2.840.113549.1.9.21");
/// `szOID_PKCS_12_KEY_PROVIDER_NAME_ATTR`.
pub(super) const MS_PROVIDER: ObjectIdentifier = oid("1.3.6.1.4.1.311.17.1");

/// What authorities add of their own to the certificates they issue: nobody asks them for it.
const AUTHORITYS: [(&str, &str); 9] = [
    ("2.5.29.14", "subjectKeyIdentifier"),
    ("2.5.29.35", "authorityKeyIdentifier"),
    ("2.5.29.18", "issuerAltName"),
    ("2.5.29.31", "cRLDistributionPoints"),
    ("2.5.29.32", "certificatePolicies"),
    ("2.5.29.46", "freshestCRL"),
    ("1.3.6.1.5.5.7.1.1", "authorityInfoAccess"),
    ("1.3.6.1.4.1.11129.2.4.2", "signedCertificateTimestampList"),
    ("1.3.6.1.4.1.11129.2.4.3", "precertificatePoison"),
];

/// Other extensions that certificates and requests have.
const EXTENSIONS: [(&str, &str); 13] = [
    ("2.5.29.15", "keyUsage"),
    ("2.5.29.17", "subjectAltName"),
    ("2.5.29.19", "basicConstraints"),
    ("2.5.29.30", "nameConstraints"),
    ("2.5.29.36", "policyConstraints"),
    ("2.5.29.37", "extendedKeyUsage"),
    ("1.3.6.1.5.5.7.1.24", "tlsfeature"),
    ("1.3.6.1.4.1.311.20.2", "certificate template"),
    ("1.3.6.1.4.1.311.21.7", "certificate template by identifier"),
    ("1.3.6.1.4.1.311.21.10", "application policies"),
    ("1.3.6.1.4.1.311.25.2", "NTDS security extension"),
    ("2.16.840.1.113730.1.1", "nsCertType"),
    ("2.16.840.1.113730.1.13", "nsComment"),
];

/// Whether an extension is one that authorities add of their own.
pub(super) fn is_authoritys(oid: &ObjectIdentifier) -> bool {
    let text = oid.to_string();
    AUTHORITYS.iter().any(|(known, _)| *known == text)
}

/// The name of an extension, else its dotted form.
pub(super) fn extension_name(oid: &ObjectIdentifier) -> String {
    let text = oid.to_string();
    let known = AUTHORITYS.iter().chain(&EXTENSIONS).find(|(known, _)| *known == text);
    known.map_or_else(|| format!("extension {text}"), |(_, name)| (*name).to_owned())
}

/// The name of an attribute of a request, else its dotted form.
pub(super) fn attribute_name(oid: &ObjectIdentifier) -> String {
    let text = oid.to_string();
    match text.as_str() {
        "1.2.840.113549.1.9.7" => "challengePassword".to_owned(),
        "1.2.840.113549.1.9.2" => "unstructuredName".to_owned(),
        "1.3.6.1.4.1.311.13.2.1" => "enrollment name and value".to_owned(),
        "1.3.6.1.4.1.311.13.2.2" => "enrollment provider".to_owned(),
        "1.3.6.1.4.1.311.13.2.3" => "operating system version".to_owned(),
        "1.3.6.1.4.1.311.21.20" => "request client".to_owned(),
        _ => format!("attribute {text}"),
    }
}

/// The name of a signature algorithm as RFCs and other tools write it, else its dotted form.
pub(super) fn signature_name(oid: &ObjectIdentifier) -> String {
    let text = oid.to_string();
    let name = match text.as_str() {
        "1.2.840.113549.1.1.2" => "md2WithRSAEncryption",
        "1.2.840.113549.1.1.3" => "md4WithRSAEncryption",
        "1.2.840.113549.1.1.4" => "md5WithRSAEncryption",
        "1.2.840.113549.1.1.5" | "1.3.14.3.2.29" => "sha1WithRSAEncryption",
        "1.2.840.113549.1.1.10" => "rsassaPss",
        "1.2.840.113549.1.1.11" => "sha256WithRSAEncryption",
        "1.2.840.113549.1.1.12" => "sha384WithRSAEncryption",
        "1.2.840.113549.1.1.13" => "sha512WithRSAEncryption",
        "1.2.840.113549.1.1.14" => "sha224WithRSAEncryption",
        "1.2.840.10040.4.3" => "dsa-with-SHA1",
        "1.2.840.10045.4.1" => "ecdsa-with-SHA1",
        "1.2.840.10045.4.3.1" => "ecdsa-with-SHA224",
        "1.2.840.10045.4.3.2" => "ecdsa-with-SHA256",
        "1.2.840.10045.4.3.3" => "ecdsa-with-SHA384",
        "1.2.840.10045.4.3.4" => "ecdsa-with-SHA512",
        "1.3.101.112" => "Ed25519",
        "1.3.101.113" => "Ed448",
        other => other,
    };
    name.to_owned()
}

/// What makes a signature algorithm forgeable today, if anything does.
pub(super) fn broken_hash(signature: &str) -> Option<&'static str> {
    let signature = signature.to_ascii_lowercase();
    ["md2", "md4", "md5", "sha1"].into_iter().zip(["MD2", "MD4", "MD5", "SHA-1"]).find_map(|(mark, name)| {
        let found = signature.starts_with(mark) || signature.ends_with(&format!("-{mark}"));
        found.then_some(name)
    })
}

/// The name of a key algorithm: the public key's, with its curve.
pub(super) fn key_name(algorithm: &ObjectIdentifier, curve: Option<&ObjectIdentifier>) -> String {
    let text = algorithm.to_string();
    let name = match text.as_str() {
        "1.2.840.113549.1.1.1" => "RSA",
        "1.2.840.113549.1.1.10" => "RSA-PSS",
        "1.2.840.10040.4.1" => "DSA",
        "1.2.840.10045.2.1" => {
            return curve.map_or_else(|| "ECDSA".to_owned(), |curve| format!("ECDSA {}", curve_name(curve)));
        }
        "1.3.101.110" => "X25519",
        "1.3.101.111" => "X448",
        "1.3.101.112" => "Ed25519",
        "1.3.101.113" => "Ed448",
        "2.16.840.1.101.3.4.3.17" => "ML-DSA-44",
        "2.16.840.1.101.3.4.3.18" => "ML-DSA-65",
        "2.16.840.1.101.3.4.3.19" => "ML-DSA-87",
        other => return format!("algorithm {other}"),
    };
    name.to_owned()
}

fn curve_name(curve: &ObjectIdentifier) -> String {
    let text = curve.to_string();
    let name = match text.as_str() {
        "1.2.840.10045.3.1.1" => "P-192",
        "1.3.132.0.33" => "P-224",
        "1.2.840.10045.3.1.7" => "P-256",
        "1.3.132.0.34" => "P-384",
        "1.3.132.0.35" => "P-521",
        "1.3.132.0.10" => "secp256k1",
        other => return format!("curve {other}"),
    };
    name.to_owned()
}

/// The name of an algorithm that encrypts or derives keys, for saying that it is not read here.
pub(super) fn encryption_name(oid: &ObjectIdentifier) -> String {
    let text = oid.to_string();
    let name = match text.as_str() {
        "1.2.840.113549.1.5.1" => "pbeWithMD2AndDES-CBC",
        "1.2.840.113549.1.5.4" => "pbeWithMD2AndRC2-CBC",
        "1.2.840.113549.1.5.14" => "PBMAC1",
        "1.2.840.113549.3.9" => "RC5-CBC",
        "1.2.840.113549.1.7.3" => "envelopedData: encrypted for a certificate, not under a passphrase",
        "1.2.392.200011.61.1.1.1.2" => "Camellia-128-CBC",
        "1.2.392.200011.61.1.1.1.3" => "Camellia-192-CBC",
        "1.2.392.200011.61.1.1.1.4" => "Camellia-256-CBC",
        "1.2.410.200004.1.4" => "SEED-CBC",
        "1.2.410.200046.1.1.2" => "ARIA-128-CBC",
        "1.2.410.200046.1.1.7" => "ARIA-192-CBC",
        "1.2.410.200046.1.1.12" => "ARIA-256-CBC",
        "1.2.156.10197.1.104.2" => "SM4-CBC",
        "1.2.156.10197.1.401.2" => "HMAC-SM3",
        "1.2.643.2.2.21" => "GOST 28147-89",
        "1.3.6.1.4.1.188.7.1.1.2" => "IDEA-CBC",
        "1.3.6.1.4.1.3029.1.2" => "Blowfish-CBC",
        "1.2.840.113533.7.66.10" => "CAST5-CBC",
        "2.16.840.1.101.3.4.1.6" => "AES-128-GCM",
        "2.16.840.1.101.3.4.1.26" => "AES-192-GCM",
        "2.16.840.1.101.3.4.1.46" => "AES-256-GCM",
        "2.16.840.1.101.3.4.2.13" => "HMAC-SHA3-224",
        "2.16.840.1.101.3.4.2.14" => "HMAC-SHA3-256",
        "2.16.840.1.101.3.4.2.15" => "HMAC-SHA3-384",
        "2.16.840.1.101.3.4.2.16" => "HMAC-SHA3-512",
        other => return other.to_owned(),
    };
    format!("{name} ({text})")
}
