//! The keystore on disk. `layout` is the only maker of paths, `disk` the only place that touches files.

mod backup;
mod base;
mod batch;
mod brief;
mod disk;
mod doctor;
mod error;
mod facts;
mod format;
mod intent;
mod keystore;
mod layout;
mod live;
mod lock;
mod log;
mod place;
mod prune;
mod publication;
mod reach;
mod real_disk;
mod recovery;
mod restore;
mod snapshot;
mod staged;
mod transaction;
mod tree;

pub use backup::{BackupError, Inventory, Manifest};
pub use base::Base;
pub use batch::NewKey;
pub use brief::ServerBrief;
pub use disk::{Disk, DiskError, Entry, Kind, LockFile, Status};
pub use doctor::{Code, Counts, Diagnosis, Finding, Locked, Mended, Remedy, Repair, Scope, Severity, examine};
pub use error::StoreError;
pub use keystore::{Config, Defaults, Keystore, SubjectDefaults};
pub use layout::StorePath;
pub use log::{EndpointChange, Pair, Record};
pub use prune::{PrunePlan, PruneRequest, ServerCut};
pub use publication::{
    CommitError, Committing, Prepared, Proposal, Publication, Publishing, Recorded, Recording, Switched,
};
pub use real_disk::RealDisk;
pub use restore::RestoreError;
pub use snapshot::Snapshot;
pub use transaction::{NewVersion, Transaction, WrittenCertificate};
