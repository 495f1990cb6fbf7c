//! The keystore on disk. `layout` is the only maker of paths, `disk` the only place that touches files.
//!
//! Why a crash can't hurt, in the order in which to read:
//!
//! 1. `disk`: nothing is durable before a sync. A file is written beside its place, synced, and renamed into it, so that
//!    what stands in a place is whole.
//! 2. `facts`: a private key and the folders above it are durable before the index names it. What no index names was
//!    never reported.
//! 3. `staged`: one file, replaced whole.
//! 4. `tree`: the state is named by its content and only added to. A file that an earlier generation may share is only
//!    replaced by one that is durable already.
//! 5. `publication`: the intent is whole before anything is switched; the new versions, the state and the record's bytes are
//!    durable before a link is renamed; the links before the record is there. Linking the record is the commit.
//!    `install` does the same for files outside the keystore, which are made durable one by one.
//! 6. `recovery`: the intent and whether the record is there say what to do; each step can be done twice, and what it
//!    forgets goes last, after a sync of what makes it dispensable.
//! 7. `lock`: a writer that did not come to its end left names that are seen and not durable; the next one syncs first.
//! 8. `transaction`: what is written on top of a record must not outlive it.
//! 9. `readings`: who reads a private key is written down, durably, before it is given away.
//!
//! The tests in `keystore/tests/store/crash` fail, kill and cut the power at every operation of all this.

mod aside;
mod attempt;
mod authorities;
mod backup;
mod base;
mod batch;
mod brief;
mod disk;
mod doctor;
mod error;
mod facts;
mod format;
mod install;
mod intent;
mod keystore;
mod layout;
mod live;
mod local_ca;
mod lock;
mod log;
mod place;
mod prune;
mod publication;
mod reach;
mod readings;
mod real_disk;
mod recovery;
mod restore;
mod snapshot;
mod staged;
mod told;
mod transaction;
mod tree;

pub use attempt::{Attempt, AttemptOutcome, FailedAttempt, Phase, PhaseAttempt, PhaseOutcome, ServiceAttempt};
pub use backup::{BackupError, Inventory, Manifest};
pub use base::Base;
pub use batch::NewKey;
pub use brief::ServerBrief;
pub use disk::{Access, Disk, DiskError, Entry, Kind, LockFile, Status};
pub use doctor::{Code, Counts, Diagnosis, Finding, Locked, Mended, Remedy, Repair, Scope, Severity, examine};
pub use error::StoreError;
pub use install::{Placed, Placing};
pub use keystore::{Config, Defaults, Keystore, SubjectDefaults};
pub use layout::StorePath;
pub use local_ca::{NewLocalCa, Remains};
pub use log::{EndpointChange, Pair, Record};
pub use prune::{PrunePlan, PruneRequest, ServerCut};
pub use publication::{
    CommitError, Committing, Install, Ownership, Prepared, Proposal, Publication, Publishing, Recorded, Recording,
    Switched,
};
pub use readings::{Disclosure, Purpose, ReadKey, Reading, ReadingFault};
pub use real_disk::RealDisk;
pub use restore::{FromBackup, RestoreError};
pub use snapshot::{PublishedFiles, Snapshot};
pub use transaction::{NewVersion, Transaction, WrittenCertificate};
