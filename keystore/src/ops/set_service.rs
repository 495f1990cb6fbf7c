//! `set-service`: how a service is published to.

use super::Error;
use crate::model::ServiceSettings;
use crate::name::ServicePath;
use crate::store::Keystore;

/// What was staged.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// The service.
    pub service: ServicePath,
    /// What would have been said of it without this.
    pub before: Option<ServiceSettings>,
    /// What is said of it; none when that was taken away.
    pub settings: Option<ServiceSettings>,
}

impl Outcome {
    /// Whether it was said already.
    #[must_use]
    pub fn is_unchanged(&self) -> bool {
        self.before == self.settings
    }
}

/// Stages what `change` makes of a service's settings, as they are once the stage is committed.
///
/// # Errors
/// What `change` refuses, or when the disk does.
pub fn set_service<E: From<Error>>(
    keystore: &Keystore,
    service: &ServicePath,
    change: impl FnOnce(Option<ServiceSettings>) -> Result<Option<ServiceSettings>, E>,
) -> Result<Outcome, E> {
    let mut transaction = keystore.write().map_err(Error::from)?;
    let before = transaction.upcoming_settings(service).map_err(Error::from)?;
    let settings = change(before.clone())?;
    transaction.want_settings(service, settings.as_ref()).map_err(Error::from)?;
    transaction.finish().map_err(Error::from)?;
    Ok(Outcome { service: service.clone(), before, settings })
}
