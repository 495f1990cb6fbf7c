//! A small keystore in memory, of which one stored file is replaced by bytes from outside; and everything that can be
//! done with it.

use std::path::PathBuf;
use std::sync::LazyLock;

use keystore::digest::Digest;
use keystore::model::Generation;
use keystore::name::{Endpoint, KeyPath};
use keystore::ops::create_key::{CreateKey, Material, create_key};
use keystore::ops::install_cert::{Input, install_cert};
use keystore::ops::make_csr::{self, MakeCsr, SubjectChoice, SubjectFields};
use keystore::ops::publish::{Unlocked, left_over, to_publish, unpublished_or_differing};
use keystore::ops::verify::Trust;
use keystore::ops::{self, Error, doctor, list::Scope};
use keystore::pki::{KeyAlgorithm, PrivateKey, PrivateKeyFile};
use keystore::progress::Unwatched;
use keystore::store::Keystore;
use keystore::timestamp::Timestamp;
use keystore::world::{Actor, World};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rcgen::{BasicConstraints, CertificateParams, CertificateSigningRequestParams, CertifiedIssuer, IsCa};

use crate::memory_disk::{MemoryDisk, Node, Tree};

const KEY: &str = "mail01/imap/main";
const OTHER: &str = "mail02/smtp/main";
const ENDPOINTS: [&str; 2] = ["mail01/imap@default", "mail02/smtp@192.0.2.7:25"];

/// Midday of 2026-11-21.
const NOW: i64 = 1_795_262_400;

fn world() -> World {
    let actor = Actor { user: "ada".into(), sudo_user: None, host: "here".into(), command: "fuzz".into() };
    let mut world = World::new(|| Timestamp::from_unix(NOW), StdRng::seed_from_u64(1), actor);
    world.lock_wait = std::time::Duration::ZERO;
    world.threads = 1;
    world
}

fn key(text: &str) -> KeyPath {
    text.parse().expect("a key")
}

fn endpoint(text: &str) -> Endpoint {
    text.parse().expect("an endpoint")
}

fn material() -> Material {
    // one private key for all: making them is not what is looked at
    static KEY: LazyLock<PrivateKey> =
        LazyLock::new(|| PrivateKey::generate(KeyAlgorithm::EcdsaP256).expect("a private key"));
    Material::plain(&KEY)
}

/// A keystore with a published certificate and one that is staged.
static HOUSE: LazyLock<Tree> = LazyLock::new(|| {
    let mut ca = CertificateParams::default();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(ca, rcgen::KeyPair::generate().expect("a key")).expect("an authority");
    let certify = |keystore: &Keystore, name: &str| {
        let made = make_request(keystore, name).expect("a request");
        let mut request = CertificateSigningRequestParams::from_pem(&made.request.to_pem()).expect("a request");
        request.params.is_ca = IsCa::NoCa;
        let bytes = request.signed_by(&issuer).expect("a certificate").pem().into_bytes();
        let input = Input { name: "reply.pem".into(), bytes: bytes.into() };
        install_cert(keystore, &key(name), &[input], &Trust::default()).expect("it fits");
    };
    let disk = MemoryDisk::new(Tree::new());
    let keystore = Keystore::init(Box::new(disk.clone()), world(), "").expect("a keystore");
    for name in [KEY, OTHER] {
        create_key(&keystore, &CreateKey { key: key(name), next: false }, &material()).expect("a key");
        certify(&keystore, name);
    }
    ops::bind::bind(&keystore, &key(KEY), &ENDPOINTS.map(endpoint)).expect("bound");
    commit(&keystore).expect("committed");
    create_key(&keystore, &CreateKey { key: key(KEY), next: true }, &material()).expect("a next version");
    certify(&keystore, KEY);
    ops::bind::bind(&keystore, &key(OTHER), &[endpoint(ENDPOINTS[1])]).expect("bound");
    let tree = disk.tree().clone();
    tree
});

/// Puts the bytes where the first of them says, with the hashes that make them believed.
fn tree_with(bytes: &[u8]) -> Option<Tree> {
    let (kind, bytes) = bytes.split_first()?;
    let mut tree = HOUSE.clone();
    let mut put = |path: &str, bytes: &[u8]| _ = tree.insert(PathBuf::from(path), Node::File(bytes.to_vec(), 0o600));
    match kind {
        b'0' => put("keystore.toml", bytes),
        b'1' => put("servers/mail01/facts.json", bytes),
        b'2' => put("stage.json", bytes),
        b'3' => put("intent.json", bytes),
        b'4' => put("commits/0000000001.json", bytes),
        b'5' => put("commits/0000000001.json", &sealed(bytes)),
        b'6' => put_state(&mut put, bytes),
        b'7' => {
            let server = Digest::of(bytes);
            put(&format!("state/{server}.json"), bytes);
            put_state(&mut put, format!(r#"{{"servers":{{"mail01":"{server}"}}}}"#).as_bytes());
        }
        b'8' => put("state/head", bytes),
        b'9' => put("servers/mail01/imap/main/1/version.json", bytes),
        _ => return None,
    }
    Some(tree)
}

fn sealed(record: &[u8]) -> Vec<u8> {
    [format!(r#"{{"hash":"{}","record":"#, Digest::of(record)).as_bytes(), record, b"}"].concat()
}

/// Makes these bytes the root of the committed state.
fn put_state(put: &mut impl FnMut(&str, &[u8]), root: &[u8]) {
    let state = Digest::of(root);
    put(&format!("state/{state}.json"), root);
    let Some(Node::File(record, _)) = HOUSE.get(&PathBuf::from("commits/0000000001.json")) else { unreachable!() };
    let mut record: serde_json::Value = serde_json::from_slice(record).expect("a record");
    record["record"]["state"] = state.to_string().into();
    put("commits/0000000001.json", &sealed(record["record"].to_string().as_bytes()));
}

/// Everything that can be done with a keystore in which somebody wrote. Whatever comes of it, no private key is lost.
pub fn check(bytes: &[u8]) {
    let Some(tree) = tree_with(bytes) else { return };
    let disk = MemoryDisk::new(tree);
    let Ok(keystore) = Keystore::open(Box::new(disk.clone()), world()) else { return };
    let _ = look(&keystore);
    let _ = ops::unbind::unbind(&keystore, &[endpoint(ENDPOINTS[0])]);
    let _ = ops::bind::bind(&keystore, &key(KEY), &ENDPOINTS.map(endpoint));
    let _ = make_request(&keystore, KEY);
    if commit(&keystore).is_ok() {
        let snapshot = keystore.read().expect("what was committed can be read");
        let (record, hash) = snapshot.record(snapshot.generation()).expect("its record is whole").expect("it has one");
        assert_eq!((record.generation, Some(hash)), (snapshot.generation(), snapshot.head_hash()));
        assert!(snapshot.stage().is_empty());
    }
    let _ = publish(&keystore);
    let _ = ops::discard::discard(&keystore, &[key(OTHER)]);
    let _ = ops::copy_key::copy_key(&keystore, &key(KEY), &key("mail03/imap/copy"));
    let _ = ops::rename_key::rename_key(&keystore, &key(OTHER), &key("mail03/smtp/other"));
    let _ = commit(&keystore);
    let _ = ops::rollback::rollback(&keystore, Generation(1), false);
    let _ = commit(&keystore);
    let _ = ops::delete_key::delete_key(&keystore, &key(KEY), true);
    let _ = ops::mark_compromised::mark_compromised(&keystore, &key(KEY), None, "lost");
    let _ = commit(&keystore);
    let _ = create_key(&keystore, &CreateKey { key: key("mail01/imap/new"), next: false }, &material());
    let _ = look(&keystore);

    keeps_private_keys(&disk.tree());
}

/// The doctor examines and repairs the same. What it calls sound can be read.
pub fn check_doctor(bytes: &[u8]) {
    let Some(tree) = tree_with(bytes) else { return };
    let disk = MemoryDisk::new(tree);
    for repair in [false, true] {
        let request = doctor::Request { repair, expected: None, placing: None };
        let Ok(outcome) = doctor::doctor(&disk, &world(), &request, &Unwatched) else { continue };
        keeps_private_keys(&disk.tree());
        if outcome.diagnosis.is_sound() {
            let keystore = Keystore::open(Box::new(disk.clone()), world()).expect("it is sound");
            look(&keystore).expect("it is sound");
        }
    }
}

fn keeps_private_keys(after: &Tree) {
    let is_private_key = |path: &PathBuf| path.starts_with("servers") && path.ends_with("private-key.pem");
    for (path, node) in HOUSE.iter().filter(|(path, _)| is_private_key(path)) {
        let (Node::File(before, _), Some(Node::File(after, _))) = (node, after.get(path)) else {
            panic!("{path:?} is lost")
        };
        assert_eq!(before, after, "{path:?}");
    }
}

/// Every reader.
fn look(keystore: &Keystore) -> Result<(), Error> {
    let snapshot = keystore.read()?;
    let paths = ops::list::list(&snapshot, &Scope::All, |services, _| {
        let keys = services.iter().flat_map(|service| &service.keys);
        keys.map(|key| key.path.clone()).collect::<Vec<_>>()
    })?;
    for path in paths.into_iter().flatten() {
        let view = ops::find_key(&snapshot, &path)?;
        let _ = (view.upcoming().is_some(), view.working_version().is_some(), view.state());
    }
    ops::log::log(&snapshot, 100)?;
    ops::status::status(&snapshot, ops::standing::Look::IntoFiles, Timestamp::from_unix(NOW))?;
    snapshot.record(Generation(1))?;
    let _ = snapshot.before_and_after()?;
    ops::diff::diff(&snapshot.at(Generation::EMPTY)?, &snapshot)?;
    let _ = snapshot.at(Generation(1)).map(|first| ops::diff::diff(&first, &snapshot));
    unpublished_or_differing(&snapshot, &[], None)?;
    left_over(&snapshot)?;
    Ok(())
}

fn make_request(keystore: &Keystore, name: &str) -> Result<make_csr::Made, Error> {
    let snapshot = keystore.read()?;
    let fields = SubjectFields { common_name: Some("mail01.example.com".into()), ..SubjectFields::default() };
    let asked = MakeCsr {
        key: key(name),
        subject: SubjectChoice::Fields(fields),
        names: Vec::new(),
        certificate_template: None,
        base: None,
        reuse_key: false,
    };
    let plan = make_csr::plan(&snapshot, &keystore.config().defaults.subject, &asked)?;
    match make_csr::private_key_file(keystore, &snapshot, &plan)? {
        PrivateKeyFile::Plain(private_key) => make_csr::make_csr(keystore, &plan, &private_key),
        PrivateKeyFile::Encrypted(_) => unreachable!("none is encrypted here"),
    }
}

fn commit(keystore: &Keystore) -> Result<(), Error> {
    let committing = keystore.begin_commit()?;
    let snapshot = committing.snapshot()?;
    let plan = ops::commit::plan(&snapshot, Timestamp::from_unix(NOW))?;
    plan.check(false)?;
    let proposal = plan.propose(&snapshot, &Unlocked::new(), None)?;
    committing.prepare(&proposal)?.switch()?.record()?;
    Ok(())
}

fn publish(keystore: &Keystore) -> Result<(), Error> {
    let committing = keystore.begin_commit()?;
    let snapshot = committing.snapshot()?;
    let publications =
        to_publish(&unpublished_or_differing(&snapshot, &[], None)?).gather(&snapshot, &Unlocked::new())?;
    committing.prepare_publication(snapshot.generation(), &publications)?.switch()?.keep()?;
    Ok(())
}
