//! The requests of renewals, with the private keys that they need: all of them at once.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Step;
use crate::digest::Digest;
use crate::model::{VersionFacts, VersionNumber};
use crate::name::KeyPath;
use crate::ops::Error;
use crate::ops::create_key::{Asked, Generated, generate};
use crate::ops::make_csr::{make_csr, note_signing, noted_key_file};
use crate::ops::submit::{Waiting, waiting};
use crate::pki::{Passphrase, Pbes2, PrivateKey, PrivateKeyFile};
use crate::progress::Progress;
use crate::store::Keystore;

/// How encrypted private keys are opened and made.
pub struct Secrets<'a, F> {
    /// Opens a private key.
    pub open: &'a dyn Fn(&KeyPath, PrivateKeyFile) -> Result<PrivateKey, F>,
    /// The passphrase for a new private key in place of an encrypted one.
    pub passphrase: &'a dyn Fn(&KeyPath) -> Result<Arc<Passphrase>, F>,
    /// The parameters of an encryption.
    pub pbes2: &'a (dyn Fn() -> Pbes2 + Sync),
}

/// A private key that is to be made.
struct New {
    /// Where it stands among the tasks.
    at: usize,
    after: Option<VersionNumber>,
    asked: Asked,
}

/// What came of a task, with its place among them.
type Made<F> = (usize, Result<Waiting, F>);

/// Makes what the steps of keys need until each has a request that waits. What is wrong with one keeps none of the
/// others.
///
/// # Errors
/// When it can't be written down which private keys are read, when there is no randomness, or when the disk refuses
/// while private keys are kept.
pub fn make<F: From<Error>>(
    keystore: &Keystore,
    steps: &[(&KeyPath, &Step)],
    secrets: &Secrets<'_, F>,
    progress: &dyn Progress,
) -> Result<Vec<Result<Waiting, F>>, F> {
    let plans = steps.iter().filter_map(|(_, step)| match step {
        Step::Request(plan) => Some(&**plan),
        _ => None,
    });
    note_signing(keystore, &plans.collect::<Vec<_>>())?;
    let mut made: BTreeMap<usize, Result<Waiting, F>> = BTreeMap::new();
    let mut new = Vec::new();
    for (at, &(key, step)) in steps.iter().enumerate() {
        match step {
            Step::HandIn(waiting) => _ = made.insert(at, Ok((**waiting).clone())),
            Step::Request(plan) => {
                let request = || {
                    let file = noted_key_file(&keystore.read().map_err(Error::from)?, plan)?;
                    make_csr(keystore, plan, &(secrets.open)(key, file)?)?;
                    Ok(waiting(&apart(keystore)?, key)?)
                };
                made.insert(at, request());
            }
            Step::NewKey { algorithm, encrypted, after, template } => {
                match encrypted.then(|| (secrets.passphrase)(key)).transpose() {
                    Err(failure) => _ = made.insert(at, Err(failure)),
                    Ok(passphrase) => {
                        let (key, request) = (key.clone(), Some((**template).clone()));
                        let asked = Asked { line: 0, key, algorithm: *algorithm, passphrase, request };
                        new.push(New { at, after: *after, asked });
                    }
                }
            }
        }
    }
    made.extend(make_keys(keystore, new, secrets, progress)?);
    Ok(made.into_values().collect())
}

/// What is committed, without what administrators have staged.
fn apart(keystore: &Keystore) -> Result<crate::store::Snapshot<'_>, Error> {
    Ok(keystore.read()?.with_stage(crate::change::Stage::default()))
}

fn make_keys<F: From<Error>>(
    keystore: &Keystore,
    new: Vec<New>,
    secrets: &Secrets<'_, F>,
    progress: &dyn Progress,
) -> Result<Vec<Made<F>>, F> {
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let (places, asked): (Vec<_>, Vec<_>) = new.into_iter().map(|new| ((new.at, new.after), new.asked)).unzip();
    let generated = generate(asked, secrets.pbes2, keystore.world().threads, progress)?;
    let mut transaction = keystore.write().map_err(Error::from)?;
    let (mut done, mut kept) = (Vec::new(), Vec::new());
    for ((at, after), generated) in places.into_iter().zip(&generated) {
        let facts = transaction.snapshot().facts_of(generated.key()).map_err(Error::from)?;
        if facts.and_then(|facts| facts.newest()) == after {
            kept.push((at, generated));
        } else {
            // somebody made another one meanwhile
            done.push((at, Err(Error::KeyChanged { key: generated.key().clone() }.into())));
        }
    }
    let to_keep: Vec<_> = kept.iter().map(|(_, generated)| generated.to_keep()).collect();
    let versions = transaction.add_keys(&to_keep, progress).map_err(Error::from)?;
    let current = |key: &KeyPath| -> Result<Option<Digest>, Error> {
        let state = transaction.snapshot().look(key.server(), |state| state.current(key).cloned())?;
        Ok(state.map(|current| current.installed.summary.fingerprint))
    };
    for ((at, generated), version) in kept.into_iter().zip(versions) {
        done.push((at, handed(generated, &version, current(generated.key())?)));
    }
    transaction.finish().map_err(Error::from)?;
    Ok(done)
}

/// A new private key's request, on its way.
fn handed<F: From<Error>>(
    generated: &Generated,
    version: &VersionFacts,
    current: Option<Digest>,
) -> Result<Waiting, F> {
    let key = generated.key().clone();
    match (generated.request(), version.requests.last()) {
        (Some(request), Some(facts)) => Ok(Waiting {
            key,
            version: version.number,
            spki: version.spki,
            number: facts.number,
            request: request.clone(),
            submission: None,
            current,
        }),
        _ => Err(Error::NoRequestWaits { key }.into()),
    }
}
