//! A TLS server as daemons are: it reads its files when it is told to, and serves what it has read until then.

use std::fs;
use std::io::Read as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use keystore::digest::Digest;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection};

use super::World;

/// A server at a port of its own, until the test program ends.
pub(crate) struct Daemon {
    /// Where it is proven.
    pub(crate) url: String,
    /// The command that tells it to read its files again.
    pub(crate) reload: String,
    /// How often it was told.
    count: PathBuf,
    address: SocketAddr,
    pair: Arc<Mutex<Option<Pair>>>,
}

/// What it serves, and the fingerprint of its certificate.
#[derive(Clone)]
struct Pair {
    config: Arc<ServerConfig>,
    fingerprint: String,
}

impl Daemon {
    /// Reads the files of an endpoint's folder, such as `mail01/imap/default`, at its start when they are there.
    pub(crate) fn start(world: &World, endpoint: &str) -> Self {
        Self::reading(world, endpoint, world.store().join("live").join(endpoint).join("current"))
    }

    /// Reads `fullchain.pem` and `private-key.pem` of any folder.
    pub(crate) fn reading(world: &World, name: &str, folder: PathBuf) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let name = name.replace('/', "-");
        let (told, count) = (world.path(&format!("{name}.told")), world.path(&format!("{name}.count")));
        let reload = format!("touch {}; echo x >> {}", told.display(), count.display());
        let pair = Arc::new(Mutex::new(load(&folder)));
        let serving = Arc::clone(&pair);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if fs::remove_file(&told).is_ok() {
                    *serving.lock().unwrap() = load(&folder);
                }
                let pair = serving.lock().unwrap().clone();
                thread::spawn(move || serve(stream, pair));
            }
        });
        Self { url: format!("tls://{address}"), reload, count, address, pair }
    }

    /// Stages that it is behind a service: `set-service`, with more flags, whose commands are lines for a shell.
    #[track_caller]
    pub(crate) fn set_service(&self, world: &World, service: &str, profile: &str, more: &[&str]) {
        let said = ["set-service", service, "--profile", profile, "--shell", "--probe", &self.url];
        world.done(&[&said[..], more].concat());
    }

    /// How often it was told to read its files again.
    pub(crate) fn times_told(&self) -> usize {
        fs::read_to_string(&self.count).unwrap_or_default().lines().count()
    }

    /// The certificate that it serves; none when it serves none.
    pub(crate) fn serves(&self) -> Option<String> {
        // what it was told it heeds at the next connection, which it answers once it has
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let _ = stream.read(&mut [0]);
        self.pair.lock().unwrap().as_ref().map(|pair| pair.fingerprint.clone())
    }
}

/// The fingerprint of the first certificate in a file of a world.
pub(crate) fn fingerprint(world: &World, name: &str) -> String {
    let pem = world.read(name);
    let first = CertificateDer::pem_slice_iter(pem.as_bytes()).next().unwrap().unwrap();
    Digest::of(&first).to_string()
}

fn load(folder: &std::path::Path) -> Option<Pair> {
    let chain: Vec<_> =
        CertificateDer::pem_file_iter(folder.join("fullchain.pem")).ok()?.collect::<Result<_, _>>().ok()?;
    let private_key = PrivateKeyDer::from_pem_file(folder.join("private-key.pem")).ok()?;
    let builder = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let fingerprint = Digest::of(chain.first()?).to_string();
    Some(Pair { config: Arc::new(builder.with_single_cert(chain, private_key).ok()?), fingerprint })
}

fn serve(mut stream: TcpStream, pair: Option<Pair>) {
    let Some(Pair { config, .. }) = pair else { return };
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut connection = ServerConnection::new(config).unwrap();
    // until the client has enough of it
    while connection.complete_io(&mut stream).is_ok_and(|(read, _)| read > 0) {}
}
