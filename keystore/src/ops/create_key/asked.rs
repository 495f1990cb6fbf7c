//! A list of keys to be made: a line each, `SERVER/PROTOCOL/NAME` or a JSON object.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::Deserialize;

use crate::name::{KeyPath, PathError};
use crate::ops::make_csr::{SubjectFields, merge};
use crate::pki::{
    KeyAlgorithm, KeyAlgorithmError, Passphrase, RequestTemplate, Subject, SubjectAltName, SubjectAltNameError,
    SubjectError,
};
use crate::store::Defaults;

/// A key that is asked for.
#[derive(Debug)]
pub struct Asked {
    /// The line it stands in, counted from 1.
    pub line: usize,
    /// The key.
    pub key: KeyPath,
    /// What its private key is made with.
    pub algorithm: KeyAlgorithm,
    /// What its private key is encrypted to.
    pub passphrase: Option<Arc<Passphrase>>,
    /// The request that is made with it.
    pub request: Option<RequestTemplate>,
}

/// A line that is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineFault {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub fault: AskedFault,
}

impl fmt::Display for LineFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.fault)
    }
}

/// Why a line is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AskedFault {
    /// Not UTF-8.
    #[error("it is not UTF-8 text")]
    NotText,
    /// Neither a key nor the JSON of one.
    #[error("it is not the JSON object of a key: {reason}")]
    Json {
        /// What is wrong.
        reason: String,
    },
    /// The key's name.
    #[error(transparent)]
    Key(#[from] PathError),
    /// The algorithm.
    #[error(transparent)]
    Algorithm(#[from] KeyAlgorithmError),
    /// The subject.
    #[error("the subject is refused: {0}")]
    Subject(#[from] SubjectError),
    /// A name.
    #[error("a name is refused: {0}")]
    Name(#[from] SubjectAltNameError),
    /// A request that says nothing.
    #[error("the request for {key} would have neither a subject nor a name")]
    Nameless {
        /// The key.
        key: KeyPath,
    },
    /// The same key again.
    #[error("{key} stands in line {first} already")]
    Repeated {
        /// The key.
        key: KeyPath,
        /// Where it stands.
        first: usize,
    },
    /// The key is there.
    #[error("{key} is there already")]
    Exists {
        /// The key.
        key: KeyPath,
    },
}

impl AskedFault {
    /// A short word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotText | Self::Json { .. } => "bad-line",
            Self::Key(_) => "bad-name",
            Self::Algorithm(_) => "bad-algorithm",
            Self::Subject(_) => "bad-subject",
            Self::Name(_) => "bad-subject-alt-name",
            Self::Nameless { .. } => "bad-request",
            Self::Repeated { .. } => "repeated",
            Self::Exists { .. } => "key-exists",
        }
    }
}

/// Reads a list. Empty lines and lines that begin with `#` say nothing. `algorithm` is for keys that name none, and a
/// request without a subject gets that of `defaults`.
///
/// # Errors
/// Every line that is refused.
pub fn read(list: &[u8], algorithm: KeyAlgorithm, defaults: &Defaults) -> Result<Vec<Asked>, Vec<LineFault>> {
    let (mut asked, mut faults) = (Vec::new(), Vec::new());
    let mut lines: BTreeMap<KeyPath, usize> = BTreeMap::new();
    let list = list.strip_prefix("\u{feff}".as_bytes()).unwrap_or(list);
    for (index, text) in list.split(|octet| *octet == b'\n').enumerate() {
        let line = index + 1;
        let text = text.trim_ascii();
        if text.is_empty() || text.starts_with(b"#") {
            continue;
        }
        match read_line(line, text, algorithm, defaults) {
            Ok(one) => {
                let first = *lines.entry(one.key.clone()).or_insert(line);
                if first < line {
                    faults.push(LineFault { line, fault: AskedFault::Repeated { key: one.key.clone(), first } });
                }
                asked.push(one);
            }
            Err(fault) => faults.push(LineFault { line, fault }),
        }
    }
    if faults.is_empty() { Ok(asked) } else { Err(faults) }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    key: String,
    algorithm: Option<String>,
    subject: Option<String>,
    san: Option<Vec<String>>,
}

fn read_line(line: usize, text: &[u8], algorithm: KeyAlgorithm, defaults: &Defaults) -> Result<Asked, AskedFault> {
    let text = std::str::from_utf8(text).map_err(|_| AskedFault::NotText)?;
    if !text.starts_with('{') {
        return Ok(Asked { line, key: text.parse()?, algorithm, passphrase: None, request: None });
    }
    let given: Line = serde_json::from_str(text).map_err(|error| AskedFault::Json { reason: reason(&error) })?;
    let key: KeyPath = given.key.parse()?;
    let algorithm = given.algorithm.as_deref().map_or(Ok(algorithm), str::parse)?;
    let request = request(&key, given.subject.as_deref(), given.san.as_deref(), defaults)?;
    Ok(Asked { line, key, algorithm, passphrase: None, request })
}

/// The reason without serde's own count of lines: there is but one.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or(&text);
    format!("{text}, at character {}", error.column())
}

/// The request that a subject or names ask for, as `make-csr` takes them.
fn request(
    key: &KeyPath,
    subject: Option<&str>,
    names: Option<&[String]>,
    defaults: &Defaults,
) -> Result<Option<RequestTemplate>, AskedFault> {
    if subject.is_none() && names.is_none() {
        return Ok(None);
    }
    let subject: Subject = match subject {
        Some(text) => text.parse()?,
        None => merge(None, &defaults.subject, &SubjectFields::default())?,
    };
    let names =
        names.unwrap_or_default().iter().map(|name| name.parse()).collect::<Result<Vec<SubjectAltName>, _>>()?;
    if subject.is_empty() && names.is_empty() {
        return Err(AskedFault::Nameless { key: key.clone() });
    }
    Ok(Some(RequestTemplate { subject, names, ..RequestTemplate::default() }))
}

#[cfg(test)]
mod tests;
