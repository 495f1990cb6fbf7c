//! The guides: what they have their readers write is what is started here.

use std::path::{Path, PathBuf};

use crate::common::Keyring;

/// The keystore of the guides.
const STORE: &str = "/var/lib/keyring";

/// A page of docs/guides, with what stands in it replaced by what is true of a test.
pub(crate) struct Guide {
    page: &'static str,
    text: String,
    changes: Vec<(String, String)>,
}

/// Something that stands by itself in a page.
pub(crate) struct Block {
    pub(crate) language: String,
    /// Its lines, those that go on in the next one joined.
    pub(crate) text: String,
    /// The file that was named last before it.
    pub(crate) file: Option<PathBuf>,
}

impl Guide {
    /// Reads a page. Its keystore is the test's, and so is the server that it has its service on.
    pub(crate) fn read(page: &'static str, keyring: &Keyring, written: &str, server: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/guides").join(page);
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let store = crate::common::text(&keyring.store());
        let mut guide = Self { page, text, changes: Vec::new() };
        guide.text = guide.text.replace(STORE, &store);
        // as the first part of a service, `web01/https`, alone or in a path
        guide.text = guide.text.replace(&format!("{written}/"), &format!("{server}/"));
        guide
    }

    /// Replaces what only holds on a machine of its own: ports, accounts, folders.
    #[track_caller]
    pub(crate) fn with(mut self, written: &str, here: impl Into<String>) -> Self {
        assert!(self.text.contains(written), "{} says nothing of {written:?} any more", self.page);
        let here = here.into();
        self.text = self.text.replace(written, &here);
        self.changes.push((written.to_owned(), here));
        self
    }

    /// The block of configuration: the one in this language.
    #[track_caller]
    pub(crate) fn configuration(&self, language: &str) -> String {
        let fence = format!("```{language}\n");
        let (_, rest) = self.text.split_once(&fence).unwrap_or_else(|| panic!("{} has no {language} block", self.page));
        let (block, _) = rest.split_once("```").expect("a block ends");
        block.to_owned()
    }

    /// What the guide has its reader do, block by block.
    pub(crate) fn blocks(&self) -> Vec<Block> {
        let (mut blocks, mut file) = (Vec::new(), None);
        for (at, part) in self.text.split("```").enumerate() {
            // every other part is prose
            if let (1, Some((language, text))) = (at % 2, part.split_once('\n')) {
                let (language, text) = (language.to_owned(), text.replace("\\\n", " "));
                blocks.push(Block { language, text, file: file.take() });
            } else {
                let quoted = part.split('`').skip(1).step_by(2);
                file = quoted.filter(|words| words.starts_with('/')).last().map(PathBuf::from);
            }
        }
        blocks
    }

    /// What the guide has its reader say of a service to `keyring set-service`, in the end.
    #[track_caller]
    pub(crate) fn said(&self, service: &str) -> Vec<String> {
        self.everything_said(service).pop().unwrap_or_else(|| panic!("{} says nothing of {service}", self.page))
    }

    /// The same, one thing after the other.
    pub(crate) fn everything_said(&self, service: &str) -> Vec<Vec<String>> {
        let text = self.text.replace("\\\n", " ");
        let start = format!("keyring set-service {service} ");
        let lines = text.lines().filter_map(|line| line.trim().strip_prefix(&start));
        lines.map(|line| shell_words::split(line).expect("words")).collect()
    }

    /// Whether the page has these words, as they are here.
    pub(crate) fn has(&self, words: &str) -> bool {
        self.text.contains(words)
    }

    /// Holds the configuration against the lines that `keyring show-service` prints for it.
    #[track_caller]
    pub(crate) fn has_lines(&self, keyring: &Keyring, service: &str) {
        let shown = keyring.json(&["show-service", service]);
        for line in shown["lines"].as_array().expect("lines") {
            let mut line = words(line.as_str().expect("a line"));
            for (written, here) in &self.changes {
                // what names a path is in place already
                if !line.contains(here) {
                    line = line.replace(written, here);
                }
            }
            let has = self.text.lines().any(|written| words(written) == line);
            assert!(has, "{}: `keyring show-service {service}` says {line:?} and the page does not", self.page);
        }
    }
}

/// A line without the spaces that line it up.
fn words(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}
