//! What the log and the stage say of everything else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use super::super::format::encode;
use super::super::live::Expected;
use super::super::{Disk, Placing, layout};
use super::elsewhere::Elsewhere;
use super::finding::Finding;
use crate::change::Change;
use crate::digest::Digest;
use crate::model::{CertificateNumber, CommittedSettings, Generation, Installed, ServerState, VersionNumber};
use crate::name::{Endpoint, KeyPath, ServerName, ServicePath};

/// Material that a record, a state or the stage names.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Named {
    pub(super) version: VersionNumber,
    pub(super) certificate: CertificateNumber,
    pub(super) expected: Expected,
    pub(super) chain_length: usize,
    /// What is said of the certificate, by hash: there may be a hundred thousand.
    pub(super) summary: Digest,
}

impl Named {
    fn of(installed: &Installed) -> Self {
        Self {
            version: installed.version,
            certificate: installed.certificate,
            expected: Expected::of(installed),
            chain_length: installed.chain_length,
            summary: Digest::of(&encode(&installed.summary)),
        }
    }
}

/// Who names material.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Source {
    Generation(Generation),
    Stage,
}

impl Source {
    /// For people.
    pub(super) fn told(self) -> String {
        match self {
            Self::Generation(generation) => format!("generation {generation}"),
            Self::Stage => "the stage".to_owned(),
        }
    }

    /// A finding that it leads to.
    pub(super) fn leads_to(self, finding: Finding) -> Finding {
        match self {
            Self::Generation(generation) => finding.in_generation(generation),
            Self::Stage => finding.and(layout::stage()),
        }
    }
}

/// What must be published at an endpoint.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) key: KeyPath,
    pub(super) expected: Expected,
    /// The generation that made it so.
    pub(super) committed: Generation,
}

/// What the log and the stage say.
#[derive(Default)]
pub(super) struct Known {
    pub(super) named: BTreeMap<KeyPath, BTreeMap<Named, Source>>,
    /// The newest record there is.
    pub(super) head: Generation,
    /// Some records or states can't be read: what nothing names may be theirs.
    pub(super) is_broken: bool,
    /// What must be published; none when the newest state can't be read.
    pub(super) wanted: Option<BTreeMap<Endpoint, Wanted>>,
    /// How services of the newest state are published to.
    pub(super) settings: BTreeMap<ServicePath, CommittedSettings>,
    /// The newest generations that took back what was said of services, as far as the log goes.
    pub(super) unsaid: BTreeMap<ServicePath, Generation>,
    /// Endpoints of the newest state that are bound to a key without a certificate.
    pub(super) bound: BTreeSet<Endpoint>,
    /// Keys of the newest state with the newest version that is past: it left the tree, or a later one is current.
    pub(super) past: BTreeMap<KeyPath, VersionNumber>,
    /// Generations were cut off from the log: that none names a certificate tells nothing of one that is past.
    pub(super) is_cut_off: bool,
    /// Versions that a record, the newest state or the stage says are copies.
    pub(super) copied: BTreeSet<(KeyPath, VersionNumber)>,
    /// Where files outside the keystore are; none when they are not to be looked at.
    pub(super) placing: Option<Placing>,
    /// A commit was interrupted, or runs.
    pub(super) is_committing: bool,
    /// The endpoints that it switches.
    pub(super) in_hand: BTreeSet<Endpoint>,
    /// What is known of all private keys, read when somebody asks for it.
    elsewhere: OnceLock<Elsewhere>,
}

impl Known {
    pub(super) fn name(&mut self, key: &KeyPath, installed: &Installed, source: Source) {
        self.named.entry(key.clone()).or_default().entry(Named::of(installed)).or_insert(source);
    }

    /// Takes in what a change names.
    pub(super) fn name_by(&mut self, change: &Change, source: Source) {
        if let Some((key, installed)) = change.installed() {
            self.name(key, installed, source);
        }
        if let Some((key, versions)) = change.copies() {
            self.copied(key, versions);
        }
    }

    /// Takes in that versions of a key are copies.
    pub(super) fn copied(&mut self, key: &KeyPath, versions: &BTreeSet<VersionNumber>) {
        self.copied.extend(versions.iter().map(|version| (key.clone(), *version)));
    }

    /// What is known of all private keys.
    pub(super) fn elsewhere(&self, disk: &dyn Disk) -> &Elsewhere {
        self.elsewhere.get_or_init(|| Elsewhere::read(disk))
    }

    /// Takes in what a server's state names.
    pub(super) fn name_all(&mut self, server: &ServerName, state: &ServerState, generation: Generation) {
        for (key, installed) in currents(server, state) {
            self.name(&key, installed, Source::Generation(generation));
        }
    }

    /// Every server that something is said of.
    pub(super) fn servers(&self) -> BTreeSet<ServerName> {
        let endpoints = self.wanted.iter().flat_map(BTreeMap::keys).chain(&self.bound).map(Endpoint::server);
        self.named.keys().map(KeyPath::server).chain(endpoints).cloned().collect()
    }

    /// What is named of one key.
    pub(super) fn of_key(&self, key: &KeyPath) -> impl Iterator<Item = (&Named, Source)> {
        self.named.get(key).into_iter().flatten().map(|(named, source)| (named, *source))
    }
}

fn currents<'s>(server: &'s ServerName, state: &'s ServerState) -> impl Iterator<Item = (KeyPath, &'s Installed)> + 's {
    state.keys(server).filter_map(|(key, entry)| Some((key, &entry.current.as_ref()?.installed)))
}
