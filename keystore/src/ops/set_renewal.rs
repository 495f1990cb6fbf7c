//! `set-renewal`: how a key is renewed.

use super::list_authorities::find_authority;
use super::{Error, lasting};
use crate::model::Renewal;
use crate::name::KeyPath;
use crate::store::{Keystore, Transaction};

/// What was staged.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// The key.
    pub key: KeyPath,
    /// What would have been said of it without this.
    pub before: Option<Renewal>,
    /// What is said of it; none when that was taken away.
    pub renewal: Option<Renewal>,
}

impl Outcome {
    /// Whether it was said already.
    #[must_use]
    pub fn is_unchanged(&self) -> bool {
        self.before == self.renewal
    }
}

/// Stages what `change` makes of how keys are renewed: of all of them, or of none.
///
/// # Errors
/// What `change` refuses; when there is no such key or authority; when the disk refuses.
pub fn set_renewal<E: From<Error>>(
    keystore: &Keystore,
    keys: &[KeyPath],
    change: impl Fn(&KeyPath, Option<Renewal>) -> Result<Option<Renewal>, E>,
) -> Result<Vec<Outcome>, E> {
    let mut transaction = keystore.write().map_err(Error::from)?;
    let mut outcomes = Vec::new();
    for key in keys {
        let view = transaction.key(key).map_err(Error::from)?;
        let view = lasting(view.ok_or_else(|| Error::KeyNotFound { key: key.clone() })?)?;
        let before = view.upcoming_renewal;
        let renewal = change(key, before.clone())?;
        stage(&mut transaction, key, before.as_ref(), renewal.as_ref())?;
        outcomes.push(Outcome { key: key.clone(), before, renewal });
    }
    transaction.finish().map_err(Error::from)?;
    Ok(outcomes)
}

/// Stages how a key is renewed.
pub(super) fn stage(
    transaction: &mut Transaction<'_>,
    key: &KeyPath,
    before: Option<&Renewal>,
    renewal: Option<&Renewal>,
) -> Result<(), Error> {
    if before == renewal {
        return Ok(());
    }
    if let Some(renewal) = renewal {
        find_authority(transaction.snapshot(), &renewal.authority)?;
    }
    Ok(transaction.want_renewal(key, renewal)?)
}
