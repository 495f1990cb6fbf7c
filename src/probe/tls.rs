//! The handshake: it takes every certificate, to be judged afterwards, and proves that the server holds its private
//! key.

use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};

use keystore::name::{Host, Talk};
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{self, CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, InvalidMessage, ProtocolVersion, SignatureScheme,
    StreamOwned,
};

use super::{Fault, Phase};

/// What a handshake showed.
pub(super) struct Shaken {
    pub(super) chain: Vec<Vec<u8>>,
    pub(super) version: &'static str,
    pub(super) cipher: String,
    pub(super) alpn: Option<String>,
    pub(super) staple: Option<Vec<u8>>,
}

/// Shakes hands, asking for `name`; no session is ever resumed.
pub(super) fn shake_hands<S: Read + Write>(
    mut stream: S,
    talk: Talk,
    name: &Host,
) -> Result<(StreamOwned<ClientConnection, S>, Shaken), Fault> {
    let verifier = Arc::new(AnyCertificate::new());
    let mut connection =
        ClientConnection::new(Arc::new(config(talk, &verifier)?), server_name(name)?).map_err(Fault::Handshake)?;
    while connection.is_handshaking() {
        connection.complete_io(&mut stream).map_err(failed)?;
    }
    let chain = connection.peer_certificates().unwrap_or_default();
    let shaken = Shaken {
        chain: chain.iter().map(|one| one.to_vec()).collect(),
        version: match connection.protocol_version() {
            Some(ProtocolVersion::TLSv1_2) => "TLS 1.2",
            _ => "TLS 1.3",
        },
        // rustls marks the suites of TLS 1.3, IANA does not
        cipher: connection
            .negotiated_cipher_suite()
            .and_then(|suite| suite.suite().as_str())
            .unwrap_or_default()
            .replacen("TLS13_", "TLS_", 1),
        alpn: connection.alpn_protocol().map(|chosen| String::from_utf8_lossy(chosen).into_owned()),
        staple: verifier.staple(),
    };
    Ok((StreamOwned::new(connection, stream), shaken))
}

fn config(talk: Talk, verifier: &Arc<AnyCertificate>) -> Result<ClientConfig, Fault> {
    let mut config = ClientConfig::builder_with_provider(Arc::clone(&verifier.provider))
        .with_safe_default_protocol_versions()
        .map_err(Fault::Handshake)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(verifier) as Arc<dyn ServerCertVerifier>)
        .with_no_client_auth();
    // a resumed session would prove the certificate of an earlier handshake
    config.resumption = Resumption::disabled();
    config.alpn_protocols = match talk {
        Talk::Https => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        _ => Vec::new(),
    };
    Ok(config)
}

fn server_name(name: &Host) -> Result<ServerName<'static>, Fault> {
    match name {
        Host::Ip(ip) => Ok(ServerName::from(*ip)),
        Host::Name(name) => ServerName::try_from(name.to_string()).map_err(|_| Fault::Name { name: name.to_string() }),
    }
}

fn failed(error: io::Error) -> Fault {
    match error.downcast::<rustls::Error>() {
        Ok(rustls::Error::AlertReceived(alert)) => Fault::Alert { alert: alert_name(&format!("{alert:?}")) },
        Ok(rustls::Error::InvalidMessage(
            InvalidMessage::InvalidContentType
            | InvalidMessage::UnknownProtocolVersion
            | InvalidMessage::MessageTooLarge
            | InvalidMessage::InvalidEmptyPayload,
        )) => Fault::NotTls,
        Ok(error) => Fault::Handshake(error),
        Err(error) => Fault::of_io(Phase::Handshake, error),
    }
}

/// The name of an alert as RFC 8446 section 6 writes it: rustls has `HandshakeFailure` for `handshake_failure`.
fn alert_name(name: &str) -> String {
    let mut text = String::new();
    for (at, letter) in name.char_indices() {
        if letter.is_ascii_uppercase() && at > 0 && name.is_char_boundary(at) && !name[..at].ends_with('C') {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

/// Takes every certificate and keeps the OCSP response that came with it. Signatures of the handshake are checked.
#[derive(Debug)]
struct AnyCertificate {
    provider: Arc<CryptoProvider>,
    staple: Mutex<Option<Vec<u8>>>,
}

impl AnyCertificate {
    fn new() -> Self {
        Self { provider: Arc::new(aws_lc_rs::default_provider()), staple: Mutex::new(None) }
    }

    fn staple(&self) -> Option<Vec<u8>> {
        self.staple.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        ocsp_response: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if !ocsp_response.is_empty() {
            *self.staple.lock().unwrap_or_else(PoisonError::into_inner) = Some(ocsp_response.to_vec());
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        crypto::verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::alert_name;

    #[test]
    fn alerts_have_the_names_of_the_standard() {
        for (rustls, standard) in [
            ("HandshakeFailure", "handshake_failure"),
            ("UnrecognisedName", "unrecognised_name"),
            ("NoApplicationProtocol", "no_application_protocol"),
            ("UnknownCA", "unknown_ca"),
            ("Unknown(77)", "unknown(77)"),
        ] {
            assert_eq!(alert_name(rustls), standard);
        }
    }
}
