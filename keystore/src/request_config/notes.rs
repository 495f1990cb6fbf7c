use super::Note;

/// What is said about the lines of a config.
#[derive(Default)]
pub(super) struct Notes {
    faults: Vec<Note>,
    remarks: Vec<Note>,
}

impl Notes {
    /// The line can't be done here.
    pub(super) fn fault(&mut self, line: usize, text: impl Into<String>) {
        self.faults.push(Note { line, text: text.into() });
    }

    /// The line has no meaning here, or wants looking at.
    pub(super) fn remark(&mut self, line: usize, text: impl Into<String>) {
        self.remarks.push(Note { line, text: text.into() });
    }

    /// The value, or its refusal as a fault of the line.
    pub(super) fn take<T, E: std::fmt::Display>(&mut self, line: usize, value: Result<T, E>) -> Option<T> {
        value.map_err(|error| self.fault(line, error.to_string())).ok()
    }

    /// The remarks, or the faults when there are some, each by its line.
    pub(super) fn finish(self) -> Result<Vec<Note>, Vec<Note>> {
        let Self { mut faults, mut remarks } = self;
        let (list, is_good) = if faults.is_empty() { (&mut remarks, true) } else { (&mut faults, false) };
        list.sort();
        list.dedup();
        let list = std::mem::take(list);
        if is_good { Ok(list) } else { Err(list) }
    }
}
