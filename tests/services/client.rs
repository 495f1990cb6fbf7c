//! Clients: `openssl s_client`, which is believed only with the expected certificate in hand, and one of rustls,
//! which is quick enough to connect all the time.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use keystore::digest::Digest;
use keystore::pki::read_certificates;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, Stream};

use crate::common::{Tool, text};

/// What is spoken at a port before and within TLS.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Dialogue {
    Https,
    Imaps,
    Imap,
    Pop3s,
    Pop3,
    Smtps,
    Smtp,
    Nntps,
    Nntp,
    Ldaps,
    Ldap,
}

/// Something that is sent, and how the answer begins.
type Exchange = (&'static [u8], &'static str);

/// RFC 4511, 4.14: the extended request 1.3.6.1.4.1.1466.20037.
const LDAP_STARTTLS: &[u8] = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";

/// RFC 4511, 4.2: an anonymous bind.
const LDAP_BIND: &[u8] = b"\x30\x0c\x02\x01\x02\x60\x07\x02\x01\x03\x04\x00\x80\x00";

impl Dialogue {
    /// The protocol of `s_client -starttls`.
    fn starttls(self) -> Option<&'static str> {
        match self {
            Self::Imap => Some("imap"),
            Self::Pop3 => Some("pop3"),
            Self::Smtp => Some("smtp"),
            Self::Nntp => Some("nntp"),
            Self::Ldap => Some("ldap"),
            Self::Https | Self::Imaps | Self::Pop3s | Self::Smtps | Self::Nntps | Self::Ldaps => None,
        }
    }

    /// What begins TLS in a protocol of lines whose server speaks first.
    fn upgrade(self) -> &'static [Exchange] {
        match self {
            Self::Imap => &[(b"", "* OK"), (b"a STARTTLS\r\n", "a OK")],
            Self::Pop3 => &[(b"", "+OK"), (b"STLS\r\n", "+OK")],
            Self::Smtp => &[(b"", "220"), (b"EHLO client.example.com\r\n", "250"), (b"STARTTLS\r\n", "220")],
            Self::Nntp => &[(b"", "20"), (b"STARTTLS\r\n", "382")],
            _ => &[],
        }
    }

    /// What is asked within TLS, if the server does not speak first, and how its answer begins.
    fn question(self) -> Exchange {
        match self {
            Self::Https => (b"GET / HTTP/1.0\r\n\r\n", "HTTP/1."),
            Self::Imaps => (b"", "* OK"),
            Self::Pop3s => (b"", "+OK"),
            Self::Smtps => (b"", "220"),
            Self::Nntps => (b"", "20"),
            Self::Imap => (b"b NOOP\r\n", "b OK"),
            Self::Pop3 => (b"CAPA\r\n", "+OK"),
            Self::Smtp => (b"EHLO client.example.com\r\n", "250"),
            Self::Nntp => (b"DATE\r\n", "111"),
            Self::Ldap | Self::Ldaps => (LDAP_BIND, "\x30\x0c\x02\x01\x02\x61"),
        }
    }

    /// The words until TLS begins.
    fn begin(self, socket: &mut TcpStream) -> io::Result<()> {
        let mut reader = BufReader::new(socket.try_clone()?);
        for (command, answer) in self.upgrade() {
            socket.write_all(command)?;
            let mut line = String::new();
            reader.read_line(&mut line)?;
            expect(line.starts_with(answer), &line)?;
            // SMTP alone answers on several lines here: 250-SIZE
            while self == Self::Smtp && line.as_bytes().get(3) == Some(&b'-') {
                line.clear();
                reader.read_line(&mut line)?;
            }
        }
        if self == Self::Ldap {
            socket.write_all(LDAP_STARTTLS)?;
            let mut head = [0; 2];
            reader.read_exact(&mut head)?;
            let mut response = vec![0; head[1].into()];
            reader.read_exact(&mut response)?;
            // message 1, an extended response, its result: success
            expect(response.starts_with(b"\x02\x01\x01\x78") && response.get(5..8) == Some(b"\x0a\x01\x00"), "LDAP")?;
        }
        Ok(())
    }
}

/// Where a service listens and by what name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Target {
    pub(crate) dialogue: Dialogue,
    pub(crate) port: u16,
    pub(crate) name: &'static str,
}

/// The fingerprint of the first certificate in a file.
pub(crate) fn fingerprint(file: &Path) -> Digest {
    let certificates = read_certificates(&std::fs::read(file).unwrap()).unwrap();
    certificates[0].fingerprint()
}

/// What `openssl s_client` is served. It verifies chain and name against the root, and must succeed.
#[track_caller]
pub(crate) fn served_to_openssl(target: Target, root: &Path) -> Digest {
    let Target { dialogue, port, name } = target;
    let address = format!("127.0.0.1:{port}");
    let root = text(root);
    let mut arguments = vec!["s_client", "-connect", &address, "-servername", name, "-verify_hostname", name];
    arguments.extend(["-verify_return_error", "-CAfile", &root, "-no-CApath", "-no-CAstore"]);
    if let Some(protocol) = dialogue.starttls() {
        arguments.extend(["-starttls", protocol]);
    }
    let said = Tool::OPENSSL.finish(&arguments).succeeded().stdout;
    // it prints "Verification: OK" without any certificate too
    assert!(said.contains("Verification: OK"), "{target:?}:\n{said}");
    assert!(said.contains(&format!("Verified peername: {name}")), "{target:?}:\n{said}");
    let certificates = read_certificates(said.as_bytes());
    certificates.unwrap_or_else(|error| panic!("{target:?} serves no certificate: {error}\n{said}"))[0].fingerprint()
}

/// A client that trusts one root.
#[derive(Clone)]
pub(crate) struct Client {
    config: Arc<ClientConfig>,
}

impl Client {
    pub(crate) fn new(root: &Path) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(root).expect("a root in PEM")).expect("a root");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let mut config = builder.expect("versions").with_root_certificates(roots).with_no_client_auth();
        config.resumption = rustls::client::Resumption::disabled();
        Self { config: Arc::new(config) }
    }

    /// One new connection, verified, with a question and its answer. Returns the leaf that was served.
    pub(crate) fn visit(&self, target: Target) -> io::Result<Digest> {
        let Target { dialogue, port, name } = target;
        let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        let patience = Some(Duration::from_secs(10));
        socket.set_read_timeout(patience)?;
        socket.set_write_timeout(patience)?;
        dialogue.begin(&mut socket)?;
        let name = ServerName::try_from(name).expect("a host name");
        let mut connection = ClientConnection::new(Arc::clone(&self.config), name).map_err(io::Error::other)?;
        let mut stream = Stream::new(&mut connection, &mut socket);
        let (question, answer) = dialogue.question();
        stream.write_all(question)?;
        let mut begin = vec![0; answer.len()];
        stream.read_exact(&mut begin)?;
        expect(begin == answer.as_bytes(), &String::from_utf8_lossy(&begin))?;
        let certificates = connection.peer_certificates().unwrap_or_default();
        let leaf = certificates.first().ok_or_else(|| io::Error::other("no certificate was served"))?;
        Ok(Digest::of(leaf))
    }
}

fn expect(is: bool, said: &str) -> io::Result<()> {
    if is { Ok(()) } else { Err(io::Error::other(format!("an unexpected answer: {said:?}"))) }
}
