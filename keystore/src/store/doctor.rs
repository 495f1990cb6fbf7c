//! Everything that a keystore holds, held against everything else that it holds.
//!
//! It works beneath [`Snapshot`](super::Snapshot): with a log that can't be read, a configuration that is lost, any file
//! gone. Nothing stops at the first fault. [`examine`] looks and changes nothing; what it finds is data.

mod account;
mod certificates;
mod elsewhere;
mod finding;
mod history;
mod known;
mod live;
mod local_ca;
mod look;
mod material;
mod remedy;
mod repair;
mod replay;
mod server;
mod version;
mod whole;

use std::collections::BTreeSet;
use std::convert::Infallible;

pub use finding::{Code, Finding, Severity};
pub use look::Counts;
pub use remedy::{Remedy, Repair};
pub use repair::{Locked, Mended};

use super::layout::{self, PASSAGE, PRIVATE_FOLDER, StorePath};
use super::{Disk, Placing, StoreError, format};
use crate::model::{Generation, Mark};
use crate::name::ServerName;
use crate::parallel;
use crate::progress::Progress;
use crate::world::World;
use finding::Unit;
use known::Known;
use look::{Belongs, Look};

/// What came of a look at a keystore.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Diagnosis {
    /// What was found, the worst first.
    pub findings: Vec<Finding>,
    /// How much was checked.
    pub counts: Counts,
}

impl Diagnosis {
    /// Whether there is nothing but notes.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.findings.iter().all(|finding| finding.severity() == Severity::Note)
    }

    /// The first generation whose record or state is damaged.
    #[must_use]
    pub fn first_broken(&self) -> Option<Generation> {
        let is_of_log = |finding: &&Finding| {
            use Code as C;
            matches!(finding.code, C::RecordMissing | C::RecordDamaged | C::RecordForeign | C::RecordExchanged)
                || matches!(finding.code, C::StateMissing | C::StateDamaged | C::StateDiffers | C::ExpectedDiffers)
        };
        self.findings.iter().filter(is_of_log).filter_map(|finding| finding.generation).min()
    }

    /// What another look found too.
    #[must_use]
    pub fn confirming(mut self, other: &Self) -> Self {
        self.findings.retain(|finding| other.findings.iter().any(|before| finding.is_same(before)));
        self
    }

    fn sorted(mut self) -> Self {
        self.findings.sort_by(|a, b| (a.severity(), a.code, &a.paths).cmp(&(b.severity(), b.code, &b.paths)));
        self
    }
}

/// What to look at, and how.
#[derive(Clone, Default)]
pub struct Scope {
    /// The record that the log must hold.
    pub expected: Option<Mark>,
    /// Where the files of an endpoint outside the keystore are; they are not looked at when nobody says it.
    pub placing: Option<Placing>,
    /// Whether the caller holds the lock for publishing.
    is_locked: bool,
    /// The parts to look at; all of them when there are none.
    units: Option<BTreeSet<Unit>>,
}

impl Scope {
    /// Everything; the log must hold this record, and files outside the keystore are where this says.
    #[must_use]
    pub fn expecting(expected: Option<Mark>, placing: Option<Placing>) -> Self {
        Self { expected, placing, ..Self::default() }
    }

    /// Another look at whatever something was found in.
    fn again(&self, diagnosis: &Diagnosis) -> Self {
        let units = diagnosis.findings.iter().map(|finding| finding.unit.clone()).collect();
        Self { units: Some(units), ..self.clone() }
    }

    fn includes(&self, unit: &Unit) -> bool {
        self.units.as_ref().is_none_or(|units| units.contains(unit))
    }
}

/// Looks at a keystore, without any lock: what a writer has in hand may be found as a fault.
///
/// # Errors
/// When there is no keystore, one in a newer format, or one that belongs to somebody else.
pub fn examine(
    disk: &dyn Disk,
    world: &World,
    scope: &Scope,
    progress: &dyn Progress,
) -> Result<Diagnosis, StoreError> {
    check_is_keystore(disk)?;
    let root = disk.look(&StorePath::root())?;
    let user = rustix::process::geteuid().as_raw();
    if root.owner != user {
        return Err(StoreError::ForeignOwner { path: disk.root().to_path_buf(), owner: root.owner, user });
    }
    let mut look = Look::new(disk, world, root.owner);
    check_root(&mut look, root.mode);
    let mut known = whole::examine(&mut look, scope.expected, scope.is_locked);
    known.placing = scope.placing;
    let units: Vec<_> = units(&mut look, &known).into_iter().filter(|unit| scope.includes(unit)).collect();
    progress.begin("examining servers", units.len() as u64);
    let looks = examine_units(&look, &units, &known, progress);
    looks.into_iter().for_each(|other| look.absorb(other));
    Ok(Diagnosis { findings: look.findings, counts: look.counts }.sorted())
}

/// Refuses what is no keystore, and what this program does not know.
fn check_is_keystore(disk: &dyn Disk) -> Result<(), StoreError> {
    let path = disk.root().to_path_buf();
    match disk.load(&layout::config()) {
        Ok(bytes) => match whole::newer_format(&bytes) {
            Some(format) => Err(StoreError::NewerFormat { path, format, known: format::VERSION }),
            None => Ok(()),
        },
        Err(error) if error.is_missing() && disk.exists(&layout::config().temporary())? => {
            Err(StoreError::Incomplete { path })
        }
        // One that lost its configuration has its folders.
        Err(error) if error.is_missing() && !history::stands(disk, &layout::commits()) => {
            Err(StoreError::NoKeystore { path })
        }
        Err(_) => Ok(()),
    }
}

/// The keystore's folder: its owner works in it, services are let through it to what they read, and nobody else writes to
/// it. That others can list it, as where a backup was unpacked, tells them nothing.
fn check_root(look: &mut Look<'_>, mode: u32) {
    const WRITABLE: u32 = 0o022;
    let fault = if mode & WRITABLE != 0 {
        "others can write to the keystore"
    } else if mode & PASSAGE != PASSAGE {
        "its owner or a service can't do there what it must"
    } else {
        return;
    };
    let message = format!("its mode is {mode:04o}: {fault}");
    let repair = Repair::SetMode { path: StorePath::root(), mode: PASSAGE };
    look.found(Finding::new(Code::Mode, StorePath::root(), message).mended_by(repair));
}

/// Everything that is looked at on its own, whether it stands there or is only spoken of.
fn units(look: &mut Look<'_>, known: &Known) -> BTreeSet<Unit> {
    let server = |mode| move |name: &str| name.parse::<ServerName>().is_ok().then_some(Belongs::Folder(mode));
    let servers = look.survey(&layout::servers(), server(PRIVATE_FOLDER));
    let live = look.survey(&layout::live(), server(PASSAGE));
    let parse = |names: Vec<String>| names.into_iter().filter_map(|name| name.parse().ok());
    let spoken_of = known.servers();
    let servers = parse(servers).chain(spoken_of.iter().cloned()).map(Unit::Server);
    let live = parse(live).chain(spoken_of.iter().cloned()).map(Unit::Live);
    servers.chain(live).collect()
}

/// Looks at each unit, on as many threads as there are: parsing keys and verifying requests is what takes the time.
fn examine_units<'d>(look: &Look<'d>, units: &[Unit], known: &Known, progress: &dyn Progress) -> Vec<Look<'d>> {
    let examine = |unit: &Unit| -> Result<_, Infallible> {
        let mut look = look.at(unit.clone());
        match unit {
            Unit::Server(server) => server::examine(&mut look, server, known),
            Unit::Live(server) => live::examine(&mut look, server, known),
            Unit::Whole => {}
        }
        progress.advance(1);
        Ok(look)
    };
    match parallel::each(look.world.threads, units, examine) {
        Ok(looks) => looks,
        Err(never) => match never {},
    }
}
