//! The keys of one server: its index against its folders.

use std::collections::{BTreeMap, BTreeSet};

use super::super::layout::{self, PRIVATE_FILE, PRIVATE_FOLDER};
use super::finding::{Code, Finding};
use super::known::Known;
use super::look::{Belongs, Look, Seen};
use super::remedy::Repair;
use super::version::{Adoption, Version};
use crate::model::{KeyFacts, ServerFacts, VersionNumber};
use crate::name::{KeyName, KeyPath, Protocol, ServerName, ServicePath};

/// What became of the index.
enum Index {
    Sound(ServerFacts),
    Missing,
    Damaged(String),
    /// That has been found.
    Unreadable,
}

impl Index {
    fn key(&self, key: &KeyPath) -> Option<&KeyFacts> {
        let Self::Sound(facts) = self else { return None };
        facts.key(key)
    }
}

/// Looks at a server's folder.
pub(super) fn examine(look: &mut Look<'_>, server: &ServerName, known: &Known) {
    let folder = layout::servers().join(server.as_str());
    let path = layout::facts(server);
    let protocols = look.survey(&folder, |name| {
        let protocol = || name.parse::<Protocol>().is_ok().then_some(Belongs::Folder(PRIVATE_FOLDER));
        if folder.join(name) == path { Some(Belongs::File(PRIVATE_FILE)) } else { protocol() }
    });
    let index = match look.read(&path) {
        Seen::Missing => Index::Missing,
        Seen::Unreadable => Index::Unreadable,
        Seen::Bytes(bytes) => match serde_json::from_slice(&bytes) {
            Ok(facts) => Index::Sound(facts),
            Err(error) => Index::Damaged(error.to_string()),
        },
    };
    let nothing = ServerFacts::default();
    let facts = if let Index::Sound(facts) = &index { facts } else { &nothing };

    let mut folders = folders(look, server, &protocols);
    let indexed = facts.keys(server).map(|(key, _)| key);
    for key in known.named.keys().filter(|key| key.server() == server).cloned().chain(indexed) {
        folders.entry(key).or_default();
    }
    let mut adoptions = Vec::new();
    for (key, versions) in &folders {
        look.counts.keys += u64::from(index.key(key).is_some());
        let found = examine_key(look, key, versions, &index, known);
        adoptions.extend(found.into_iter().map(|adoption| (key.clone(), adoption)));
    }
    report(look, server, &index, adoptions);
}

/// The folders of versions, by key.
fn folders(
    look: &mut Look<'_>,
    server: &ServerName,
    protocols: &[String],
) -> BTreeMap<KeyPath, BTreeSet<VersionNumber>> {
    let mut folders: BTreeMap<KeyPath, BTreeSet<VersionNumber>> = BTreeMap::new();
    for protocol in protocols.iter().filter_map(|name| name.parse::<Protocol>().ok()) {
        let service = ServicePath { server: server.clone(), protocol };
        let folder = layout::servers().join(server.as_str()).join(service.protocol.as_str());
        let a_folder = Belongs::Folder(PRIVATE_FOLDER);
        let names = look.survey(&folder, |name| name.parse::<KeyName>().is_ok().then_some(a_folder));
        for name in names.iter().filter_map(|name| name.parse().ok()) {
            let key = KeyPath { service: service.clone(), name };
            let is_version = |name: &str| layout::version_number(name).is_some().then_some(a_folder);
            let versions = look.survey(&layout::key(&key), is_version);
            folders.insert(key, versions.iter().filter_map(|name| layout::version_number(name)).collect());
        }
    }
    folders
}

fn examine_key(
    look: &mut Look<'_>,
    key: &KeyPath,
    folders: &BTreeSet<VersionNumber>,
    index: &Index,
    known: &Known,
) -> Vec<Adoption> {
    let (facts, is_index_sound) = (index.key(key), matches!(index, Index::Sound(_)));
    let indexed = facts.into_iter().flat_map(|facts| &facts.versions).map(|version| version.number);
    let named = known.of_key(key).map(|(named, _)| named.version);
    let numbers: BTreeSet<_> = folders.iter().copied().chain(indexed).chain(named).collect();
    let mut adoptions = Vec::new();
    for number in numbers {
        let indexed = facts.and_then(|facts| facts.version(number));
        let version = Version { key, number, indexed, is_index_sound, known };
        if folders.contains(&number) && version.is_pruned(look) {
            version.pruned(look);
        } else if folders.contains(&number) {
            adoptions.extend(version.examine(look));
        } else {
            version.lost(look);
        }
    }
    adoptions
}

/// Says what the index lacks: entry by entry, or as a whole when it is lost as a whole.
fn report(look: &mut Look<'_>, server: &ServerName, index: &Index, adoptions: Vec<(KeyPath, Adoption)>) {
    let whole = |code, message: String, adoptions: Vec<(KeyPath, Adoption)>| {
        let entries = adoptions.into_iter().map(|(key, adoption)| (key, adoption.facts)).collect();
        let repair = Repair::WriteIndex { server: server.clone(), entries };
        Finding::new(code, layout::facts(server), message).mended_by(repair)
    };
    match index {
        Index::Sound(_) => adoptions.into_iter().for_each(|(_, adoption)| look.found(adoption.finding)),
        Index::Missing if adoptions.is_empty() => {}
        Index::Missing => {
            let message = "it is missing, and private keys stand there: it was lost, or a crash came before it";
            look.found(whole(Code::IndexMissing, message.to_owned(), adoptions));
        }
        Index::Damaged(reason) => look.found(whole(Code::IndexDamaged, reason.clone(), adoptions)),
        Index::Unreadable => {}
    }
}
