//! `create-key --from`: many private keys in one go, all of them or none.

use super::{Asked, AskedFault, CreateKey, Created, LineFault, Material, check_view};
use crate::model::VersionFacts;
use crate::name::KeyPath;
use crate::ops::Error;
use crate::parallel;
use crate::pki::{CertificationRequest, Pbes2, PrivateKey};
use crate::progress::Progress;
use crate::store::{Keystore, NewKey, Snapshot};

/// Whether a key that is there already is refused or passed over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Existing {
    /// It is a fault of its line.
    Refuse,
    /// Its line is passed over.
    Skip,
}

/// A private key that was generated and is not kept yet, with its request.
pub struct Generated {
    asked: Asked,
    material: Material,
    request: Option<CertificationRequest>,
}

/// A private key that was made, with its request.
#[derive(Debug)]
pub struct CreatedWithRequest {
    /// The private key.
    pub created: Created,
    /// The request.
    pub request: Option<CertificationRequest>,
}

/// Parts the keys that are asked for into those to be made and those that are there, before anything is generated.
///
/// # Errors
/// Every line whose key is there, unless they are to be passed over.
pub fn select(
    snapshot: &Snapshot<'_>,
    asked: Vec<Asked>,
    existing: Existing,
) -> Result<(Vec<Asked>, Vec<Asked>), Error> {
    part(snapshot, asked, existing, |asked| asked)
}

fn part<T>(
    snapshot: &Snapshot<'_>,
    items: Vec<T>,
    existing: Existing,
    asked: impl Fn(&T) -> &Asked,
) -> Result<(Vec<T>, Vec<T>), Error> {
    let (mut to_make, mut there, mut faults) = (Vec::new(), Vec::new(), Vec::new());
    for item in items {
        let Asked { key, line, .. } = asked(&item);
        let view = snapshot.key(key)?;
        let is_there = check_view(view.as_ref(), &CreateKey { key: key.clone(), next: false }).is_err();
        if is_there && existing == Existing::Refuse {
            faults.push(LineFault { line: *line, fault: AskedFault::Exists { key: key.clone() } });
        }
        if is_there { there.push(item) } else { to_make.push(item) }
    }
    if faults.is_empty() { Ok((to_make, there)) } else { Err(Error::Lines { faults }) }
}

/// Generates private keys and signs their requests. Takes no lock. `pbes2` is asked for the parameters of each
/// encryption.
///
/// # Errors
/// When there is no randomness, or a request can't be signed.
pub fn generate(
    asked: Vec<Asked>,
    pbes2: impl Fn() -> Pbes2 + Sync,
    threads: usize,
    progress: &dyn Progress,
) -> Result<Vec<Generated>, Error> {
    progress.begin("Generating private keys", asked.len() as u64);
    let made = parallel::each(threads, &asked, |asked| {
        let made = generate_one(asked, &pbes2);
        progress.advance(1);
        made
    })?;
    let generated = |(asked, (material, request))| Generated { asked, material, request };
    Ok(asked.into_iter().zip(made).map(generated).collect())
}

fn generate_one(asked: &Asked, pbes2: &impl Fn() -> Pbes2) -> Result<(Material, Option<CertificationRequest>), Error> {
    let failed = |source| Error::PrivateKey { key: asked.key.clone(), source };
    let private_key = PrivateKey::generate(asked.algorithm).map_err(failed)?;
    let material = match &asked.passphrase {
        None => Material::plain(&private_key),
        Some(passphrase) => Material::encrypted(&private_key, passphrase, &pbes2()).map_err(failed)?,
    };
    let request = asked.request.as_ref().map(|template| template.sign(&private_key)).transpose();
    Ok((material, request.map_err(|source| Error::Request { key: asked.key.clone(), source })?))
}

/// Keeps the private keys and requests: all at once, each key whole. Returns also the keys that came up meanwhile
/// and were passed over.
///
/// # Errors
/// When one of the keys came up meanwhile and is not to be passed over, and when the disk refuses.
pub fn create_keys(
    keystore: &Keystore,
    generated: &[Generated],
    existing: Existing,
    progress: &dyn Progress,
) -> Result<(Vec<CreatedWithRequest>, Vec<KeyPath>), Error> {
    let mut transaction = keystore.write()?;
    let all = generated.iter().collect();
    let (generated, there) = part(transaction.snapshot(), all, existing, |generated| &generated.asked)?;
    let new: Vec<_> = generated.iter().map(|generated| generated.to_keep()).collect();
    let versions = transaction.add_keys(&new, progress)?;
    transaction.finish()?;
    let created = |(Generated { asked, request, .. }, version): (&Generated, VersionFacts)| {
        let folder = keystore.version_folder(&asked.key, version.number);
        CreatedWithRequest { created: Created { key: asked.key.clone(), version, folder }, request: request.clone() }
    };
    let created = generated.into_iter().zip(versions).map(created).collect();
    Ok((created, there.into_iter().map(|generated| generated.asked.key.clone()).collect()))
}

impl Generated {
    /// The key that it is for.
    pub(in crate::ops) fn key(&self) -> &KeyPath {
        &self.asked.key
    }

    /// The request that was made with it.
    pub(in crate::ops) fn request(&self) -> Option<&CertificationRequest> {
        self.request.as_ref()
    }

    pub(in crate::ops) fn to_keep(&self) -> NewKey<'_> {
        NewKey { key: self.asked.key.clone(), version: self.material.to_keep(), request: self.request.as_ref() }
    }
}
