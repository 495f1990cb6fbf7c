//! What is published, as it stands under `live/`.

use std::collections::BTreeSet;

use zeroize::Zeroizing;

use super::Snapshot;
use crate::model::{AbsolutePath, FileForm, Generation, Installed, State};
use crate::name::{Endpoint, Protocol, ServerName, ServicePath};
use crate::store::{Placed, Placing, StoreError, install, layout, live, told};

impl Snapshot<'_> {
    /// Every server that has a folder under `live/`.
    ///
    /// # Errors
    /// When the keystore can't be read.
    pub fn live_servers(&self) -> Result<BTreeSet<ServerName>, StoreError> {
        Ok(BTreeSet::from_iter(self.disk.folders(&layout::live())?))
    }

    /// Every endpoint of a server that has a folder under `live/`.
    ///
    /// # Errors
    /// When the keystore can't be read.
    pub fn live_endpoints(&self, server: &ServerName) -> Result<Vec<Endpoint>, StoreError> {
        let mut endpoints = Vec::new();
        let folder = layout::live().join(server.as_str());
        for protocol in self.disk.folders::<Protocol>(&folder)? {
            let addresses = self.disk.names(&folder.join(protocol.as_str()))?;
            let service = ServicePath { server: server.clone(), protocol };
            let addresses = addresses.iter().filter_map(|entry| layout::folder_address(&entry.name));
            endpoints.extend(addresses.map(|address| Endpoint { service: service.clone(), address }));
        }
        Ok(endpoints)
    }

    /// The generation that what is published at an endpoint is from; none when nothing is.
    ///
    /// # Errors
    /// When the keystore can't be read.
    pub fn published(&self, endpoint: &Endpoint) -> Result<Option<Generation>, StoreError> {
        let name = live::current(self.disk, endpoint)?;
        Ok(name.and_then(|name| layout::live_number(&name)).map(|(generation, _)| generation))
    }

    /// The files that are published at an endpoint; none when nothing is.
    ///
    /// # Errors
    /// When they can't be read.
    pub fn published_files(&self, endpoint: &Endpoint) -> Result<PublishedFiles, StoreError> {
        let Some(name) = live::current(self.disk, endpoint)? else { return Ok(Vec::new()) };
        let folder = layout::live_version(endpoint, &name);
        let file = |form: FileForm| Ok((form, Zeroizing::new(self.disk.load(&folder.join(form.file_name()))?)));
        FileForm::ALL.into_iter().map(file).collect()
    }

    /// The certificate file that is published at an endpoint; none when there is none that can be read.
    ///
    /// # Errors
    /// When the keystore can't be read.
    pub fn published_certificate(&self, endpoint: &Endpoint) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(name) = live::current(self.disk, endpoint)? else { return Ok(None) };
        let file = layout::live_version(endpoint, &name).join(FileForm::Certificate.file_name());
        Ok(self.disk.load(&file).ok())
    }

    /// Services that may still run on what was taken back: they are to be told what they read.
    ///
    /// # Errors
    /// When it can't be read or is damaged.
    pub fn to_be_told(&self) -> Result<BTreeSet<ServicePath>, StoreError> {
        told::load(self.disk)
    }

    /// Whether the files that are published at an endpoint are those of what is installed, and where nothing is said of
    /// its service for nobody but their maker: otherwise they are as was said before that was taken back.
    ///
    /// # Errors
    /// When the keystore can't be read.
    pub fn serves(&self, endpoint: &Endpoint, installed: &Installed) -> Result<bool, StoreError> {
        let Some(name) = live::current(self.disk, endpoint)? else { return Ok(false) };
        if layout::live_number(&name).is_none() {
            return Ok(false);
        }
        let folder = layout::live_version(endpoint, &name);
        let is_whole = live::faults(self.disk, &folder, Some(&live::Expected::of(installed))).is_empty();
        Ok(is_whole && (self.committed_settings(&endpoint.service)?.is_some() || live::is_plain(self.disk, &folder)?))
    }

    /// Whether nothing stands in a place outside the keystore, or what this endpoint was given there last. It may be
    /// another endpoint's otherwise.
    ///
    /// # Errors
    /// When the keystore can't be read.
    pub fn is_free_or_own(
        &self,
        endpoint: &Endpoint,
        path: &AbsolutePath,
        placing: Placing,
    ) -> Result<bool, StoreError> {
        if !install::stands(self.disk, path) {
            return Ok(true);
        }
        let last = |state: &State| {
            let settings = state.settings(&endpoint.service)?.settings.clone();
            Some((state.bound_since(endpoint)?, settings))
        };
        let (Some((since, settings)), Some(name)) =
            (self.look(endpoint.server(), last)?, live::current(self.disk, endpoint)?)
        else {
            return Ok(false);
        };
        // what is said since then has put nothing anywhere yet
        let is_published = layout::live_number(&name).is_some_and(|(published, _)| published >= since);
        let version = layout::live_version(endpoint, &name);
        let is_own = |copy: &Placed| copy.is_at(path) && install::is_whole(self.disk, &version, copy);
        Ok(is_published && placing(endpoint, &settings).iter().any(is_own))
    }

    /// The files outside the keystore that hold what is published at an endpoint, where they were put by the settings of
    /// its service.
    ///
    /// # Errors
    /// When the keystore can't be read.
    pub fn installed_files(&self, endpoint: &Endpoint, placing: Placing) -> Result<Vec<AbsolutePath>, StoreError> {
        let Some(name) = live::current(self.disk, endpoint)? else { return Ok(Vec::new()) };
        let Some(settings) = self.committed_settings(&endpoint.service)? else { return Ok(Vec::new()) };
        let version = layout::live_version(endpoint, &name);
        let path = |placed: Placed| match placed {
            Placed::Form { ref path, .. } if install::is_whole(self.disk, &version, &placed) => Some(path.clone()),
            Placed::Form { .. } | Placed::OneOf(_) => None,
        };
        Ok(placing(endpoint, &settings).into_iter().filter_map(path).collect())
    }

    /// Whether the files outside the keystore that are published with an endpoint are there, as they were put there.
    ///
    /// # Errors
    /// When the keystore can't be read.
    pub fn has_installed(&self, endpoint: &Endpoint, placing: Placing) -> Result<bool, StoreError> {
        let Some(name) = live::current(self.disk, endpoint)? else { return Ok(false) };
        let Some(settings) = self.committed_settings(&endpoint.service)? else { return Ok(true) };
        let folder = layout::live_version(endpoint, &name);
        Ok(install::faults(self.disk, &folder, &placing(endpoint, &settings)).is_empty())
    }
}

/// The files of one version of an endpoint.
pub type PublishedFiles = Vec<(FileForm, Zeroizing<Vec<u8>>)>;
