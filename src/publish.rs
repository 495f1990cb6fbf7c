//! Two-phase publishing: what happens between the preparation of a commit and its record.
//!
//! The library writes and switches files; here the services come in. A pair is loaded into a TLS library before
//! anything is switched. After the switch every service of which something is said gets its files, is tested, reloaded
//! and proven by handshakes; where one of them fails, all of it is taken back and what was served before is proven.

mod account;
mod archive;
mod hook;
mod load;
mod plan;
mod profile;
mod proof;
mod round;
mod service;
mod table;

use keystore::model::{Generation, ServiceSettings};
use keystore::name::ServicePath;
use keystore::store::{
    Committing, Keystore, Prepared, Proposal, Publication, Recorded, Snapshot, StoreError, Switched,
};

use crate::error::Failure;
use crate::interrupt;

pub(crate) use account::AccountError;
use round::Round;
pub(crate) use service::Service;
pub(crate) use table::{PublishFault, Table};

/// Publishes and records, or takes everything back.
pub(crate) fn commit(
    keystore: &Keystore,
    committing: Committing<'_>,
    proposal: &mut Proposal,
) -> Result<(Recorded, Table), Failure> {
    let snapshot = committing.snapshot()?;
    let settings = |service: &ServicePath| snapshot.upcoming_settings(service);
    let round = begin(keystore, &snapshot, settings, proposal.base.next(), &mut proposal.publications)?;
    // From the first switched link to the record, Ctrl-C waits or takes everything back: nothing is left in between.
    interrupt::critical(|| {
        let (switched, table) = drive(&round, committing.prepare(proposal)?)?;
        Ok((switched.record()?, table))
    })
}

/// Publishes what was committed before, or takes everything back.
pub(crate) fn publish(
    keystore: &Keystore,
    committing: Committing<'_>,
    generation: Generation,
    publications: &mut [Publication],
) -> Result<Table, Failure> {
    let snapshot = committing.snapshot()?;
    let settings = |service: &ServicePath| snapshot.committed_settings(service);
    let round = begin(keystore, &snapshot, settings, generation, publications)?;
    interrupt::critical(|| {
        let (switched, table) = drive(&round, committing.prepare_publication(generation, publications)?)?;
        switched.keep()?;
        Ok(table)
    })
}

/// Loads every pair, finds out what each service wants, and looks at what it serves now.
fn begin(
    keystore: &Keystore,
    snapshot: &Snapshot<'_>,
    settings: impl Fn(&ServicePath) -> Result<Option<ServiceSettings>, StoreError>,
    generation: Generation,
    publications: &mut [Publication],
) -> Result<Round, Failure> {
    publications.iter().try_for_each(load::load)?;
    Ok(Round::begin(generation, plan::parts(keystore, snapshot, settings, publications)?))
}

/// Switches the files and tells the services.
fn drive<'k, G>(round: &Round, prepared: Prepared<'k, G>) -> Result<(Switched<'k, G>, Table), Failure> {
    let switched = prepared.switch()?;
    let mut table = Table::default();
    match round.go(&mut table) {
        Ok(()) => Ok((switched, table)),
        Err(reached) => {
            let files = switched.undo().err();
            round.go_back(&mut table, &reached);
            Err(Failure::Publishing(Box::new(PublishFault { table, files })))
        }
    }
}
