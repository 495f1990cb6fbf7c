//! `doctor`: everything a keystore holds, held against everything else in it, and mended where nothing can be lost.

use super::Error;
use crate::model::Mark;
use crate::progress::Progress;
use crate::store::StoreError;
pub use crate::store::{Code, Counts, Diagnosis, Finding, Mended, Remedy, Repair, Scope, Severity, examine};
use crate::store::{Disk, Locked, Placing};
use crate::world::World;

/// What is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Request {
    /// Whether to mend what can be mended without any loss.
    pub repair: bool,
    /// The record that the log must hold.
    pub expected: Option<Mark>,
    /// Where the files of an endpoint outside the keystore are; they are not looked at when nobody says it.
    pub placing: Option<Placing>,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What was done, in order.
    pub mended: Vec<Mended>,
    /// What is left.
    pub diagnosis: Diagnosis,
}

/// Examines a keystore, and repairs it where that was asked for.
///
/// The first look takes no lock. Where it finds something, a second look at the same places, under both locks, tells
/// a fault from what a writer had in hand. Where the locks can't be had, what two looks found alike is a fault.
///
/// # Errors
/// When there is no keystore here, one in a newer format, or one that belongs to somebody else; for a repair, when
/// another process holds a lock too long.
pub fn doctor(disk: &dyn Disk, world: &World, request: &Request, progress: &dyn Progress) -> Result<Outcome, Error> {
    let scope = Scope::expecting(request.expected, request.placing);
    let first = examine(disk, world, &scope, progress)?;
    if first.findings.is_empty() {
        return Ok(Outcome { diagnosis: first, mended: Vec::new() });
    }
    match Locked::take(disk, world) {
        Ok(locked) => {
            let diagnosis = locked.look_again(&scope, &first, progress)?;
            if !request.repair {
                return Ok(Outcome { diagnosis, mended: Vec::new() });
            }
            let (mended, diagnosis) = locked.repair(&scope, diagnosis, progress)?;
            Ok(Outcome { mended, diagnosis })
        }
        Err(error @ StoreError::Interrupted) => Err(error.into()),
        Err(error) if request.repair => Err(error.into()),
        Err(_) => {
            let second = examine(disk, world, &scope, progress)?;
            Ok(Outcome { diagnosis: second.confirming(&first), mended: Vec::new() })
        }
    }
}
