//! Stages what is missing for something to be as it is wanted once the stage is committed.
//!
//! What is left without the staged change may be what is wanted: by the last commit, but not when a commit that runs has
//! taken another change of the same thing. So the staged change is taken back first, and one is staged where it takes one.

use super::Transaction;
use crate::change::{Change, Target};
use crate::model::{Renewal, ServiceSettings};
use crate::name::{Endpoint, KeyPath, ServicePath};
use crate::store::StoreError;

impl Transaction<'_> {
    /// Wants an endpoint bound to a key, or to nothing.
    ///
    /// # Errors
    /// When the keystore can't be read.
    pub fn want_binding(&mut self, endpoint: &Endpoint, key: Option<&KeyPath>) -> Result<(), StoreError> {
        if self.upcoming_binding(endpoint)?.as_ref() == key {
            return Ok(());
        }
        self.withdraw(&Target::Binding(endpoint.clone()));
        if self.upcoming_binding(endpoint)?.as_ref() != key {
            let endpoint = endpoint.clone();
            self.put(match key {
                Some(key) => Change::Bind { endpoint, key: key.clone() },
                None => Change::Unbind { endpoint },
            });
        }
        Ok(())
    }

    /// Wants something said of how a service is published to, or nothing.
    ///
    /// # Errors
    /// When the keystore can't be read.
    pub fn want_settings(
        &mut self,
        service: &ServicePath,
        settings: Option<&ServiceSettings>,
    ) -> Result<(), StoreError> {
        if self.upcoming_settings(service)?.as_ref() == settings {
            return Ok(());
        }
        self.withdraw(&Target::Service(service.clone()));
        if self.upcoming_settings(service)?.as_ref() != settings {
            let settings = settings.cloned().map(Box::new);
            self.put(Change::SetService { service: service.clone(), settings });
        }
        Ok(())
    }

    /// Wants something said of how a key is renewed, or nothing.
    ///
    /// # Errors
    /// When the keystore can't be read.
    pub fn want_renewal(&mut self, key: &KeyPath, renewal: Option<&Renewal>) -> Result<(), StoreError> {
        if self.upcoming_renewal(key)?.as_ref() == renewal {
            return Ok(());
        }
        self.withdraw(&Target::Renewal(key.clone()));
        if self.upcoming_renewal(key)?.as_ref() != renewal {
            let renewal = renewal.cloned().map(Box::new);
            self.put(Change::SetRenewal { key: key.clone(), renewal });
        }
        Ok(())
    }

    fn upcoming_renewal(&self, key: &KeyPath) -> Result<Option<Renewal>, StoreError> {
        Ok(self.key(key)?.and_then(|view| view.upcoming_renewal))
    }
}
