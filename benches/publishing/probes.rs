//! `keyring probe` of many services beside a loop of `openssl s_client` over the same.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection};

use crate::measure::{Contestant, compare};
use crate::{keyring, openssl, shell};

const SERVICES: usize = 50;
const NAME: &str = "www.example.com";
/// How far away services are, besides on this machine.
const DISTANCE: Duration = Duration::from_millis(50);

pub(crate) fn probe(rounds: usize) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path().join("root.pem");
    let config = config(&root);
    for (title, distance) in [("on this machine", Duration::ZERO), ("that take 50 ms to answer", DISTANCE)] {
        let ports: Vec<u16> = (0..SERVICES).map(|_| serve(Arc::clone(&config), distance)).collect();
        compare(&format!("{SERVICES} services {title}"), rounds, 1, &contestants(folder.path(), &root, &ports));
    }
}

fn contestants(folder: &Path, root: &Path, ports: &[u16]) -> [Contestant<'static>; 4] {
    let (root, store) = (root.display().to_string(), folder.join("keystore"));
    let numbers = ports.iter().map(u16::to_string).collect::<Vec<_>>().join(" ");
    let client = format!(
        "openssl s_client -servername {NAME} -verify_hostname {NAME} -verify_return_error -CAfile {root} -connect"
    );
    let one = format!("for port in {numbers}; do {client} 127.0.0.1:$port < /dev/null; done");
    let many = format!("for port in {numbers}; do echo 127.0.0.1:$port; done | xargs -P 32 -n 1 {client}");
    let urls: Vec<String> = ports.iter().map(|port| format!("tls://127.0.0.1:{port}")).collect();
    let probe = move |_| {
        let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
        keyring(&store, &[&["probe", "--name", NAME, "--roots", &root], &urls[..]].concat())
    };
    [
        openssl(),
        Contestant::program("openssl s_client, one after the other", move |_| shell(&one)),
        Contestant::program("openssl s_client, 32 at a time", move |_| shell(&many)),
        Contestant::program("keyring probe", probe),
    ]
}

/// A certificate for the name; its root goes into a file.
fn config(root: &Path) -> Arc<ServerConfig> {
    let key = || KeyPair::generate().expect("there is randomness");
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "Example Root");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let issuer = CertifiedIssuer::self_signed(params, key()).expect("it is right");
    fs::write(root, issuer.pem()).expect("the folder is there");
    let own = key();
    let mut params = CertificateParams::new([NAME.to_owned()]).expect("it is a name");
    let now = time::OffsetDateTime::now_utc();
    (params.not_before, params.not_after) = (now - time::Duration::days(1), now + time::Duration::days(90));
    let leaf = params.signed_by(&own, &issuer).expect("it is right");
    let builder = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().expect("it has some").with_no_client_auth();
    let key = PrivateKeyDer::try_from(own.serialize_der()).expect("it is one");
    Arc::new(builder.with_single_cert(vec![leaf.der().clone()], key).expect("they fit"))
}

/// Serves at a port of its own until the benchmark ends.
fn serve(config: Arc<ServerConfig>, distance: Duration) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let config = Arc::clone(&config);
            thread::spawn(move || answer(stream, config, distance));
        }
    });
    port
}

fn answer(mut stream: TcpStream, config: Arc<ServerConfig>, distance: Duration) {
    thread::sleep(distance);
    let mut connection = ServerConnection::new(config).expect("it is right");
    while connection.complete_io(&mut stream).is_ok_and(|(read, _)| read > 0) {}
}
