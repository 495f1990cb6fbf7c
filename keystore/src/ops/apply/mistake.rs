//! Mistakes in the file, each with its place. All are told at once.

use std::collections::BTreeSet;
use std::fmt;

/// A file with a desired state.
#[derive(Clone, Debug)]
pub struct Source {
    /// How it is called.
    pub name: String,
    /// What stands in it.
    pub text: String,
}

/// A place in one of the files.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Place {
    /// Which of the files.
    pub(super) file: usize,
    /// How many octets come before.
    pub(super) offset: usize,
}

/// What is wrong at a place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mistake {
    /// The file.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The character in the line, counted from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, message } = self;
        write!(f, "{file}:{line}:{column}: {message}")
    }
}

/// The mistakes that were found so far.
pub struct Mistakes<'a> {
    sources: &'a [Source],
    /// Of one place, the first is told: a template has the same mistake for each of its servers.
    found: Vec<(Place, String)>,
    told: BTreeSet<Place>,
}

impl<'a> Mistakes<'a> {
    /// None yet.
    #[must_use]
    pub fn new(sources: &'a [Source]) -> Self {
        Self { sources, found: Vec::new(), told: BTreeSet::new() }
    }

    /// Takes one in.
    pub fn add(&mut self, place: Place, message: impl fmt::Display) {
        if self.told.insert(place) {
            self.found.push((place, message.to_string()));
        }
    }

    /// Where that is, for a person.
    pub(super) fn whereabouts(&self, place: Place) -> String {
        let (line, column) = position(&self.sources[place.file].text, place.offset);
        format!("{}:{line}:{column}", self.sources[place.file].name)
    }

    /// Nothing, where nothing is wrong.
    ///
    /// # Errors
    /// Every mistake, in the order of the files.
    pub fn check(mut self) -> Result<(), Vec<Mistake>> {
        if self.found.is_empty() {
            return Ok(());
        }
        self.found.sort();
        let mistake = |(place, message): (Place, String)| {
            let source = &self.sources[place.file];
            let (line, column) = position(&source.text, place.offset);
            Mistake { file: source.name.clone(), line, column, message }
        };
        Err(self.found.into_iter().map(mistake).collect())
    }
}

/// The line and the character in it, both counted from 1.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = &text.as_bytes()[..offset.min(text.len())];
    let line = before.iter().filter(|octet| **octet == b'\n').count() + 1;
    let start = before.iter().rposition(|octet| *octet == b'\n').map_or(0, |at| at + 1);
    (line, String::from_utf8_lossy(&before[start..]).chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::position;

    #[test]
    fn lines_and_characters_are_counted_from_one() {
        let text = "a = 1\nü = 22\n";
        assert_eq!(position(text, 0), (1, 1));
        assert_eq!(position(text, 4), (1, 5));
        assert_eq!(position(text, 6), (2, 1));
        // after a letter of two octets
        assert_eq!(position(text, 11), (2, 5));
        assert_eq!(position(text, 99), (3, 1));
    }
}
