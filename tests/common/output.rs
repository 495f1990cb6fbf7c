//! What the program said, made comparable.

use std::fmt;
use std::path::Path;

use serde_json::Value;

/// What a run of the program left: its exit code, standard output and standard error.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    root: String,
}

impl Output {
    pub(crate) fn of(output: std::process::Output, root: &Path) -> Self {
        let std::process::Output { status, stdout, stderr } = output;
        let code = status.code().unwrap_or_else(|| panic!("{status}"));
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code, stdout: text(stdout), stderr: text(stderr), root: root.to_str().unwrap().to_owned() }
    }

    /// Checks the exit code, and what holds for every run: no escapes, and no secret, on either side.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self}");
        for text in [&self.stdout, &self.stderr] {
            assert!(!text.contains('\x1b'), "escapes where there is no terminal: {text:?}");
            assert!(!text.contains("PRIVATE KEY"), "{self}");
        }
        self
    }

    /// The one JSON document on standard output, with nothing beside it.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.stderr, "", "nothing is said beside a document");
        assert!(self.stdout.ends_with('\n') && self.stdout.lines().count() == 1, "one line: {self}");
        let document: Value = serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self}"));
        assert_eq!(document["schema"], 1);
        assert!(document["command"].is_string(), "{self}");
        assert_eq!(document["ok"], self.code == 0, "{self}");
        // what a command was to find is its result, and what is wrong with it an error
        let found = ["findings", "waiting", "requests-failed"].iter().any(|code| document["error"]["code"] == *code);
        assert_eq!(document.get("result").is_some(), self.code == 0 || found, "{self}");
        assert_eq!(document.get("error").is_some(), self.code != 0, "{self}");
        document
    }

    /// `result` of the document of a command that succeeded.
    #[track_caller]
    pub(crate) fn result(&self) -> Value {
        self.json()["result"].clone()
    }

    /// `error` of the document of a command that failed.
    #[track_caller]
    pub(crate) fn error(&self) -> Value {
        let error = self.json()["error"].clone();
        for field in ["kind", "code", "message"] {
            assert!(error[field].is_string(), "{field} in {error}");
        }
        error
    }
}

/// For snapshots: JSON by lines, the test's folder by a name.
impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let document = serde_json::from_str::<Value>(&self.stdout).ok().filter(Value::is_object);
        let stdout = match document {
            Some(document) => format!("{document:#}\n"),
            None => self.stdout.clone(),
        };
        let text = format!("exit code {}\n-- stdout\n{stdout}-- stderr\n{}", self.code, self.stderr);
        f.write_str(&text.replace(&self.root, "[FOLDER]"))
    }
}

/// What differs from run to run, and the words that stand for it in snapshots.
pub(crate) const FILTERS: [(&str, &str); 18] = [
    (r"\b[0-9a-f]{64}\b", "[SHA256]"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "[TIME]"),
    (r"\d{4}-\d\d-\d\d", "[DATE]"),
    (r"-?\d+ days?\)", "[DAYS])"),
    (r"certificate [0-9a-f]{12}\b", "certificate [SHORT]"),
    (r"and not [0-9a-f]{12}\b", "and not [SHORT]"),
    (r"\b127\.0\.0\.1:\d{4,5}\b", "127.0.0.1:[PORT]"),
    (r"\b[0-9a-f]{2}(:[0-9a-f]{2})+\b", "[SERIAL]"),
    (r"process \d+", "process [PID]"),
    (r"\[TIME\] by \S+@\S+", "[TIME] by [ACTOR]"),
    (r#""(by|host|user|id|serial)": "[^"]*""#, r#""$1": "[...]""#),
    (r"(serial +)[0-9a-f]+", "$1[SERIAL]"),
    (r"\b[0-9a-f]{40}\b", "[SHA1]"),
    (r"\b[0-9a-f]{36}\b", "[SERIAL]"),
    (r#"(SPKI pin +|"spki_pin": ")[A-Za-z0-9+/]{43}="#, "$1[PIN]"),
    (r#""days_left": -?\d+"#, r#""days_left": [DAYS]"#),
    (r"(-----BEGIN [A-Z0-9 ]+-----\r?\n)(?:[A-Za-z0-9+/=]+\r?\n)+", "$1[BASE64]\n"),
    (r"(-----BEGIN [A-Z0-9 ]+-----)\\n(?:[A-Za-z0-9+/=]+\\n)+", r"$1\n[BASE64]\n"),
];

/// Compares a run of the program with what it was when somebody last looked at it.
#[allow(unused_macros, reason = "each test program uses a part")]
macro_rules! snapshot {
    ($output:expr, @$expected:literal) => {
        insta::with_settings!({ filters => $crate::common::output::FILTERS.to_vec() }, {
            insta::assert_snapshot!($output.to_string(), @$expected);
        })
    };
}
#[allow(unused_imports, reason = "each test program uses a part")]
pub(crate) use snapshot;
