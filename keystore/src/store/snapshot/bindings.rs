//! Which keys endpoints are bound to and how their services are published to: by the last commit, and once what is staged
//! is committed.

use std::collections::BTreeSet;

use super::Snapshot;
use crate::change::{Change, Conflict, Stage, Target};
use crate::model::{KeyView, ServiceSettings, State};
use crate::name::{Endpoint, KeyPath, ServicePath};
use crate::store::StoreError;

impl Snapshot<'_> {
    /// What an endpoint is bound to once the stage is committed.
    ///
    /// # Errors
    /// When the keystore can't be read.
    pub fn upcoming_binding(&self, endpoint: &Endpoint) -> Result<Option<KeyPath>, StoreError> {
        self.binding_with(endpoint, &self.stage)
    }

    /// What an endpoint is bound to once another stage than the one on disk is committed.
    pub(in crate::store) fn binding_with(
        &self,
        endpoint: &Endpoint,
        stage: &Stage,
    ) -> Result<Option<KeyPath>, StoreError> {
        stage.binding(endpoint).map_or_else(|| self.committed_binding(endpoint), |staged| Ok(staged.cloned()))
    }

    /// What an endpoint is bound to by the last commit.
    ///
    /// # Errors
    /// When the keystore can't be read.
    pub fn committed_binding(&self, endpoint: &Endpoint) -> Result<Option<KeyPath>, StoreError> {
        self.look(endpoint.server(), |state| state.binding(endpoint).map(|binding| binding.key.clone()))
    }

    /// How a service is published to by the last commit.
    ///
    /// # Errors
    /// When the keystore can't be read.
    pub fn committed_settings(&self, service: &ServicePath) -> Result<Option<ServiceSettings>, StoreError> {
        let settings = |state: &State| state.settings(service).map(|committed| committed.settings.clone());
        self.look(&service.server, settings)
    }

    /// How a service is published to once the stage is committed.
    ///
    /// # Errors
    /// When the keystore can't be read.
    pub fn upcoming_settings(&self, service: &ServicePath) -> Result<Option<ServiceSettings>, StoreError> {
        self.settings_with(service, &self.stage)
    }

    /// Every service of which it is said how it is published to, by the last commit or by what is staged.
    ///
    /// # Errors
    /// When the keystore can't be read.
    pub fn services(&self) -> Result<BTreeSet<ServicePath>, StoreError> {
        let mut services = BTreeSet::new();
        for server in self.servers()? {
            let said = self.server(&server)?.services.into_iter().filter(|(_, service)| service.settings.is_some());
            services.extend(said.map(|(protocol, _)| ServicePath { server: server.clone(), protocol }));
        }
        services.extend(self.stage.changes().filter_map(|change| match change.target() {
            Target::Service(service) => Some(service),
            _ => None,
        }));
        Ok(services)
    }

    /// How a service is published to once another stage than the one on disk is committed.
    pub(in crate::store) fn settings_with(
        &self,
        service: &ServicePath,
        stage: &Stage,
    ) -> Result<Option<ServiceSettings>, StoreError> {
        stage.settings(service).map_or_else(|| self.committed_settings(service), |staged| Ok(staged.cloned()))
    }

    /// Every endpoint that is bound to a key once the stage is committed.
    ///
    /// # Errors
    /// When the keystore can't be read.
    pub fn upcoming_endpoints_of(&self, key: &KeyView) -> Result<BTreeSet<Endpoint>, StoreError> {
        let staged = self.stage.changes().filter_map(Change::endpoint);
        let mut endpoints: BTreeSet<_> = key.bound.iter().chain(staged).cloned().collect();
        for endpoint in std::mem::take(&mut endpoints) {
            if self.upcoming_binding(&endpoint)?.as_ref() == Some(&key.path) {
                endpoints.insert(endpoint);
            }
        }
        Ok(endpoints)
    }

    /// The endpoints of a service that are bound by the last commit.
    ///
    /// # Errors
    /// When the keystore can't be read.
    pub fn committed_endpoints(&self, service: &ServicePath) -> Result<Vec<Endpoint>, StoreError> {
        self.look(&service.server, |state| state.bindings_of(service).map(|(endpoint, _)| endpoint).collect())
    }

    /// The endpoints of a service that are bound once the stage is committed.
    ///
    /// # Errors
    /// When the keystore can't be read.
    pub fn upcoming_endpoints(&self, service: &ServicePath) -> Result<Vec<Endpoint>, StoreError> {
        let mut endpoints = BTreeSet::from_iter(self.committed_endpoints(service)?);
        for endpoint in self.stage.changes().filter_map(Change::endpoint).filter(|it| it.service == *service) {
            match self.stage.binding(endpoint) {
                Some(Some(_)) => endpoints.insert(endpoint.clone()),
                _ => endpoints.remove(endpoint),
            };
        }
        Ok(Vec::from_iter(endpoints))
    }

    /// The committed state of every server that the stage touches, and the same after the stage.
    ///
    /// # Errors
    /// When the keystore can't be read. Changes that cannot be applied are the inner error.
    pub fn before_and_after(&self) -> Result<(State, Result<State, Vec<Conflict>>), StoreError> {
        let mut before = State::default();
        loop {
            let missing = self.stage.missing_servers(&before);
            if missing.is_empty() {
                break;
            }
            for server in missing {
                before.load(server.clone(), self.server(&server)?);
            }
        }
        let after = self.stage.apply(before.clone(), self.generation().next());
        Ok((before, after))
    }
}
