//! `set-authority`: who signs requests. A fact: it takes effect at once.

use super::Error;
use super::local_ca::check_no_remains;
use crate::model::AuthoritySettings;
use crate::name::{AuthorityName, KeyPath};
use crate::store::{Keystore, Snapshot};

/// What was said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// The authority.
    pub name: AuthorityName,
    /// What was said of it before.
    pub before: Option<AuthoritySettings>,
    /// What is said of it; none when it was forgotten.
    pub settings: Option<AuthoritySettings>,
}

impl Outcome {
    /// Whether it was said already.
    #[must_use]
    pub fn is_unchanged(&self) -> bool {
        self.before == self.settings
    }
}

/// Says this of an authority, in place of what was said before, or forgets it.
///
/// # Errors
/// When an authority is to be forgotten that keys are renewed by or wait for, or one is to be forgotten or become another
/// kind whose private keys are kept here; when files of a private authority stand there that nothing names; when the disk
/// refuses.
pub fn set_authority(
    keystore: &Keystore,
    name: &AuthorityName,
    settings: Option<AuthoritySettings>,
) -> Result<Outcome, Error> {
    let mut transaction = keystore.write()?;
    let before = transaction.snapshot().authority(name)?.map(|authority| authority.settings);
    let is_local = |settings: &Option<AuthoritySettings>| matches!(settings, Some(AuthoritySettings::LocalCa(_)));
    check_no_remains(transaction.snapshot(), name)?;
    match &settings {
        _ if settings == before => {}
        _ if is_local(&before) && !is_local(&settings) => {
            return Err(Error::AuthorityKeepsKeys { name: name.clone() });
        }
        Some(settings) => transaction.set_authority(name, settings)?,
        None => {
            check_unused(transaction.snapshot(), name)?;
            transaction.remove_authority(name)?;
        }
    }
    transaction.finish()?;
    Ok(Outcome { name: name.clone(), before, settings })
}

/// Refuses when keys need the authority: they are renewed by it, or wait for its reply.
fn check_unused(snapshot: &Snapshot<'_>, name: &AuthorityName) -> Result<(), Error> {
    let mut keys: Vec<KeyPath> = Vec::new();
    for server in snapshot.servers()? {
        for (path, _) in snapshot.facts(&server)?.keys(&server) {
            let Some(view) = snapshot.key(&path)? else { continue };
            let renews = [&view.renewal, &view.upcoming_renewal];
            let is_renewed_by_it = renews.into_iter().flatten().any(|renewal| renewal.authority == *name);
            let waits_for_it = view.submission().is_some_and(|it| it.is_open() && it.authority == *name);
            if is_renewed_by_it || waits_for_it {
                keys.push(path);
            }
        }
    }
    if keys.is_empty() { Ok(()) } else { Err(Error::AuthorityInUse { name: name.clone(), keys }) }
}
