//! Two-phase publishing: what happens between the preparation of a commit and its record.
//!
//! The library writes and switches files; here the services come in. A pair is loaded into a TLS library before
//! anything is switched. After the switch every service of which something is said gets its files, is tested, reloaded
//! and proven by handshakes; where one of them fails, all of it is taken back and what was served before is proven.

mod account;
mod archive;
mod attempt;
mod exchange;
mod load;
mod placed;
mod plan;
mod profile;
mod proof;
mod round;
mod service;
mod shared;
mod table;

use std::collections::BTreeSet;
use std::path::Path;

use keystore::model::{Generation, ServiceSettings};
use keystore::name::{Endpoint, ServicePath};
use keystore::ops::publish::ToPublish;
use keystore::store::{
    CommitError, Committing, Keystore, Prepared, Proposal, Publication, Recorded, Snapshot, StoreError, Switched,
};

pub(crate) use account::AccountError;
pub(crate) use exchange::{PROVIDER as EXCHANGE_PROVIDER, service_name as exchange_service};
pub(crate) use placed::placed;
use round::Round;
pub(crate) use service::{Door, Service};
pub(crate) use table::{PublishFault, Table};

use crate::error::Failure;
use crate::{interrupt, outside};

/// Whether a publication of this keystore has started this process.
pub(crate) fn is_inside(store: &Path) -> bool {
    outside::variable("KEYRING_PHASE").is_some()
        && outside::variable("KEYRING_STORE").is_some_and(|inside| Path::new(&inside) == store)
}

/// Publishes and records, or takes everything back.
pub(crate) fn commit(
    keystore: &Keystore,
    committing: Committing<'_>,
    proposal: &mut Proposal,
) -> Result<(Recorded, Table), Failure> {
    let snapshot = committing.snapshot()?.with_stage(proposal.stage.clone());
    let mut told = tell_again(keystore, &committing, &snapshot)?;
    let round = begin(keystore, &snapshot, upcoming(&snapshot), proposal.base.next(), &mut proposal.publications)?;
    // From the first switched link to the record, Ctrl-C waits or takes everything back: nothing is left in between.
    interrupt::critical(|| {
        let (switched, table) = drive(keystore, &round, &told, committing.prepare(proposal)?)?;
        told.0.extend(table.0);
        let switched = switched.settling(round.services_in_full());
        let recorded = switched.record().map_err(|error| tell_back(keystore, &round, &told, error))?;
        Ok((recorded, told))
    })
}

/// Publishes what was committed before, or takes everything back.
pub(crate) fn publish(
    keystore: &Keystore,
    committing: Committing<'_>,
    publications: &mut [Publication],
) -> Result<Table, Failure> {
    let snapshot = committing.snapshot()?;
    let generation = snapshot.generation();
    let mut told = tell_again(keystore, &committing, &snapshot)?;
    if publications.is_empty() {
        return Ok(told);
    }
    let said =
        |service: &ServicePath| Ok((snapshot.committed_settings(service)?, snapshot.committed_endpoints(service)?));
    let round = begin(keystore, &snapshot, said, generation, publications)?;
    interrupt::critical(|| {
        let prepared = committing.prepare_publication(generation, publications)?;
        let (switched, table) = drive(keystore, &round, &told, prepared)?;
        let switched = switched.settling(round.services_in_full());
        switched.keep().map_err(|error| tell_back(keystore, &round, &told, error))?;
        told.0.extend(table.0);
        Ok(told)
    })
}

/// What is said of a service, and its endpoints that are bound.
type Said = (Option<ServiceSettings>, Vec<Endpoint>);

/// What is said once the stage is committed.
fn upcoming(snapshot: &Snapshot<'_>) -> impl Fn(&ServicePath) -> Result<Said, StoreError> {
    |service| Ok((snapshot.upcoming_settings(service)?, snapshot.upcoming_endpoints(service)?))
}

/// Refuses where a commit would give an endpoint a file outside the keystore that another one has.
pub(crate) fn refuse_shared(snapshot: &Snapshot<'_>, publish: &ToPublish) -> Result<(), StoreError> {
    shared::refuse(snapshot, publish.iter().map(|(endpoint, ..)| endpoint), upcoming(snapshot))
}

/// Loads every pair, finds out what each service wants, and looks at what it serves now.
fn begin(
    keystore: &Keystore,
    snapshot: &Snapshot<'_>,
    said: impl Fn(&ServicePath) -> Result<Said, StoreError>,
    generation: Generation,
    publications: &mut [Publication],
) -> Result<Round, Failure> {
    publications.iter().try_for_each(load::load)?;
    shared::refuse(snapshot, publications.iter().map(|publication| &publication.endpoint), &said)?;
    let parts = plan::parts(keystore, snapshot, said, publications)?;
    Ok(Round::begin(keystore.root().to_owned(), generation, parts))
}

/// Switches the files and tells the services, after these were told again.
fn drive<'k, G>(
    keystore: &Keystore,
    round: &Round,
    told: &Table,
    prepared: Prepared<'k, G>,
) -> Result<(Switched<'k, G>, Table), Failure> {
    let switched = prepared.switch()?;
    let mut table = Table::default();
    match round.go(&mut table) {
        Ok(()) => {
            attempt::keep(keystore, round.generation, &table);
            Ok((switched, table))
        }
        Err(reached) => {
            // From here on it is known whom to tell, whatever happens to this process.
            let undone = switched.undo_to_tell();
            round.go_back(&mut table, &reached);
            let files = match undone {
                Ok(committing) => note(&committing, round, [told, &table]).err(),
                Err(error) => Some(error),
            };
            let fault = PublishFault { table, files, interrupted: interrupt::requested() };
            attempt::keep(keystore, round.generation, &fault.table);
            Err(Failure::Publishing(Box::new(fault)))
        }
    }
}

/// Takes note of whom it told what they read, and of whom somebody has to tell again: when services were left behind
/// and the disk takes no note of them, nothing else remembers.
fn note(committing: &Committing<'_>, round: &Round, tables: [&Table; 2]) -> Result<(), StoreError> {
    let left: BTreeSet<_> = tables.into_iter().flat_map(Table::left_behind).collect();
    committing.told(&round.services_without(&left))?;
    committing.owe(left.into_iter().cloned())
}

/// What was proven could not be recorded, and its files were put back: the services are told that.
fn tell_back(keystore: &Keystore, round: &Round, told: &Table, error: CommitError) -> CommitError {
    if matches!(error, CommitError::Undone(_)) {
        let mut table = Table::default();
        round.go_back(&mut table, &round.all());
        attempt::keep(keystore, round.generation, &table);
        // whoever is not taken off the list is told by the next commit or publication
        if let Ok(committing) = keystore.begin_commit() {
            let _ = note(&committing, round, [told, &table]);
        }
    }
    error
}

/// Tells services what they read that may have read what was taken back: a crash came, or they could not be told. Those
/// that fail are told again by the next commit or publication, and warned of.
fn tell_again(keystore: &Keystore, committing: &Committing<'_>, snapshot: &Snapshot<'_>) -> Result<Table, Failure> {
    let owed = snapshot.to_be_told()?;
    let mut table = Table::default();
    let mut told = BTreeSet::new();
    for service in owed {
        let mut one = Table::default();
        if let Some(part) = plan::published(keystore, snapshot, &service)? {
            let (round, reached) = Round::again(keystore.root().to_owned(), snapshot.generation(), vec![part]);
            interrupt::critical(|| round.go_back(&mut one, &reached));
        }
        if one.is_back() {
            told.insert(service);
        }
        table.0.extend(one.0);
    }
    committing.told(&told)?;
    Ok(table)
}
