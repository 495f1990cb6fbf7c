//! A service as it is published to: what its administrator said, and what its profile knows of the rest.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use keystore::model::{AccountName, FileForm, FileMode, Hook, Profile, ServiceSettings};
use keystore::name::{Address, Endpoint, Host, ProbeUrl, ServicePath};
use keystore::store::Keystore;

use super::profile::{Files, Knowledge};

/// How long a program or a proof may take when nobody said.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A service with settings.
pub(crate) struct Service {
    pub(crate) path: ServicePath,
    pub(crate) settings: ServiceSettings,
    knowledge: &'static Knowledge,
}

/// Where a service is proven.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Door {
    pub(crate) url: ProbeUrl,
    /// Whether somebody said so; otherwise it is the usual place, where nobody need listen.
    pub(crate) said: bool,
}

impl Service {
    pub(crate) fn new(path: ServicePath, settings: ServiceSettings) -> Self {
        let knowledge = Knowledge::of(settings.profile);
        Self { path, settings, knowledge }
    }

    pub(crate) fn knowledge(&self) -> &'static Knowledge {
        self.knowledge
    }

    /// Tests its configuration.
    pub(crate) fn test(&self) -> Option<Hook> {
        said_or_known(self.settings.test.as_ref(), self.knowledge.test)
    }

    /// Has it read its files again.
    pub(crate) fn reload(&self) -> Option<Hook> {
        said_or_known(self.settings.reload.as_ref(), self.knowledge.reload)
    }

    /// Takes a new version to where it is read.
    pub(crate) fn publish(&self) -> Option<Hook> {
        said_or_known(self.settings.publish.as_ref(), None)
    }

    /// Brings the version before back.
    pub(crate) fn undo(&self) -> Option<Hook> {
        said_or_known(self.settings.undo.as_ref(), None)
    }

    /// How long a program or a proof may take.
    pub(crate) fn timeout(&self) -> Duration {
        self.settings.timeout.map_or(TIMEOUT, |seconds| Duration::from_secs(seconds.into()))
    }

    /// Whose its files are; a profile's own opinion counts for root alone, as nobody else can follow it.
    pub(crate) fn owner(&self, root: bool) -> Option<AccountName> {
        account(self.settings.owner.as_ref(), self.knowledge.owner, root)
    }

    /// The same of its group.
    pub(crate) fn group(&self, root: bool) -> Option<AccountName> {
        account(self.settings.group.as_ref(), self.knowledge.group, root)
    }

    /// The permission bits of files with the private key. Without a group of its own a file is nobody's but its owner's.
    pub(crate) fn mode(&self, root: bool) -> FileMode {
        let known = if self.group(root).is_some() { self.knowledge.mode } else { FileMode::PRIVATE };
        self.settings.mode.unwrap_or(known)
    }

    /// The files outside the keystore, by form. Those of an address of its own stand in a folder of its own.
    pub(crate) fn outside(&self, endpoint: &Endpoint) -> BTreeMap<FileForm, PathBuf> {
        let mut files = BTreeMap::new();
        if let Some(folder) = &self.settings.install_to {
            let folder = match endpoint.address {
                Address::Default => folder.as_path().to_owned(),
                Address::Socket(_) => folder.as_path().join(Keystore::endpoint_folder(endpoint)),
            };
            files.extend(self.knowledge.forms.iter().map(|form| (*form, folder.join(form.file_name()))));
        }
        files.extend(self.settings.files.iter().map(|(form, path)| (*form, path.as_path().to_owned())));
        files
    }

    /// Where its software reads the files of an endpoint.
    pub(crate) fn files(&self, keystore: &Keystore, endpoint: &Endpoint) -> Files {
        let live = keystore.live_folder(endpoint);
        let mut files: BTreeMap<_, _> = FileForm::ALL.map(|form| (form, live.join(form.file_name()))).into();
        files.extend(self.outside(endpoint));
        Files(files)
    }

    /// Where an endpoint, one of all `endpoints` that are bound, is seen. What is said belongs to the endpoint with its address; else
    /// to `default`, or to the only one.
    pub(crate) fn doors(&self, endpoint: &Endpoint, endpoints: &[Endpoint]) -> Vec<Door> {
        let others_of = |url: &ProbeUrl| endpoints.iter().find(|endpoint| is_at(url, endpoint.address));
        let takes_rest = endpoint.address == Address::Default || endpoints.len() == 1;
        let is_ours = |url: &&ProbeUrl| others_of(url).map_or(takes_rest, |other| other == endpoint);
        let said: Vec<_> = self.settings.probes.iter().filter(is_ours).cloned().collect();
        if !said.is_empty() {
            return said.into_iter().map(|url| Door { url, said: true }).collect();
        }
        // Nobody is told of new files: what is served is not ours to prove.
        if self.test().is_none() && self.reload().is_none() && self.publish().is_none() {
            return Vec::new();
        }
        let said = endpoint.address != Address::Default;
        ProbeUrl::of_endpoint(endpoint).into_iter().map(|url| Door { url, said }).collect()
    }

    /// Where a publication proves an endpoint.
    pub(crate) fn proofs(&self, endpoint: &Endpoint, endpoints: &[Endpoint]) -> Vec<Door> {
        // Exchange serves its certificate once somebody has run the script there.
        if self.settings.profile == Profile::Exchange { Vec::new() } else { self.doors(endpoint, endpoints) }
    }

    /// Whether anybody is told of new files, or looks at what is served.
    pub(crate) fn is_told(&self) -> bool {
        self.settings.profile != Profile::Exchange && self.reads_anew()
    }

    fn reads_anew(&self) -> bool {
        self.reload().is_some() || self.publish().is_some() || self.test().is_some() || !self.settings.probes.is_empty()
    }

    /// The name that is asked for: what was said, else the server's own when the certificate is valid for it, else the
    /// first that it is valid for.
    pub(crate) fn name(&self, names: &[Host]) -> Option<Host> {
        let server = Host::Name(self.path.server.clone());
        let own = names.contains(&server).then_some(server);
        self.settings.probe_name.clone().or(own).or_else(|| names.first().cloned())
    }
}

fn said_or_known(said: Option<&Hook>, known: Option<&'static [&'static str]>) -> Option<Hook> {
    let known = || known.map(|argv| Hook::Argv(argv.iter().map(|&word| word.to_owned()).collect()));
    said.cloned().or_else(known).filter(|hook| *hook != Hook::Nothing)
}

fn account(said: Option<&AccountName>, known: Option<&'static str>, root: bool) -> Option<AccountName> {
    said.cloned().or_else(|| known.filter(|_| root)?.parse().ok())
}

fn is_at(url: &ProbeUrl, address: Address) -> bool {
    matches!(address, Address::Socket(socket) if *url.host() == Host::Ip(socket.ip()) && url.port() == socket.port())
}
