//! What happened in which phase to which service, for people and programs.

use std::fmt;

use keystore::name::ServicePath;

use crate::output::{CodedJson, Page, RowJson, style};

/// What publishing does, in this order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Phase {
    /// A program takes the files to where they are read.
    Publish,
    /// The service's configuration is tested.
    Test,
    /// The service reads its files again.
    Reload,
    /// What it serves is looked at.
    Prove,
}

impl Phase {
    /// The word for programs and people.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Publish => "publish",
            Self::Test => "test",
            Self::Reload => "reload",
            Self::Prove => "prove",
        }
    }

    /// What was done, once it is.
    fn done(self) -> &'static str {
        match self {
            Self::Publish => "given its files",
            Self::Test => "tested",
            Self::Reload => "reloaded",
            Self::Prove => "proven",
        }
    }
}

/// How a phase ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ending {
    /// As it should.
    Done,
    /// It did not.
    Failed,
    /// There was nobody to prove it with.
    Unproven,
}

impl Ending {
    /// The word for programs and people.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Unproven => "unproven",
        }
    }
}

/// One service in one phase.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) service: ServicePath,
    pub(crate) phase: Phase,
    /// Whether it was part of taking everything back.
    pub(crate) back: bool,
    pub(crate) ending: Ending,
    /// Why, where it did not end as it should.
    pub(crate) message: String,
}

impl Row {
    fn phase(&self) -> String {
        if self.back { format!("undo: {}", self.phase.name()) } else { self.phase.name().to_owned() }
    }
}

/// Every service in every phase that it came to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table(pub(crate) Vec<Row>);

impl Table {
    pub(crate) fn add(&mut self, service: &ServicePath, phase: Phase, back: bool, result: Result<(), String>) {
        let (ending, message) = match result {
            Ok(()) => (Ending::Done, String::new()),
            Err(message) => (Ending::Failed, message),
        };
        self.0.push(Row { service: service.clone(), phase, back, ending, message });
    }

    /// The first that failed on the way there.
    fn failed(&self) -> Option<&Row> {
        self.0.iter().find(|row| !row.back && row.ending == Ending::Failed)
    }

    /// What was not taken back. A reload that failed on the way back is no loss where the proof shows that what was
    /// served before is served: the command itself may be wrong, which is why it failed on the way there.
    fn left(&self) -> Vec<&Row> {
        let is_proven = |row: &Row| {
            let same = |other: &&Row| other.back && other.service == row.service && other.phase == Phase::Prove;
            self.0.iter().filter(same).any(|other| other.ending == Ending::Done)
        };
        let is_left =
            |row: &&Row| row.back && row.ending == Ending::Failed && !(row.phase == Phase::Reload && is_proven(row));
        self.0.iter().filter(is_left).collect()
    }

    /// The same for programs.
    pub(crate) fn json(&self) -> Vec<RowJson> {
        let row = |row: &Row| RowJson {
            service: row.service.to_string(),
            phase: row.phase(),
            outcome: row.ending.name(),
            message: row.message.clone(),
        };
        self.0.iter().map(row).collect()
    }

    /// Says in a line what was done with each service, and warns of what nobody proved.
    pub(crate) fn say(&self, page: &mut Page) {
        let mut services: Vec<&ServicePath> = self.0.iter().map(|row| &row.service).collect();
        services.sort_unstable();
        services.dedup();
        for service in services {
            let of = |ending| self.0.iter().filter(move |row| row.service == *service && row.ending == ending);
            let done: Vec<_> = of(Ending::Done).map(|row| row.phase.done()).collect();
            if !done.is_empty() {
                page.line(format_args!("  {service}: {}", done.join(", ")));
            }
            for row in of(Ending::Unproven) {
                page.tagged(style::WARN, "warning:", format_args!("{service} is not proven: {}", row.message));
            }
        }
    }

    /// The rows as lines of a table.
    pub(crate) fn lines(&self) -> Vec<CodedJson> {
        let width = |of: fn(&Row) -> usize| self.0.iter().map(of).max().unwrap_or_default();
        let service = width(|row| row.service.to_string().len());
        let phase = width(|row| row.phase().len());
        let line = |row: &Row| CodedJson {
            code: row.ending.name(),
            message: format!(
                "{:service$}  {:phase$}  {:8}  {}",
                row.service.to_string(),
                row.phase(),
                row.ending.name(),
                row.message
            )
            .trim_end()
            // what programs say has lines of its own
            .replace('\n', "\n      "),
        };
        self.0.iter().map(line).collect()
    }
}

/// Publishing failed. Whether everything is as it was stands in the table.
#[derive(Debug)]
pub(crate) struct PublishFault {
    pub(crate) table: Table,
    /// Why the files could not be put back.
    pub(crate) files: Option<keystore::store::StoreError>,
}

impl PublishFault {
    /// Whether everything is as it was.
    pub(crate) fn is_undone(&self) -> bool {
        self.files.is_none() && self.table.left().is_empty()
    }
}

impl fmt::Display for PublishFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("publishing failed")?;
        if let Some(row) = self.table.failed() {
            write!(f, " at {} ({})", row.service, row.phase.name())?;
        }
        if self.is_undone() {
            return f.write_str(" and everything is as it was");
        }
        let mut left = self.table.left();
        left.dedup_by(|a, b| a.service == b.service);
        let left: Vec<_> = left.iter().map(|row| row.service.to_string()).collect();
        f.write_str(" and could not be taken back whole")?;
        if left.is_empty() { Ok(()) } else { write!(f, ": see to {}", left.join(", ")) }
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

    fn fault(rows: &[(Phase, bool, bool)]) -> PublishFault {
        let mut table = Table::default();
        for (phase, back, done) in rows {
            let result = if *done { Ok(()) } else { Err("no".to_owned()) };
            table.add(&"mail01/imap".parse().unwrap(), *phase, *back, result);
        }
        PublishFault { table, files: None }
    }

    #[test]
    fn what_is_proven_is_taken_back_whatever_its_reload_said() {
        let there = (Phase::Reload, false, false);
        let reload = (Phase::Reload, true, false);
        let proven = fault(&[there, reload, (Phase::Prove, true, true)]);
        assert!(proven.is_undone());
        assert_eq!(proven.to_string(), "publishing failed at mail01/imap (reload) and everything is as it was");
        assert!(!fault(&[there, reload]).is_undone(), "nobody looked");
        let broken = fault(&[there, reload, (Phase::Prove, true, false)]);
        assert!(broken.to_string().ends_with("and could not be taken back whole: see to mail01/imap"), "{broken}");
        assert!(!fault(&[there, (Phase::Publish, true, false), (Phase::Prove, true, true)]).is_undone());
    }
}
