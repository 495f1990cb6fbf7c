//! tls-alpn-01 (RFC 8737): a handshake with a certificate that answers the challenge.

use std::io;
use std::net::{IpAddr, TcpStream};
use std::sync::Arc;

use rcgen::{CertificateParams, CustomExtension, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::{default_provider, sign};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::fault::AcmeFault;
use super::listener::Book;

/// The protocol (RFC 8737 section 4).
const PROTOCOL: &[u8] = b"acme-tls/1";

/// What the authority asks for in its handshake: an address in the form of its reverse lookup (RFC 8738 section 6).
pub(super) fn server_name(name: &str, ip: Option<IpAddr>) -> String {
    match ip {
        Some(IpAddr::V4(ip)) => {
            let [a, b, c, d] = ip.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        Some(IpAddr::V6(ip)) => {
            let digits =
                ip.octets().iter().rev().map(|octet| format!("{:x}.{:x}.", octet & 15, octet >> 4)).collect::<String>();
            format!("{digits}ip6.arpa")
        }
        None => name.to_ascii_lowercase(),
    }
}

/// The certificate that answers a challenge.
pub(super) fn certificate(name: &str, digest: &[u8]) -> Result<CertifiedKey, AcmeFault> {
    let failed = |source| AcmeFault::TlsAlpn { name: name.to_owned(), source };
    let key = KeyPair::generate().map_err(failed)?;
    let mut parameters = CertificateParams::new(vec![name.to_owned()]).map_err(failed)?;
    parameters.custom_extensions.push(CustomExtension::new_acme_identifier(digest));
    let certificate = parameters.self_signed(&key).map_err(failed)?;
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    let key = sign::any_supported_type(&key.into()).map_err(|_| failed(rcgen::Error::UnsupportedSignatureAlgorithm))?;
    // built by hand: rustls refuses the critical extension when it is asked to check that the two belong together
    Ok(CertifiedKey { cert: vec![certificate.der().clone()], key, ocsp: None })
}

/// Gives the certificates of the book to those who speak the protocol.
#[derive(Debug)]
struct Resolver(BookOf);

struct BookOf(Arc<Book>);

impl std::fmt::Debug for BookOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("answers")
    }
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let speaks = hello.alpn().is_some_and(|mut protocols| protocols.any(|it| it == PROTOCOL));
        let name = hello.server_name().filter(|_| speaks)?;
        self.0.0.certificate(&name.to_ascii_lowercase())
    }
}

/// Shakes hands; nothing is said afterwards.
pub(super) fn shake_hands(mut stream: TcpStream, book: Arc<Book>) -> io::Result<()> {
    let config = ServerConfig::builder_with_provider(default_provider().into()).with_safe_default_protocol_versions();
    let config = config.map_err(io::Error::other)?.with_no_client_auth();
    let mut config = config.with_cert_resolver(Arc::new(Resolver(BookOf(book))));
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    let mut connection = rustls::ServerConnection::new(Arc::new(config)).map_err(io::Error::other)?;
    while connection.is_handshaking() {
        connection.complete_io(&mut stream)?;
    }
    connection.send_close_notify();
    connection.complete_io(&mut stream).map(drop)
}

#[cfg(test)]
mod tests {
    use super::{certificate, server_name};

    #[test]
    fn addresses_are_asked_for_by_their_reverse_name() {
        assert_eq!(server_name("Mail.example", None), "mail.example");
        let ip = |text: &str| Some(text.parse().unwrap());
        assert_eq!(server_name("192.0.2.7", ip("192.0.2.7")), "7.2.0.192.in-addr.arpa");
        let name = server_name("2001:db8::1", ip("2001:db8::1"));
        assert!(name.starts_with("1.0.0.0.") && name.ends_with(".8.b.d.0.1.0.0.2.ip6.arpa"), "{name}");
        assert_eq!(name.len(), "2.".len() * 32 + "ip6.arpa".len());
    }

    #[test]
    fn the_answer_is_in_the_certificate() {
        use x509_parser::prelude::{FromDer as _, X509Certificate};
        let digest = [7; 32];
        let answer = certificate("mail.example.com", &digest).unwrap();
        let (_, parsed) = X509Certificate::from_der(&answer.cert[0]).unwrap();
        let extension = parsed.extensions().iter().find(|it| it.oid.to_id_string() == "1.3.6.1.5.5.7.1.31").unwrap();
        assert!(extension.critical);
        assert_eq!(extension.value, [&[4, 32][..], &digest].concat());
    }
}
