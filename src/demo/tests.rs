use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration as StdDuration;

use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose};
use rustls::CertificateError;
use rustls::pki_types::pem::PemObject;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use super::client::Served;
use super::{Authority, Client, DemoError, Reader, Server, Source};

const NOW: OffsetDateTime = datetime!(2026-11-21 12:00:00 UTC);
const NAME: &str = "mail01.example.com";

/// A file that lives in memory and can be replaced.
#[derive(Clone, Default)]
struct File(Arc<Mutex<Option<String>>>);

impl File {
    fn write(&self, text: &str) {
        *self.0.lock().unwrap() = Some(text.to_owned());
    }

    fn remove(&self) {
        *self.0.lock().unwrap() = None;
    }

    fn reader(&self) -> Reader {
        let file = self.clone();
        Box::new(move || match &*file.0.lock().unwrap() {
            Some(text) => Ok(text.clone().into_bytes()),
            None => Err(io::ErrorKind::NotFound.into()),
        })
    }
}

/// What a server asks, and what makes it hear that it is to read its files again.
fn asked() -> (super::server::Trigger, impl Fn()) {
    let flag = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&flag);
    (Box::new(move || asked.swap(false, Ordering::AcqRel)), move || flag.store(true, Ordering::Release))
}

/// A new private key and the chain that `authority` gives it, both in PEM.
fn issue(authority: &Authority) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new([NAME.to_owned()]).unwrap();
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let request = params.serialize_request(&key).unwrap().pem().unwrap();
    (key.serialize_pem(), authority.sign(&request, Duration::days(47), NOW).unwrap())
}

fn combined(authority: &Authority) -> String {
    let (key, chain) = issue(authority);
    key + &chain
}

fn leaf_fingerprint(chain: &str) -> keystore::digest::Digest {
    let leaf = rustls::pki_types::CertificateDer::from_pem_slice(chain.as_bytes()).unwrap();
    keystore::digest::Digest::of(&leaf)
}

#[test]
fn a_rotation_is_proven_at_the_next_handshake() {
    let authority = Authority::new(NOW).unwrap();
    let (key_file, chain_file) = (File::default(), File::default());
    let (key, chain) = issue(&authority);
    key_file.write(&key);
    chain_file.write(&chain);
    let source = Source::Pair { chain: chain_file.reader(), private_key: key_file.reader() };
    let (asked, ask) = asked();
    let server = Server::start(source, asked).unwrap();
    assert!(server.address().ip().is_loopback());
    let client = Client::new(authority.root_pem(), NOW).unwrap();

    let first: Served = client.handshake(server.address(), NAME).unwrap();
    assert_eq!(first.fingerprint, leaf_fingerprint(&chain));
    assert_eq!((first.protocol_version, first.chain_length), ("TLS 1.3", 2));
    assert!(first.cipher.starts_with("TLS_") && first.serial.len() <= 32, "{first:?}");

    let (new_key, new_chain) = issue(&authority);
    key_file.write(&new_key);
    chain_file.write(&new_chain);
    assert_eq!(client.handshake(server.address(), NAME).unwrap(), first, "before the reload nothing changes");
    ask();
    for _ in 0..3 {
        let second = client.handshake(server.address(), NAME).unwrap();
        assert_eq!(second.fingerprint, leaf_fingerprint(&new_chain));
        assert_ne!(second.serial, first.serial);
    }
}

#[test]
fn a_failed_reload_changes_nothing() {
    let authority = Authority::new(NOW).unwrap();
    let file = File::default();
    file.write(&combined(&authority));
    let (asked, ask) = asked();
    let server = Server::start(Source::Combined(file.reader()), asked).unwrap();
    let client = Client::new(authority.root_pem(), NOW).unwrap();
    let before = client.handshake(server.address(), NAME).unwrap();

    let (key, chain) = issue(&authority);
    let (other_key, _) = issue(&authority);
    let mut refused = Vec::new();
    let broken = "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n".to_owned();
    for text in [Some(other_key + &chain), Some(key), Some(chain), Some(broken), None] {
        match text {
            Some(text) => file.write(&text),
            None => file.remove(),
        }
        refused.push(Source::Combined(file.reader()).load().unwrap_err());
        ask();
        assert_eq!(client.handshake(server.address(), NAME).unwrap(), before);
    }
    let [DemoError::Mismatch, no_certificate, no_key, DemoError::Pem { .. }, DemoError::Read { .. }] = &refused[..]
    else {
        panic!("{refused:?}");
    };
    assert!(matches!(no_certificate, DemoError::NoCertificate { file: "combined.pem" }));
    assert!(matches!(no_key, DemoError::NoPrivateKey { .. }));
}

#[test]
fn refuses_another_root_another_name_and_another_time() {
    let authority = Authority::new(NOW).unwrap();
    let file = File::default();
    file.write(&combined(&authority));
    let server = Server::start(Source::Combined(file.reader()), Box::new(|| false)).unwrap();
    let refusal = |client: &Client, name: &str| match client.handshake(server.address(), name).unwrap_err() {
        DemoError::Handshake { source: rustls::Error::InvalidCertificate(why), .. } => why,
        other => panic!("{other:?}"),
    };

    let stranger = Authority::new(NOW).unwrap();
    let distrustful = Client::new(stranger.root_pem(), NOW).unwrap();
    let why = refusal(&distrustful, NAME);
    assert!(matches!(why, CertificateError::BadSignature | CertificateError::UnknownIssuer), "{why:?}");

    let client = Client::new(authority.root_pem(), NOW).unwrap();
    let why = refusal(&client, "mail02.example.com");
    assert!(matches!(why, CertificateError::NotValidForNameContext { .. }), "{why:?}");

    let late = Client::new(authority.root_pem(), NOW + Duration::days(48)).unwrap();
    let why = refusal(&late, NAME);
    assert!(matches!(why, CertificateError::ExpiredContext { .. }), "{why:?}");

    assert!(matches!(client.handshake(server.address(), "no name"), Err(DemoError::ServerName { .. })));
    client.handshake(server.address(), NAME).unwrap();
}

#[test]
fn nothing_listens_after_the_server_is_dropped() {
    let authority = Authority::new(NOW).unwrap();
    let file = File::default();
    file.write(&combined(&authority));
    let server = Server::start(Source::Combined(file.reader()), Box::new(|| false)).unwrap();
    let address = server.address();
    drop(server);
    let refused = Client::new(authority.root_pem(), NOW).unwrap().handshake(address, NAME);
    assert!(matches!(refused, Err(DemoError::Refused { .. })), "{refused:?}");
}

#[test]
fn silence_and_hanging_up_are_told_apart() {
    let authority = Authority::new(NOW).unwrap();
    let client = Client::new(authority.root_pem(), NOW).unwrap().with_limit(StdDuration::from_millis(200));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let silent = client.handshake(address, NAME);
    assert!(matches!(silent, Err(DemoError::TimedOut { .. })), "{silent:?}");

    let hang_up = std::thread::spawn(move || {
        listener.accept().unwrap(); // the one that was left waiting above
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]).unwrap();
    });
    let closed = client.handshake(address, NAME);
    assert!(matches!(closed, Err(DemoError::Closed { .. })), "{closed:?}");
    hang_up.join().unwrap();
}

#[test]
fn answers_a_request() {
    let authority = Authority::new(NOW).unwrap();
    let file = File::default();
    file.write(&combined(&authority));
    let server = Server::start(Source::Combined(file.reader()), Box::new(|| false)).unwrap();

    let config = Client::new(authority.root_pem(), NOW).unwrap().config();
    let mut connection = rustls::ClientConnection::new(config, NAME.try_into().unwrap()).unwrap();
    let mut stream = std::net::TcpStream::connect(server.address()).unwrap();
    let mut tls = rustls::Stream::new(&mut connection, &mut stream);
    tls.write_all(b"GET / HTTP/1.1\r\nHost: mail01\r\n\r\n").unwrap();
    let mut response = String::new();
    tls.read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n") && response.ends_with("\r\n\r\nkeyring demo\n"), "{response}");
}
