//! What happened in which phase to which service, for people and programs.

use std::collections::BTreeSet;
use std::fmt;

use keystore::name::ServicePath;
use keystore::store::{Phase, PhaseAttempt, PhaseOutcome, ServiceAttempt, StoreError};
use serde::{Serialize, Serializer};

use crate::output::{CodedJson, Page, RowJson, style};

/// One service in one phase.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) service: ServicePath,
    pub(crate) did: PhaseAttempt,
}

impl Row {
    fn is(&self, outcome: PhaseOutcome) -> bool {
        self.did.outcome == outcome
    }

    fn message(&self) -> &str {
        self.did.message.as_deref().unwrap_or_default()
    }
}

/// Whether a service could not be brought back to what it had. A reload that failed on the way back is no loss where the
/// proof shows that what was served before is served: the command itself may be wrong, which is why it failed on the way
/// there.
pub(super) fn is_left_behind(dids: &[&PhaseAttempt]) -> bool {
    let failed = |phase| dids.iter().any(|did| did.phase == phase && did.has_failed());
    let is_proven = dids.iter().any(|did| did.phase == Phase::ProveFormer && did.outcome == PhaseOutcome::Done);
    failed(Phase::Undo) || failed(Phase::ProveFormer) || (failed(Phase::ReloadFormer) && !is_proven)
}

/// How a phase went: what a program printed, or why it failed.
pub(crate) type Did = Result<Option<String>, String>;

/// Every service in every phase that it came to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table(pub(crate) Vec<Row>);

impl Table {
    pub(crate) fn add(&mut self, service: &ServicePath, phase: Phase, did: Did) {
        let (outcome, message, output) = match did {
            Ok(output) => (PhaseOutcome::Done, None, output.filter(|output| !output.is_empty())),
            Err(message) => (PhaseOutcome::Failed, Some(message), None),
        };
        self.0.push(Row { service: service.clone(), did: PhaseAttempt { phase, outcome, message, output } });
    }

    /// Adds what nobody can tell, and why.
    pub(crate) fn skip(&mut self, service: &ServicePath, phase: Phase, message: String) {
        let did = PhaseAttempt { phase, outcome: PhaseOutcome::Unproven, message: Some(message), output: None };
        self.0.push(Row { service: service.clone(), did });
    }

    /// The first that failed on the way there.
    fn failed(&self) -> Option<&Row> {
        self.0.iter().find(|row| !row.did.phase.is_back() && row.did.has_failed())
    }

    /// Whether nothing that was taken back was left behind.
    pub(crate) fn is_back(&self) -> bool {
        self.left_behind().is_empty()
    }

    /// The services that could not be brought back to what they had.
    pub(crate) fn left_behind(&self) -> BTreeSet<&ServicePath> {
        let is_left = |service: &&ServicePath| {
            let dids = self.0.iter().filter(|row| row.service == **service).map(|row| &row.did);
            is_left_behind(&Vec::from_iter(dids))
        };
        self.services().into_iter().filter(is_left).collect()
    }

    fn services(&self) -> Vec<&ServicePath> {
        let mut services: Vec<_> = self.0.iter().map(|row| &row.service).collect();
        services.sort_unstable();
        services.dedup();
        services
    }

    /// The same by service, to be kept.
    pub(crate) fn kept(&self) -> Vec<ServiceAttempt> {
        let phases = |service: &ServicePath| {
            self.0.iter().filter(|row| row.service == *service).map(|row| row.did.clone()).collect()
        };
        let each = |service: &ServicePath| ServiceAttempt { service: service.clone(), phases: phases(service) };
        self.services().into_iter().map(each).collect()
    }

    /// Says in a line what was done with each service, and warns of what nobody proved.
    pub(crate) fn say(&self, page: &mut Page) {
        for service in self.services() {
            let rows = || self.0.iter().filter(|row| row.service == *service);
            let done: Vec<_> = rows().filter(|row| row.is(PhaseOutcome::Done)).map(|row| done(row.did.phase)).collect();
            if !done.is_empty() {
                page.line(format_args!("  {service}: {}", done.join(", ")));
            }
            for row in rows().filter(|row| !row.is(PhaseOutcome::Done)) {
                page.tagged(style::WARN, "warning:", format_args!("{service}: {}", row.message()));
            }
        }
    }

    /// The rows as lines of a table.
    pub(crate) fn lines(&self) -> Vec<CodedJson> {
        let width = |of: &dyn Fn(&Row) -> usize| self.0.iter().map(of).max().unwrap_or_default();
        let service = width(&|row| row.service.to_string().len());
        let phase = width(&|row| row.did.phase.as_str().len());
        let line = |row: &Row| {
            let (name, outcome) = (row.service.to_string(), row.did.outcome.as_str());
            let line = format!("{name:service$}  {:phase$}  {outcome:9}  {}", row.did.phase.as_str(), row.message());
            // what programs say has lines of its own
            CodedJson { code: outcome, message: line.trim_end().replace('\n', "\n      ") }
        };
        self.0.iter().map(line).collect()
    }
}

/// For programs: a row each.
impl Serialize for Table {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.0.iter().map(|row| RowJson::of(&row.service, &row.did)))
    }
}

/// What was done, once it is.
fn done(phase: Phase) -> &'static str {
    match phase {
        Phase::Publish => "given its files",
        Phase::Test => "tested",
        Phase::Reload => "reloaded",
        Phase::Prove => "proven",
        Phase::Undo => "given its files of before",
        Phase::ReloadFormer => "reloaded with its files of before",
        Phase::ProveFormer => "proven to serve what it did before",
    }
}

/// Publishing failed. Whether everything is as it was stands in the table.
#[derive(Debug)]
pub(crate) struct PublishFault {
    pub(crate) table: Table,
    /// Why the files could not be put back.
    pub(crate) files: Option<StoreError>,
    /// Whether somebody pressed Ctrl-C.
    pub(crate) interrupted: bool,
}

impl PublishFault {
    /// Whether everything is as it was.
    pub(crate) fn is_undone(&self) -> bool {
        self.files.is_none() && self.table.is_back()
    }
}

impl fmt::Display for PublishFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("publishing failed")?;
        if let Some(row) = self.table.failed() {
            write!(f, " at {} ({})", row.service, row.did.phase.as_str())?;
        }
        if self.is_undone() {
            return f.write_str(" and everything is as it was");
        }
        f.write_str(" and could not be taken back whole")?;
        let left: Vec<_> = self.table.left_behind().into_iter().map(ToString::to_string).collect();
        let left = left.join(", ");
        if left.is_empty() { Ok(()) } else { write!(f, ": see to {left}") }
    }
}

impl std::error::Error for PublishFault {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.files.as_ref().map(|error| error as _)
    }
}

#[cfg(test)]
mod tests {
    use super::{Phase, PublishFault, Table};

    fn fault(rows: &[(Phase, Result<(), &str>)]) -> PublishFault {
        let mut table = Table::default();
        for (phase, did) in rows {
            let did = did.map(|()| None).map_err(str::to_owned);
            table.add(&"mail01/imap".parse().unwrap(), *phase, did);
        }
        PublishFault { table, files: None, interrupted: false }
    }

    #[test]
    fn what_is_proven_is_taken_back_whatever_its_reload_said() {
        let reloads = [(Phase::Reload, Err("no")), (Phase::ReloadFormer, Err("no"))];
        let proven = fault(&[reloads[0], reloads[1], (Phase::ProveFormer, Ok(()))]);
        assert!(proven.is_undone());
        assert_eq!(proven.to_string(), "publishing failed at mail01/imap (reload) and everything is as it was");
        assert!(!fault(&reloads).is_undone(), "nobody looked");
        let broken = fault(&[reloads[0], reloads[1], (Phase::ProveFormer, Err("no"))]);
        assert!(broken.to_string().ends_with("and could not be taken back whole: see to mail01/imap"), "{broken}");
    }

    #[test]
    fn the_lines_of_a_program_stay_with_their_row() {
        let table = fault(&[(Phase::Test, Err("ended: one\ntwo")), (Phase::ProveFormer, Ok(()))]).table;
        let lines: Vec<_> = table.lines().into_iter().map(|line| line.message).collect();
        let rows = ["mail01/imap  test          failed     ended: one\n      two", "mail01/imap  prove-former  done"];
        assert_eq!(lines, rows);
    }
}
