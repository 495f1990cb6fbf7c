//! A private authority in a keystore. Its private keys sign the same each time, so that pictures can be compared.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use keystore::model::Revocation;
use keystore::name::AuthorityName;
use keystore::ops::create_ca::{CreateCa, Created, Material, create_ca};
use keystore::ops::desk::{Authority, Desk, Errand, Order, Refusal, Reply, Settled};
use keystore::ops::export_crl::{self, export_crl};
use keystore::ops::install_cert::Place;
use keystore::ops::local_ca::{self, Asked};
use keystore::ops::revoke::{Which, revoke};
use keystore::ops::sign_csr::{sign_csr, sign_waiting};
use keystore::ops::submit::Waiting;
use keystore::ops::verify::Trust;
use keystore::ops::{Error, list_issued::list_issued};
use keystore::pki::{
    CertificateProfile, CertificationRequest, Issued, KeyAlgorithm, NameConstraints, PrivateKey, PrivateKeyFile,
    RequestTemplate, RevocationReason,
};
use keystore::store::Keystore;

static MATERIAL: LazyLock<Material> =
    LazyLock::new(|| Material::generate(KeyAlgorithm::Ed25519, None, || unreachable!("nothing is encrypted")).unwrap());

static REQUEST: LazyLock<CertificationRequest> = LazyLock::new(|| {
    let key = PrivateKey::generate(KeyAlgorithm::Ed25519).unwrap();
    let subject = "CN=router.example.com".parse().unwrap();
    RequestTemplate { subject, ..RequestTemplate::default() }.sign(&key).unwrap()
});

pub(crate) fn lab() -> AuthorityName {
    "lab".parse().unwrap()
}

pub(crate) fn create_lab(keystore: &Keystore) -> Result<Created, Error> {
    let asked = CreateCa {
        name: lab(),
        subject: "CN=Lab".parse().unwrap(),
        days: 3650,
        issuing_days: 1825,
        leaf_days: 90,
        constraints: NameConstraints::default(),
        crl_url: None,
    };
    create_ca(keystore, &asked, &MATERIAL)
}

fn open(keystore: &Keystore) -> Result<(local_ca::LocalCa, PrivateKey), Error> {
    let snapshot = keystore.read()?;
    let ca = local_ca::open(&snapshot, &lab())?;
    match local_ca::private_key_file(&snapshot, &ca)? {
        PrivateKeyFile::Plain(key) => Ok((ca, key)),
        PrivateKeyFile::Encrypted(_) => panic!("nothing is encrypted"),
    }
}

pub(crate) fn issue(keystore: &Keystore) -> Result<Issued, Error> {
    let (ca, key) = open(keystore)?;
    let asked = Asked { request: &REQUEST, profile: CertificateProfile::Server, days: None, key: None };
    sign_csr(keystore, &ca, &key, &asked)
}

/// Revokes what was issued first.
pub(crate) fn revoke_first(keystore: &Keystore) -> Result<Revocation, Error> {
    let first = list_issued(&keystore.read()?, &lab())?.swap_remove(0).entry.serial;
    Ok(revoke(keystore, &lab(), &Which::Serial(first), RevocationReason::KeyCompromise)?.revocation)
}

pub(crate) fn export_list(keystore: &Keystore) -> Result<export_crl::Outcome, Error> {
    let (ca, key) = open(keystore)?;
    export_crl(keystore, &ca, &key, 7)
}

/// Why nothing was signed or installed.
struct Fault(Error);

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl Refusal for Fault {
    fn refusal(&self) -> Option<String> {
        None
    }
}

/// The authority as the desk knows it.
struct Lab<'k>(&'k Keystore);

impl Lab<'_> {
    fn sign(&self, requests: &[&Waiting]) -> Result<Vec<Result<Reply, Error>>, Error> {
        let (ca, key) = open(self.0)?;
        sign_waiting(self.0, &ca, &key, requests)
    }
}

impl Authority<Fault> for Lab<'_> {
    fn submit(&self, order: &Order<'_, Fault>) -> Result<Reply, Fault> {
        Ok(self.sign(&[order.waiting])?.swap_remove(0)?)
    }

    fn collect(&self, order: &Order<'_, Fault>) -> Result<Reply, Fault> {
        self.submit(order)
    }

    fn sign_all(&self, requests: &[&Waiting]) -> Option<Vec<Result<Reply, Fault>>> {
        let replies = self.sign(requests);
        Some(match replies {
            Ok(replies) => replies.into_iter().map(|reply| reply.map_err(Fault)).collect(),
            Err(error) => vec![Err(Fault(error))],
        })
    }
}

/// Has the authority sign a request of its keystore, and installs what it gives.
pub(crate) fn hand_in(keystore: &Keystore, waiting: Waiting) -> Result<(), Error> {
    let known: Box<dyn Authority<Fault>> = Box::new(Lab(keystore));
    let desk = Desk::new(keystore, BTreeMap::from([(lab(), known)]));
    let errands = [Errand::new(waiting, lab())];
    let settled = desk.settle(&errands, desk.run(&errands), &Trust::default(), &mut Place::Stage);
    match settled.map_err(|Fault(error)| error)?.swap_remove(0) {
        Settled::Installed(_) => Ok(()),
        Settled::Failed(Fault(error)) => Err(error),
        Settled::Waiting(why) => panic!("it answers at once: {why}"),
    }
}
