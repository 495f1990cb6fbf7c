//! Keystores of many keys, built through the library without its syncs, and kept under `target/scale`.

use std::fs;
use std::path::{Path, PathBuf};

use keystore::change::Change;
use keystore::model::{CertificateSummary, Installed, VersionFacts};
use keystore::name::{Endpoint, KeyPath};
use keystore::ops::create_key::{self, Asked, CreatedWithRequest, Existing};
use keystore::ops::publish::Unlocked;
use keystore::pki::{Certificate, CertificationRequest, KeyAlgorithm, Pbes2, assemble, read_certificates};
use keystore::progress::Unwatched;
use keystore::store::{Defaults, Keystore, RealDisk, Transaction};
use keystore::timestamp::Timestamp;
use keystore::world::{Actor, World};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose, SanType,
    SerialNumber, SubjectPublicKeyInfo,
};
use time::{Duration, OffsetDateTime};

use crate::counting_disk::CountingDisk;

/// Changes with what a generated keystore holds, so that one of an older kind is not taken for a newer.
const KIND: u32 = 1;
/// A commit is made of so many keys at a time.
const COMMIT: usize = 10_000;
/// One key in so many is bound to an endpoint.
const BOUND: usize = 10;

/// How many keys on how many servers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Shape {
    pub(crate) keys: usize,
    pub(crate) servers: usize,
}

/// A keystore of a shape, and what a benchmark changes in it.
pub(crate) struct Large {
    folder: PathBuf,
    pub(crate) shape: Shape,
}

impl Shape {
    fn key(self, index: usize) -> KeyPath {
        let (server, number) = (index % self.servers, index / self.servers);
        let protocol = ["https", "imap", "smtp", "ldap"][number % 4];
        format!("server{server:04}/{protocol}/key{number:02}").parse().expect("the names are right")
    }

    /// The endpoint of a key; none for most.
    fn endpoint(self, index: usize) -> Option<Endpoint> {
        let (server, number) = (index % self.servers, index / self.servers);
        let key = self.key(index);
        let address = if number == 0 {
            "default".to_owned()
        } else {
            format!("10.{}.{}.{}:443", server / 250, server % 250, number)
        };
        number.is_multiple_of(BOUND).then(|| format!("{}@{address}", key.service).parse().expect("it is right"))
    }

    pub(crate) fn name(self) -> String {
        format!("{} keys on {} servers", self.keys, self.servers)
    }
}

impl Large {
    /// The keystore of a shape: the one that is there from an earlier run, or a new one.
    pub(crate) fn get(shape: Shape) -> Self {
        Self::apart("", shape)
    }

    /// The same, but of a name of its own: a keystore that a benchmark does more to.
    pub(crate) fn apart(name: &str, shape: Shape) -> Self {
        let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/scale");
        let large = Self { folder: target.join(format!("{KIND}-{name}{}-{}", shape.keys, shape.servers)), shape };
        if !large.folder.join("complete").exists() {
            let _ = fs::remove_dir_all(&large.folder);
            fs::create_dir_all(&large.folder).expect("target/ can be written to");
            let start = std::time::Instant::now();
            large.build();
            fs::write(large.folder.join("complete"), "").expect("target/ can be written to");
            println!("made a keystore of {} in {:.1} s", shape.name(), start.elapsed().as_secs_f64());
        }
        large
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.join("keystore")
    }

    /// The key that is changed: one with an endpoint.
    pub(crate) fn key(&self) -> String {
        self.shape.key(0).to_string()
    }

    /// A reply for it, not the same in two rounds that follow one another.
    pub(crate) fn reply(&self, round: usize) -> String {
        self.folder.join(format!("reply-{}.pem", round % 2)).display().to_string()
    }

    /// A free endpoint of its server.
    pub(crate) fn free_endpoint(&self, round: usize) -> String {
        format!("{}@192.0.2.{}:443", self.shape.key(0).service, round % 250 + 1)
    }

    /// Opens it as the program does, but for the syncs.
    pub(crate) fn open(&self) -> Keystore {
        let disk = RealDisk::open(&self.root()).expect("the keystore is there");
        Keystore::open(Box::new(CountingDisk::new(disk)), world()).expect("the keystore opens")
    }

    /// Stages new certificates for the keys of so many endpoints.
    pub(crate) fn renew(&self, endpoints: usize) {
        let keystore = self.open();
        let authority = Authority::load(&self.folder);
        let mut transaction = keystore.write().expect("nobody holds the lock");
        let bound = (0..self.shape.keys).filter(|index| self.shape.endpoint(*index).is_some());
        for index in bound.take(endpoints) {
            let (key, version, request) = self.key_with_request(&keystore, index);
            install(&mut transaction, &authority, (&key, &version, request.public_key().as_der()), index + 1);
        }
        transaction.finish().expect("the stage is written");
    }

    /// Leaves the keystore as a crash does that comes while a commit has switched `endpoints` endpoints and has
    /// not recorded anything.
    pub(crate) fn crash(&self, endpoints: usize) {
        self.renew(endpoints);
        let keystore = self.open();
        let committing = keystore.begin_commit().expect("nobody commits");
        let snapshot = committing.snapshot().expect("it is readable");
        let plan = keystore::ops::commit::plan(&snapshot, keystore.world().now()).expect("it is readable");
        let proposal = plan.propose(&snapshot, &Unlocked::new(), None).expect("the pairs are right");
        let switched = committing.prepare(&proposal).and_then(|prepared| prepared.switch());
        drop(switched.expect("the disk takes it"));
    }

    fn build(&self) {
        let disk = RealDisk::create(&self.root()).expect("target/ can be written to");
        let keystore = Keystore::init(Box::new(CountingDisk::new(disk)), world(), "").expect("the folder is new");
        let authority = Authority::new(&self.folder);
        let indexes: Vec<usize> =
            (0..self.shape.servers).flat_map(|server| (server..self.shape.keys).step_by(self.shape.servers)).collect();
        for part in indexes.chunks(COMMIT) {
            let created = self.make_keys(&keystore, part);
            self.commit(&keystore, &authority, part, &created);
        }
        for round in 0..2 {
            let (key, _, request) = self.key_with_request(&keystore, 0);
            let reply = authority.certify(&key, request.public_key().as_der(), 1000 + round);
            fs::write(self.reply(round), reply).expect("target/ can be written to");
        }
        // a small commit is the last: every command reads the newest record, which is large after a large one
        let mut transaction = keystore.write().expect("nobody holds the lock");
        let (key, version, request) = self.key_with_request(&keystore, 0);
        install(&mut transaction, &authority, (&key, &version, request.public_key().as_der()), self.shape.keys);
        transaction.finish().expect("the stage is written");
        commit_staged(&keystore);
        rustix::fs::sync();
    }

    fn make_keys(&self, keystore: &Keystore, indexes: &[usize]) -> Vec<CreatedWithRequest> {
        let list: String = indexes
            .iter()
            .map(|index| {
                let key = self.shape.key(*index);
                format!("{{\"key\":\"{key}\",\"subject\":\"O=Example Corp,CN={}\"}}\n", host(&key))
            })
            .collect();
        let asked: Vec<Asked> =
            create_key::read_list(list.as_bytes(), KeyAlgorithm::EcdsaP256, &Defaults::default()).expect("it is right");
        let pbes2 = || -> Pbes2 { unreachable!("no key is encrypted") };
        let generated = create_key::generate(asked, pbes2, threads(), &Unwatched).expect("there is randomness");
        let made = create_key::create_keys(keystore, &generated, Existing::Refuse, &Unwatched);
        let (created, _) = made.expect("the disk takes it");
        assert_eq!(created.len(), indexes.len());
        created
    }

    fn key_with_request(&self, keystore: &Keystore, index: usize) -> (KeyPath, VersionFacts, CertificationRequest) {
        let snapshot = keystore.read().expect("it is readable");
        let view = snapshot.key(&self.shape.key(index)).expect("it is readable").expect("the key is there");
        let (version, request) = (view.working_version(), view.last_request());
        let (version, request) = version.zip(request).expect("it has both");
        let file = snapshot.request_file(&view.path, version, request).expect("the request is there");
        (view.path.clone(), version.clone(), CertificationRequest::from_pem(&file).expect("it is one"))
    }

    /// Certifies, binds and commits keys.
    fn commit(&self, keystore: &Keystore, authority: &Authority, indexes: &[usize], created: &[CreatedWithRequest]) {
        let mut transaction = keystore.write().expect("nobody holds the lock");
        for (index, CreatedWithRequest { created, request }) in indexes.iter().zip(created) {
            let spki = request.as_ref().expect("one was asked for").public_key().as_der();
            install(&mut transaction, authority, (&created.key, &created.version, spki), *index);
            if let Some(endpoint) = self.shape.endpoint(*index) {
                transaction.put(Change::Bind { endpoint, key: created.key.clone() });
            }
        }
        transaction.finish().expect("the stage is written");
        commit_staged(keystore);
    }
}

fn commit_staged(keystore: &Keystore) {
    let committing = keystore.begin_commit().expect("nobody commits");
    let snapshot = committing.snapshot().expect("it is readable");
    let plan = keystore::ops::commit::plan(&snapshot, keystore.world().now()).expect("it is readable");
    plan.check(false).expect("nothing is wrong with it");
    let proposal = plan.propose(&snapshot, &Unlocked::new(), None).expect("the pairs are right");
    let switched = committing.prepare(&proposal).and_then(|prepared| prepared.switch());
    switched.and_then(|switched| switched.record()).expect("the disk takes it");
}

/// Certifies a key and stages its certificate.
fn install(
    transaction: &mut Transaction<'_>,
    authority: &Authority,
    (key, version, spki): (&KeyPath, &VersionFacts, &[u8]),
    number: usize,
) {
    let reply = authority.certify(key, spki, number);
    let chain = assemble(read_certificates(reply.as_bytes()).expect("it is one"), &[version.spki]).expect("it fits");
    let written = transaction.add_certificate(key, version, &chain).expect("the disk takes it");
    let installed = Installed {
        version: version.number,
        spki: version.spki,
        encrypted: version.encrypted,
        private_key_file: version.file,
        certificate: written.number,
        certificate_file: written.certificate_file,
        chain_file: written.chain_file,
        chain_length: chain.intermediates.len(),
        issuer_known: true,
        requests: version.requests.len(),
        not_issued: Vec::new(),
        weaknesses: Certificate::weaknesses(&chain.leaf),
        summary: CertificateSummary::of(&chain.leaf),
    };
    transaction.put(Change::InstallCertificate { key: key.clone(), installed: Box::new(installed), after: None });
}

fn host(key: &KeyPath) -> String {
    format!("{}.{}.example.com", key.name, key.server())
}

/// One CA key signs everything.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    fn new(folder: &Path) -> Self {
        let key = KeyPair::generate().expect("there is randomness");
        fs::write(folder.join("authority.pem"), key.serialize_pem()).expect("target/ can be written to");
        Self::of(key)
    }

    fn load(folder: &Path) -> Self {
        let text = fs::read_to_string(folder.join("authority.pem")).expect("it was written");
        Self::of(KeyPair::from_pem(&text).expect("it is a private key"))
    }

    fn of(key: KeyPair) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::OrganizationName, "Example Trust Services");
        params.distinguished_name.push(DnType::CommonName, "Example Issuing CA 7");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        Self { issuer: CertifiedIssuer::self_signed(params, key).expect("it is right") }
    }

    /// The reply for a key: valid since yesterday, for one to thirteen months.
    fn certify(&self, key: &KeyPath, spki: &[u8], number: usize) -> String {
        let mut params = CertificateParams::default();
        let host = host(key);
        params.distinguished_name.push(DnType::OrganizationName, "Example Corp");
        params.distinguished_name.push(DnType::CommonName, host.clone());
        let names = [host, format!("www.{}.example.com", key.server())];
        params.subject_alt_names = names.map(|name| SanType::DnsName(name.try_into().expect("ASCII"))).into();
        let now = OffsetDateTime::now_utc();
        params.not_before = now - Duration::days(1);
        params.not_after = now + Duration::days(30 + i64::try_from(number % 365).expect("it is small"));
        params.serial_number = Some(SerialNumber::from(rand::random::<[u8; 16]>().to_vec()));
        let spki = SubjectPublicKeyInfo::from_der(spki).expect("it is one");
        params.signed_by(&spki, &self.issuer).expect("it is right").pem()
    }
}

/// Threads that a benchmark and the program use.
pub(crate) fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

fn world() -> World {
    let actor = Actor {
        user: "root".to_owned(),
        sudo_user: Some("ada".to_owned()),
        host: "keys01.example.com".to_owned(),
        command: "create-key".to_owned(),
    };
    let clock = || Timestamp::from(OffsetDateTime::now_utc());
    let mut world = World::new(clock, rand::make_rng::<rand::rngs::StdRng>(), actor);
    world.threads = threads();
    world
}
