//! What can go wrong in the demonstration's own authority, server and client.

use std::io;
use std::net::SocketAddr;

/// A failure of the demonstration's authority, server or client.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DemoError {
    /// The authority could not make a key or certificate of its own.
    #[error("the demo authority could not make its own keys and certificates")]
    Authority(#[source] rcgen::Error),
    /// The text is not a PKCS#10 request in PEM, or holds a name that `rcgen` cannot copy.
    #[error("the demo authority cannot read the request")]
    RequestUnreadable(#[source] rcgen::Error),
    /// The request is not signed by the private key of its public key.
    #[error("the signature of the request is wrong: it was not made with the private key of the request")]
    RequestSignature,
    /// The request asks for an extension other than SAN, key usage, extended key usage, basic constraints.
    #[error("the demo authority does not know an extension that the request asks for")]
    RequestExtension,
    /// The certificate would expire before it begins, or after its issuer.
    #[error("a certificate cannot be valid for {validity} here: its issuer ends at {issuer_ends}")]
    Validity { validity: time::Duration, issuer_ends: time::OffsetDateTime },
    /// The certificate could not be made from a request that was read.
    #[error("the demo authority could not sign the certificate")]
    Signing(#[source] rcgen::Error),

    /// A file of the server could not be read.
    #[error("the demo server cannot read its {file}")]
    Read {
        file: &'static str,
        #[source]
        source: io::Error,
    },
    /// A file of the server is not PEM.
    #[error("the demo server's {file} is damaged PEM")]
    Pem {
        file: &'static str,
        #[source]
        source: rustls::pki_types::pem::Error,
    },
    /// A file of the server holds no certificate.
    #[error("the demo server's {file} holds no certificate")]
    NoCertificate { file: &'static str },
    /// A file of the server holds no private key.
    #[error("the demo server's {file} holds no private key")]
    NoPrivateKey { file: &'static str },
    /// Certificate and private key do not belong together.
    #[error("the demo server's certificate does not belong to its private key")]
    Mismatch,
    /// The TLS library refuses the certificate or the private key.
    #[error("the demo server cannot serve its certificate and private key")]
    Unservable(#[source] rustls::Error),
    /// The server could not listen or start its thread.
    #[error("the demo server could not be started on 127.0.0.1")]
    Start(#[source] io::Error),
    /// The TLS library refuses its own default settings.
    #[error("TLS could not be set up")]
    Tls(#[source] rustls::Error),

    /// The trust anchor given to the client is not one certificate in PEM.
    #[error("the root given to the demo client is not a certificate in PEM")]
    RootPem(#[source] rustls::pki_types::pem::Error),
    /// The trust anchor given to the client cannot anchor a chain.
    #[error("the root given to the demo client cannot be a trust anchor")]
    Root(#[source] rustls::Error),
    /// The name to ask for is neither a host name nor an address.
    #[error("{name:?} is neither a host name nor an address")]
    ServerName { name: String },
    /// Nothing listens there.
    #[error("{address} refused the connection: nothing listens there")]
    Refused { address: SocketAddr },
    /// Nothing answered in time.
    #[error("{address} did not answer within {seconds} s")]
    TimedOut { address: SocketAddr, seconds: u64 },
    /// The other side ended the connection during the handshake, without saying why.
    #[error("{address} closed the connection during the TLS handshake")]
    Closed { address: SocketAddr },
    /// The connection failed in another way.
    #[error("the connection to {address} failed")]
    Connection {
        address: SocketAddr,
        #[source]
        source: io::Error,
    },
    /// The handshake failed: a certificate that is not trusted or not for the name, or an alert.
    #[error("the TLS handshake with {address} for {name} failed")]
    Handshake {
        address: SocketAddr,
        name: String,
        #[source]
        source: rustls::Error,
    },
    /// The handshake succeeded, but what was served cannot be described.
    #[error("{address} served a certificate that cannot be read")]
    Unreadable { address: SocketAddr },
}
