//! `install-cert`: an authority's reply, checked and staged. A refused reply changes nothing.

use std::collections::HashSet;
use std::convert::Infallible;
use std::sync::{Mutex, PoisonError};

use zeroize::Zeroizing;

use super::holders::holders;
use super::verify::{self, Difference, Examined, Trust};
use super::{Error, Warning, find_lasting_key, lasting};
use crate::change::{Change, Stage, Target};
use crate::digest::Digest;
use crate::model::{CertificateSummary, Installed, KeyView, VersionFacts};
use crate::name::KeyPath;
use crate::parallel;
use crate::pki::{Certificate, Chain, ChainError, ReadError, Subject, SubjectAltName, assemble, read_certificates};
use crate::store::{Keystore, Snapshot, Transaction, WrittenCertificate};
use crate::timestamp::Timestamp;

/// A file with certificates in it, in whatever form.
pub struct Input {
    /// Its name, as the user gave it.
    pub name: String,
    /// Its bytes, wiped when dropped: it may turn out to be a private key.
    pub bytes: Zeroizing<Vec<u8>>,
}

/// What was installed, and whether clients will trust it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What was staged.
    pub staged: Staged,
    /// Whether the certificates came in another order than that of the chain.
    pub reordered: bool,
    /// Whether the chain leads to a trusted root, and what was found on the way.
    pub examined: Examined,
}

/// A certificate that was staged with its chain.
#[derive(Clone, Debug)]
pub struct Staged {
    /// The key.
    pub key: KeyPath,
    /// Private key and certificate.
    pub installed: Installed,
    /// Whether it was installed or staged before, so that nothing changed.
    pub unchanged: bool,
    /// The certificate that was staged before, and is no longer.
    pub in_place_of: Option<Installed>,
    /// The root that was given and left out of the chain, as clients have their own.
    pub root: Option<Subject>,
    /// Certificates that belong to another chain and were left out.
    pub foreign: Vec<Subject>,
    /// What to look at.
    pub warnings: Vec<Warning>,
    /// What was requested and what was issued.
    pub differences: Vec<Difference>,
}

/// Stages the certificate for `key` that is among `inputs`, with its chain.
///
/// # Errors
/// When an input holds no certificates, when none is for a private key of `key`, when it is not valid now or revoked, or
/// when the disk refuses.
pub fn install_cert(keystore: &Keystore, key: &KeyPath, inputs: &[Input], trust: &Trust<'_>) -> Result<Outcome, Error> {
    let checked = check(keystore, &keystore.read()?, key, inputs, trust, &Met::default())?;
    let mut transaction = keystore.write()?;
    let staged = stage(&mut transaction, key, &checked.chain)?;
    transaction.finish()?;
    Ok(checked.into_outcome(staged))
}

/// Where replies are installed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Place {
    /// In what administrators have staged.
    Stage,
    /// In changes that go into a commit of their own.
    Apart(Stage),
}

/// Stages certificates for many keys, each the one among its inputs: those that are not refused.
///
/// # Errors
/// When the disk refuses. That a reply is refused is its own outcome.
pub fn install_all(
    keystore: &Keystore,
    place: &mut Place,
    replies: &[(KeyPath, Vec<Input>)],
    trust: &Trust<'_>,
) -> Result<Vec<Result<Outcome, Error>>, Error> {
    if replies.is_empty() {
        return Ok(Vec::new());
    }
    let (snapshot, mut transaction);
    let changes = if let Place::Apart(changes) = &*place { Some(changes.clone()) } else { None };
    snapshot = match &changes {
        None => keystore.read()?,
        Some(changes) => keystore.read()?.with_stage(changes.clone()),
    };
    // issuers are fetched one after the other
    let threads = if trust.fetch.is_some() { 1 } else { keystore.world().threads };
    let met = Met::default();
    let judge = |(key, inputs): &(KeyPath, Vec<Input>)| Ok(check(keystore, &snapshot, key, inputs, trust, &met));
    let Ok(checked) = parallel::each::<_, _, Infallible>(threads, replies, judge);
    transaction = match changes {
        None => keystore.write()?,
        Some(changes) => keystore.write_apart(changes)?,
    };
    let mut planned = Vec::new();
    for ((key, _), checked) in replies.iter().zip(checked) {
        planned.push(checked.and_then(|checked| Ok((plan(&transaction, key, &checked.chain)?, checked))));
    }
    let to_write: Vec<_> = planned.iter().flatten().filter(|(plan, _)| plan.is_to_be_written()).collect();
    let to_write: Vec<_> =
        to_write.iter().map(|(plan, checked)| (&plan.view.path, &plan.version, &checked.chain)).collect();
    let mut written = transaction.add_certificates(&to_write)?.into_iter();
    let mut outcomes = Vec::new();
    for planned in planned {
        outcomes.push(planned.and_then(|(plan, checked)| {
            let changed = || Error::KeyChanged { key: plan.view.path.clone() };
            let written = |_: &mut Transaction<'_>, _: &VersionFacts| written.next().ok_or_else(changed);
            let staged = plan.stage(&mut transaction, &checked.chain, written)?;
            Ok(checked.into_outcome(staged))
        }));
    }
    match place {
        Place::Stage => transaction.finish()?,
        Place::Apart(changes) => *changes = transaction.into_stage(),
    }
    Ok(outcomes)
}

/// The certificate and the chain of what is installed.
pub(super) fn certificates(
    snapshot: &Snapshot<'_>,
    key: &KeyPath,
    installed: &Installed,
) -> Result<(Certificate, Vec<Certificate>), Error> {
    let (leaf, chain) = snapshot.certificate_files(key, installed)?;
    let unreadable = |source| Error::Unreadable { file: format!("the chain of {key}"), source };
    let leaf = read_certificates(&leaf).map_err(unreadable)?;
    let leaf = leaf.into_iter().next().ok_or_else(|| unreadable(ReadError::Empty))?;
    let chain =
        if chain.trim_ascii().is_empty() { Vec::new() } else { read_certificates(&chain).map_err(unreadable)? };
    Ok((leaf, chain))
}

/// Certificates that replies came with. The issuers of one are those of the next: their signatures are checked once.
#[derive(Default)]
struct Met(Mutex<HashSet<Certificate>>);

impl Met {
    /// The same certificate, as it was met before.
    fn before(&self, certificate: Certificate) -> Certificate {
        // one is put in whole
        let mut met = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = met.get(&certificate) {
            return known.clone();
        }
        met.insert(certificate.clone());
        certificate
    }
}

/// A reply that may be installed.
struct Checked {
    chain: Chain,
    reordered: bool,
    examined: Examined,
}

impl Checked {
    fn into_outcome(self, staged: Staged) -> Outcome {
        Outcome { staged, reordered: self.reordered, examined: self.examined }
    }
}

fn check(
    keystore: &Keystore,
    snapshot: &Snapshot<'_>,
    key: &KeyPath,
    inputs: &[Input],
    trust: &Trust<'_>,
    met: &Met,
) -> Result<Checked, Error> {
    let mut certificates = Vec::new();
    for Input { name, bytes } in inputs {
        let read = read_certificates(bytes);
        let read = read.map_err(|source| Error::Unreadable { file: name.clone(), source })?;
        certificates.extend(read.into_iter().map(|certificate| met.before(certificate)));
    }
    let view = find_lasting_key(snapshot, key)?;
    let now = keystore.world().now();
    let mut chain = find_leaf(snapshot, &view, certificates.clone())?;
    check_validity(key, &chain.leaf, now)?;
    let reordered = !is_in_order(&certificates, &chain);
    let others: Vec<Certificate> = chain.intermediates.iter().chain(&chain.root).cloned().collect();
    let mut examined = verify::examine(&chain.leaf, &others, trust, now);
    if !examined.fetched.is_empty() {
        // with what was fetched, the chain is complete, and is examined as it will be installed
        certificates.extend(examined.fetched.iter().map(|fetched| fetched.certificate.clone()));
        chain = find_leaf(snapshot, &view, certificates)?;
        let again = verify::examine(&chain.leaf, &chain.intermediates, &Trust { fetch: None, ..*trust }, now);
        examined = Examined { fetched: examined.fetched, ..again };
    }
    // the root may be among what was given: it is left out, and there is no need to say so twice
    examined.forget_superfluous_root(&chain);
    if let Some(subject) = examined.revoked() {
        return Err(Error::Revoked { key: key.clone(), subject: subject.clone() });
    }
    Ok(Checked { chain, reordered, examined })
}

/// Whether the certificates of the chain were given in the order of the chain.
fn is_in_order(given: &[Certificate], chain: &Chain) -> bool {
    let members: Vec<&Certificate> =
        std::iter::once(&chain.leaf).chain(&chain.intermediates).chain(&chain.root).collect();
    let given: Vec<&Certificate> = given.iter().filter(|one| members.contains(one)).collect();
    let mut seen = Vec::new();
    for one in given {
        if !seen.contains(&one) {
            seen.push(one);
        }
    }
    seen == members
}

fn find_leaf(snapshot: &Snapshot<'_>, view: &KeyView, certificates: Vec<Certificate>) -> Result<Chain, Error> {
    let keys: Vec<Digest> = view.facts.versions.iter().map(|version| version.spki).collect();
    match assemble(certificates, &keys) {
        Ok(chain) => Ok(chain),
        Err(ChainError::NoLeaf { offered }) => {
            let (subjects, spkis): (Vec<_>, Vec<_>) = offered.into_iter().unzip();
            Err(Error::WrongKey { key: view.path.clone(), subjects, belongs_to: owner(snapshot, &spkis)? })
        }
        Err(error) => Err(error.into()),
    }
}

/// The key of this keystore that has one of these public keys.
fn owner(snapshot: &Snapshot<'_>, spkis: &[Digest]) -> Result<Option<KeyPath>, Error> {
    let spkis = spkis.iter().copied().collect();
    let first = holders(snapshot, &spkis)?.next().transpose()?;
    Ok(first.map(|holder| holder.key))
}

pub(super) fn check_validity(key: &KeyPath, leaf: &Certificate, now: Timestamp) -> Result<(), Error> {
    let key = || key.clone();
    if leaf.not_after() < now {
        return Err(Error::Expired { key: key(), not_after: leaf.not_after() });
    }
    if leaf.not_before() > now {
        return Err(Error::NotYetValid { key: key(), not_before: leaf.not_before() });
    }
    Ok(())
}

/// Stages a certificate with its chain.
pub(super) fn stage(transaction: &mut Transaction<'_>, key: &KeyPath, chain: &Chain) -> Result<Staged, Error> {
    let plan = plan(transaction, key, chain)?;
    plan.stage(transaction, chain, |transaction, version| Ok(transaction.add_certificate(key, version, chain)?))
}

/// What is to be done with a certificate.
struct Plan {
    view: KeyView,
    /// The private key that it is for.
    version: VersionFacts,
    /// What is staged for the key.
    staged: Option<Installed>,
    known: Known,
}

/// Whether a certificate is there already.
enum Known {
    /// It is staged.
    Staged(Installed),
    /// The key runs on it.
    Current(Installed),
    /// It is new.
    New,
}

fn plan(transaction: &Transaction<'_>, key: &KeyPath, chain: &Chain) -> Result<Plan, Error> {
    let view = lasting(transaction.key(key)?.ok_or_else(|| Error::KeyNotFound { key: key.clone() })?)?;
    let version = view.facts.version_of(chain.leaf.public_key().hash());
    let version = version.ok_or_else(|| Error::KeyChanged { key: key.clone() })?.clone();
    if let Some(mark) = &version.compromised {
        return Err(Error::compromised(&view, &version, mark));
    }
    let staged = transaction.stage().certificate(key).cloned();
    let current = view.current.as_ref().map(|current| current.installed.clone());
    // A file that was damaged or lost is no reason to call it there: this is how it is brought back.
    let is_there =
        |known: &Installed| is_same(known, chain) && transaction.snapshot().certificate_files(key, known).is_ok();
    let known = match (staged.clone().filter(is_there), current.filter(is_there)) {
        (Some(staged), _) => Known::Staged(staged),
        (None, Some(current)) => Known::Current(current),
        (None, None) => Known::New,
    };
    Ok(Plan { view, version, staged, known })
}

impl Plan {
    fn is_to_be_written(&self) -> bool {
        matches!(self.known, Known::New)
    }

    /// Stages it. `write` writes it beside its private key where it is new.
    fn stage(
        &self,
        transaction: &mut Transaction<'_>,
        chain: &Chain,
        write: impl FnOnce(&mut Transaction<'_>, &VersionFacts) -> Result<WrittenCertificate, Error>,
    ) -> Result<Staged, Error> {
        let key = &self.view.path;
        let (installed, unchanged) = match &self.known {
            Known::Staged(staged) => (staged.clone(), true),
            Known::Current(current) => (current.clone(), go_back(transaction, key, current)),
            Known::New => {
                let installed = installed(&self.version, chain, write(transaction, &self.version)?);
                let after = transaction.after(&self.view);
                let (key, installed) = (key.clone(), Box::new(installed));
                transaction.put(Change::InstallCertificate { key, installed: installed.clone(), after });
                (*installed, false)
            }
        };
        Ok(Staged {
            key: key.clone(),
            warnings: warnings(&self.view, &self.version, &installed),
            differences: verify::differences(&self.version, &chain.leaf),
            installed,
            unchanged,
            in_place_of: self.staged.clone().filter(|_| !unchanged),
            root: chain.root.as_ref().map(|root| root.subject().clone()),
            foreign: chain.foreign.iter().map(|foreign| foreign.subject().clone()).collect(),
        })
    }
}

/// Takes back what is staged for a key that shall stay as it is. Says whether that changed nothing.
fn go_back(transaction: &mut Transaction<'_>, key: &KeyPath, current: &Installed) -> bool {
    let withdrawn = transaction.withdraw(&Target::Certificate(key.clone()));
    // Another one is left only where a commit that runs has taken it: this one shall follow it then.
    let taken = transaction.stage().certificate(key).is_some();
    if taken {
        let installed = Box::new(current.clone());
        transaction.put(Change::InstallCertificate { key: key.clone(), installed, after: None });
    }
    !(withdrawn || taken)
}

fn is_same(installed: &Installed, chain: &Chain) -> bool {
    installed.summary.fingerprint == chain.leaf.fingerprint()
        && installed.chain_file == Digest::of(chain.intermediates_pem().as_bytes())
}

fn installed(version: &VersionFacts, chain: &Chain, written: WrittenCertificate) -> Installed {
    Installed {
        version: version.number,
        spki: version.spki,
        encrypted: version.encrypted,
        private_key_file: version.file,
        certificate: written.number,
        certificate_file: written.certificate_file,
        chain_file: written.chain_file,
        chain_length: chain.intermediates.len(),
        issuer_known: !is_issuer_missing(chain),
        requests: version.requests.len(),
        not_issued: not_issued(version, &chain.leaf),
        weaknesses: std::iter::once(&chain.leaf)
            .chain(&chain.intermediates)
            .flat_map(Certificate::weaknesses)
            .collect(),
        summary: CertificateSummary::of(&chain.leaf),
    }
}

/// Whether a client that knows only roots could be left without the issuer: the leaf came alone, and neither
/// signed itself nor was its root given.
fn is_issuer_missing(chain: &Chain) -> bool {
    chain.intermediates.is_empty() && chain.missing_issuer.is_some()
}

fn warnings(view: &KeyView, version: &VersionFacts, installed: &Installed) -> Vec<Warning> {
    let mut warnings = Warning::of_installed(&view.path, installed);
    if let Some(current) = view.current.as_ref().map(|current| current.installed.version)
        && version.number < current
    {
        warnings.push(Warning::OlderKey { key: view.path.clone(), version: version.number, current });
    }
    warnings
}

/// Names that were requested and are not in the certificate.
fn not_issued(version: &VersionFacts, leaf: &Certificate) -> Vec<SubjectAltName> {
    let requested = version.requests.last().map_or(&[][..], |request| &request.names);
    requested.iter().filter(|name| !leaf.names().contains(name)).cloned().collect()
}
