//! What extensions say, for people. What cannot be read is said to be damaged, never left out.

use crate::digest::hexadecimal;
use crate::pki::asn1::{self, BIT_STRING, CONTEXT_0, CONTEXT_1, OCTET_STRING, SEQUENCE, Tlv};
use crate::pki::{SubjectAltName, text};

/// One extension, in words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DescribedExtension {
    /// Its object identifier, dotted.
    pub oid: String,
    /// Its name: `key usage`, `subject alternative names` ...; its object identifier when it is not known here.
    pub name: String,
    /// Whether whoever does not understand it must refuse the certificate.
    pub critical: bool,
    /// What it says.
    pub text: String,
}

impl DescribedExtension {
    /// All of an `Extensions`.
    pub(in crate::pki) fn read_all(extensions: &Tlv<'_>) -> Vec<Self> {
        let elements = extensions.tagged(SEQUENCE).and_then(|extensions| extensions.children()).unwrap_or_default();
        elements.iter().filter_map(Self::read).collect()
    }

    fn read(extension: &Tlv<'_>) -> Option<Self> {
        let (oid, critical, value) = super::parts(extension)?;
        let oid = oid.to_string();
        let (name, text) = describe(&oid, value);
        Some(Self { name: name.map_or_else(|| oid.clone(), str::to_owned), oid, critical, text })
    }
}

/// The name of an extension, when it is known, and what it says.
fn describe(oid: &str, value: &[u8]) -> (Option<&'static str>, String) {
    let (name, text) = match oid {
        "2.5.29.14" => ("subject key identifier", octets(value)),
        "2.5.29.15" => ("key usage", key_usage(value)),
        "2.5.29.17" => ("subject alternative names", names(value)),
        "2.5.29.18" => ("issuer alternative names", names(value)),
        "2.5.29.19" => ("basic constraints", basic_constraints(value)),
        "2.5.29.20" => ("CRL number", number(value)),
        "2.5.29.30" => ("name constraints", name_constraints(value)),
        "2.5.29.31" => ("CRL distribution points", uris(value)),
        "2.5.29.32" => ("certificate policies", policies(value)),
        "2.5.29.35" => ("authority key identifier", authority_key_id(value)),
        "2.5.29.37" => ("extended key usage", extended_key_usage(value)),
        "1.3.6.1.5.5.7.1.1" => ("authority information", authority_information(value)),
        "1.3.6.1.5.5.7.1.24" => ("TLS feature", tls_feature(value)),
        "1.3.6.1.4.1.11129.2.4.2" => ("certificate transparency", timestamps(value)),
        "1.3.6.1.4.1.11129.2.4.3" => ("certificate transparency", Some("a precertificate: not for use".to_owned())),
        "1.3.6.1.4.1.311.20.2" => ("certificate template", template_name(value)),
        "1.3.6.1.4.1.311.21.7" => ("certificate template", template(value)),
        "1.3.6.1.4.1.311.21.1" => ("Microsoft CA version", number(value)),
        "2.16.840.1.113730.1.1" => ("Netscape certificate type", netscape_type(value)),
        "2.16.840.1.113730.1.13" => ("Netscape comment", plain_text(value)),
        "1.3.6.1.5.5.7.48.1.5" => ("OCSP responder", Some("need not be checked for revocation".to_owned())),
        _ => return (None, format!("{} octets", value.len())),
    };
    (Some(name), text.unwrap_or_else(|| "damaged".to_owned()))
}

fn sequence(value: &[u8]) -> Option<Vec<Tlv<'_>>> {
    asn1::whole(value)?.tagged(SEQUENCE)?.children()
}

fn octets(value: &[u8]) -> Option<String> {
    Some(hexadecimal(asn1::whole(value)?.tagged(OCTET_STRING)?.content))
}

fn number(value: &[u8]) -> Option<String> {
    let element = asn1::whole(value)?.tagged(asn1::INTEGER)?;
    Some(element.unsigned().map_or_else(|| format!("0x{}", hexadecimal(element.content)), |number| number.to_string()))
}

/// The names of the bits that are set, the first bit first.
fn flags(value: &[u8], names: &[&str]) -> Option<String> {
    let [_unused, octets @ ..] = asn1::whole(value)?.tagged(BIT_STRING)?.content else { return None };
    let is_set = |index: &usize| octets.get(index / 8).is_some_and(|octet| octet & (0x80 >> (index % 8)) != 0);
    let set: Vec<&str> = (0..names.len()).filter(is_set).map(|index| names[index]).collect();
    Some(if set.is_empty() { "nothing".to_owned() } else { set.join(", ") })
}

fn key_usage(value: &[u8]) -> Option<String> {
    const BITS: [&str; 9] = [
        "digital signature",
        "content commitment",
        "key encipherment",
        "data encipherment",
        "key agreement",
        "certificate signing",
        "CRL signing",
        "encipher only",
        "decipher only",
    ];
    flags(value, &BITS)
}

fn netscape_type(value: &[u8]) -> Option<String> {
    const BITS: [&str; 8] = [
        "TLS client",
        "TLS server",
        "e-mail",
        "code signing",
        "reserved",
        "TLS authority",
        "e-mail authority",
        "code signing authority",
    ];
    flags(value, &BITS)
}

fn names(value: &[u8]) -> Option<String> {
    let (names, others) = SubjectAltName::read_all(value)?;
    let mut texts: Vec<String> = names.iter().map(ToString::to_string).collect();
    match others {
        0 => {}
        1 => texts.push("1 of another kind".to_owned()),
        more => texts.push(format!("{more} of other kinds")),
    }
    Some(texts.join(", "))
}

fn basic_constraints(value: &[u8]) -> Option<String> {
    let parts = sequence(value)?;
    let authority = parts.first().is_some_and(|first| first.tag == 0x01 && first.content != [0]);
    let limit = parts.last().and_then(Tlv::unsigned);
    Some(match (authority, limit) {
        (false, _) => "not an authority".to_owned(),
        (true, None) => "an authority".to_owned(),
        (true, Some(0)) => "an authority, for end certificates only".to_owned(),
        (true, Some(limit)) => format!("an authority, with no more than {limit} below it"),
    })
}

fn name_constraints(value: &[u8]) -> Option<String> {
    let subtrees = |element: &Tlv<'_>| -> Option<String> {
        let bases =
            element.children()?.iter().map(|subtree| Some(general_name(subtree.children()?.first()?))).collect();
        Option::<Vec<String>>::map(bases, |bases| bases.join(", "))
    };
    let parts = sequence(value)?.into_iter().map(|part| match part.tag {
        CONTEXT_0 => Some(format!("only {}", subtrees(&part)?)),
        CONTEXT_1 => Some(format!("not {}", subtrees(&part)?)),
        _ => None,
    });
    Some(parts.collect::<Option<Vec<_>>>()?.join("; "))
}

/// A `GeneralName`, however odd.
fn general_name(name: &Tlv<'_>) -> String {
    let text = || text::printable(name.content);
    match name.tag {
        0x81 => format!("email:{}", text()),
        0x82 => format!("dns:{}", text()),
        0x86 => text(),
        // in name constraints, an address and its mask
        0x87 => crate::pki::Subtree::read(name)
            .map_or_else(|| format!("ip:{}", hexadecimal(name.content)), |net| net.to_string()),
        0xa4 => {
            crate::pki::Subject::from_der(name.content).map_or_else(|_| "a name".to_owned(), |name| name.to_string())
        }
        tag => format!("a name of kind {}", tag & 0x1f),
    }
}

/// All URIs inside, wherever they stand.
fn uris(value: &[u8]) -> Option<String> {
    let mut found = Vec::new();
    gather_uris(&asn1::whole(value)?, &mut found, 0);
    Some(if found.is_empty() { "no URI".to_owned() } else { found.join(", ") })
}

fn gather_uris(element: &Tlv<'_>, found: &mut Vec<String>, depth: usize) {
    if element.tag == 0x86 {
        found.push(text::printable(element.content));
    } else if element.tag & 0x20 != 0 && depth < 8 {
        element.children().unwrap_or_default().iter().for_each(|child| gather_uris(child, found, depth + 1));
    }
}

fn policies(value: &[u8]) -> Option<String> {
    let policies = sequence(value)?.into_iter().map(|policy| {
        let oid = policy.tagged(SEQUENCE)?.children()?.first()?.oid()?.to_string();
        let name = match oid.as_str() {
            "2.23.140.1.1" => "extended validation",
            "2.23.140.1.2.1" => "domain validated",
            "2.23.140.1.2.2" => "organization validated",
            "2.23.140.1.2.3" => "individual validated",
            "2.5.29.32.0" => "any policy",
            _ => return Some(oid),
        };
        Some(name.to_owned())
    });
    Some(policies.collect::<Option<Vec<_>>>()?.join(", "))
}

fn authority_key_id(value: &[u8]) -> Option<String> {
    let id = sequence(value)?.into_iter().find(|field| field.tag == 0x80);
    Some(id.map_or_else(|| "by name and serial number".to_owned(), |id| hexadecimal(id.content)))
}

fn extended_key_usage(value: &[u8]) -> Option<String> {
    let usages = sequence(value)?.into_iter().map(|usage| {
        let oid = usage.oid()?.to_string();
        let name = match oid.as_str() {
            "1.3.6.1.5.5.7.3.1" => "TLS server",
            "1.3.6.1.5.5.7.3.2" => "TLS client",
            "1.3.6.1.5.5.7.3.3" => "code signing",
            "1.3.6.1.5.5.7.3.4" => "e-mail",
            "1.3.6.1.5.5.7.3.8" => "time stamping",
            "1.3.6.1.5.5.7.3.9" => "OCSP signing",
            "2.5.29.37.0" => "anything",
            "1.3.6.1.4.1.311.20.2.2" => "smart card logon",
            "1.3.6.1.4.1.311.10.3.3" | "2.16.840.1.113730.4.1" => "Server Gated Cryptography",
            "1.3.6.1.5.2.3.5" => "Kerberos KDC",
            _ => return Some(oid),
        };
        Some(name.to_owned())
    });
    Some(usages.collect::<Option<Vec<_>>>()?.join(", "))
}

fn authority_information(value: &[u8]) -> Option<String> {
    let descriptions = sequence(value)?.into_iter().map(|description| {
        let [method, location] = description.tagged(SEQUENCE)?.children()?.try_into().ok()?;
        let location = general_name(&location);
        Some(match method.oid()?.to_string().as_str() {
            "1.3.6.1.5.5.7.48.1" => format!("OCSP {location}"),
            "1.3.6.1.5.5.7.48.2" => format!("issuer {location}"),
            other => format!("{other} {location}"),
        })
    });
    Some(descriptions.collect::<Option<Vec<_>>>()?.join(", "))
}

fn tls_feature(value: &[u8]) -> Option<String> {
    let features = sequence(value)?.into_iter().map(|feature| match feature.unsigned()? {
        5 => Some("OCSP must be stapled".to_owned()),
        other => Some(format!("feature {other}")),
    });
    Some(features.collect::<Option<Vec<_>>>()?.join(", "))
}

/// `SignedCertificateTimestampList` (RFC 6962 section 3.3): lengths of two octets, of all and of each.
fn timestamps(value: &[u8]) -> Option<String> {
    let list = asn1::whole(value)?.tagged(OCTET_STRING)?.content;
    let (length, mut rest) = list.split_first_chunk::<2>()?;
    (usize::from(u16::from_be_bytes(*length)) == rest.len()).then_some(())?;
    let mut count = 0;
    while let Some((length, after)) = rest.split_first_chunk::<2>() {
        rest = after.get(usize::from(u16::from_be_bytes(*length))..)?;
        count += 1;
    }
    Some(format!("{count} signed timestamp(s)"))
}

/// Bare or in a SEQUENCE, as Microsoft's own documents disagree.
fn template_name(value: &[u8]) -> Option<String> {
    let element = asn1::whole(value)?;
    let name = if element.tag == SEQUENCE { element.children()?.first().copied()? } else { element };
    Some(match name.tag {
        0x1e => text::utf16_big_endian(name.content),
        _ => text::printable(name.content),
    })
}

fn template(value: &[u8]) -> Option<String> {
    let parts = sequence(value)?;
    let versions: Vec<String> =
        parts.get(1..)?.iter().filter_map(Tlv::unsigned).map(|number| number.to_string()).collect();
    let oid: der::asn1::ObjectIdentifier = parts.first()?.oid()?;
    Some(if versions.is_empty() { oid.to_string() } else { format!("{oid}, version {}", versions.join(".")) })
}

fn plain_text(value: &[u8]) -> Option<String> {
    Some(text::printable(asn1::whole(value)?.content))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::describe;

    #[test]
    fn extensions_are_said_in_words() {
        for (oid, hex, text) in [
            ("2.5.29.15", "030205a0", "digital signature, key encipherment"),
            ("2.5.29.15", "03020106", "certificate signing, CRL signing"),
            ("2.5.29.15", "030100", "nothing"),
            ("2.5.29.19", "3000", "not an authority"),
            ("2.5.29.19", "30060101ff020100", "an authority, for end certificates only"),
            ("2.5.29.19", "30060101ff020102", "an authority, with no more than 2 below it"),
            ("2.5.29.37", "300a06082b06010505070301", "TLS server"),
            ("2.5.29.32", "300a3008060667810c010201", "domain validated"),
            ("2.5.29.30", "300ba0093007820561", "damaged"),
            ("2.5.29.30", "3009a007300582032e6162", "only dns:.ab"),
            ("2.5.29.30", "300ea10c300a8708c0000200ffffff00", "not ip:192.0.2.0/24"),
            ("2.5.29.31", "300c300aa008a006860468747470", "http"),
            ("1.3.6.1.5.5.7.1.1", "3012301006082b060105050730018604687474 70", "OCSP http"),
            ("1.3.6.1.5.5.7.1.24", "3003020105", "OCSP must be stapled"),
            ("1.3.6.1.4.1.11129.2.4.2", "040800060001aa0001bb", "2 signed timestamp(s)"),
            ("1.3.6.1.4.1.311.20.2", "1e080055007300650072", "User"),
            ("2.5.29.35", "3003800101", "01"),
            ("2.5.29.17", "300382016182", "damaged"),
            ("1.2.3", "0500", "2 octets"),
        ] {
            let digits: Vec<u8> =
                hex.replace(' ', "").chars().map(|c| u8::try_from(c.to_digit(16).unwrap()).unwrap()).collect();
            let value: Vec<u8> = digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect();
            assert_eq!(describe(oid, &value).1, text, "{oid} {hex}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(value: Vec<u8>, tag in prop::sample::select(vec![0x30u8, 0x04, 0x03, 0x1e])) {
            let framed = crate::pki::asn1::write(tag, &value);
            for last in 14..=37 {
                let _ = describe(&format!("2.5.29.{last}"), &framed);
            }
            for oid in ["1.3.6.1.5.5.7.1.1", "1.3.6.1.5.5.7.1.24", "1.3.6.1.4.1.11129.2.4.2", "1.3.6.1.4.1.311.20.2",
                        "1.3.6.1.4.1.311.21.7", "2.16.840.1.113730.1.1", "2.16.840.1.113730.1.13"] {
                let _ = describe(oid, &framed);
                let _ = describe(oid, &value);
            }
        }
    }
}
