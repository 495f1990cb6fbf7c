//! What is sent: forms as a browser sends them (`application/x-www-form-urlencoded`).

use std::fmt::Write as _;

use keystore::pki::TemplateName;

use super::page::RequestId;

/// A request for a certificate. Its attributes are lines of `name:value`.
pub(super) fn request(pem: &str, template: Option<&TemplateName>) -> String {
    let attributes = template.map(|name| format!("CertificateTemplate:{name}\r\n")).unwrap_or_default();
    encode(&[
        ("Mode", "newreq"),
        ("CertRequest", pem),
        ("CertAttrib", &attributes),
        ("FriendlyType", "Saved-Request Certificate"),
        ("ThumbPrint", ""),
        ("TargetStoreFlags", "0"),
        ("SaveCert", "yes"),
    ])
}

/// The question what became of a request.
pub(super) fn question(id: RequestId) -> String {
    encode(&[("Mode", "chkpnd"), ("ReqID", &id.to_string())])
}

fn encode(fields: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (name, value) in fields {
        if !text.is_empty() {
            text.push('&');
        }
        text.push_str(name);
        text.push('=');
        for octet in value.bytes() {
            match octet {
                b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'.' | b'_' | b'~' => text.push(char::from(octet)),
                // a plus sign would be read as a space, and base64 has many
                _ => _ = write!(text, "%{octet:02X}"),
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{encode, question, request};

    #[test]
    fn no_character_of_base64_means_anything_else() {
        assert_eq!(encode(&[("a", "x+y/z=&\r\n"), ("b", "ä c")]), "a=x%2By%2Fz%3D%26%0D%0A&b=%C3%A4%20c");
    }

    #[test]
    fn the_template_is_an_attribute() {
        let template = "WebServer".parse().unwrap();
        assert!(request("pem", Some(&template)).contains("&CertAttrib=CertificateTemplate%3AWebServer%0D%0A&"));
        let bare = request("pem", None);
        assert!(bare.starts_with("Mode=newreq&CertRequest=pem&CertAttrib=&") && bare.ends_with("&SaveCert=yes"));
        assert_eq!(question("7".parse().unwrap()), "Mode=chkpnd&ReqID=7");
    }
}
