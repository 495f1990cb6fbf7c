//! Files that other programs make requests from: configs of `openssl req` and INF files of Windows' `certreq`. Pure:
//! text in, what is asked for out. What can't be done is refused with its line, all of it at once; what has no meaning
//! here is named.

mod certreq;
mod name;
mod notes;
mod openssl;

use std::fmt;

use crate::pki::{Extensions, KeyAlgorithm, Subject, SubjectAltName, TemplateName, decode_text};
use notes::Notes;

/// Larger than any request config.
const LIMIT: usize = 1 << 20;
/// More lines than any request config has.
const LINES: usize = 10_000;

/// What a request config asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RequestConfig {
    /// Whose it is.
    pub form: Form,
    /// The subject, in the order given.
    pub subject: Subject,
    /// The names.
    pub names: Vec<SubjectAltName>,
    /// The Microsoft certificate template.
    pub certificate_template: Option<TemplateName>,
    /// What the certificate shall be used for.
    pub extensions: Extensions,
    /// The private key it is meant for.
    pub key: Option<WantedKey>,
    /// What has no meaning here, and what to look at, by line.
    pub notes: Vec<Note>,
}

/// The program that a config is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// `openssl req -config`.
    OpenSsl,
    /// `certreq -new`.
    Certreq,
}

/// The private key that a config asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WantedKey {
    /// Where it says so.
    pub line: usize,
    /// What it says, as `default_bits = 2048`.
    pub says: String,
    /// The algorithm here that it is; none when there is none, as for 1024 bits.
    pub algorithm: Option<KeyAlgorithm>,
}

/// Something about a line.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Note {
    /// The line, counted from 1.
    pub line: usize,
    /// What there is to say about it.
    pub text: String,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.text)
    }
}

/// Why a config was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestConfigError {
    /// Nothing in the file.
    #[error("the file is empty")]
    Empty,
    /// Neither form.
    #[error(
        "it is no request config: it has neither a section [req], as openssl's have, nor [NewRequest], as certreq's"
    )]
    NotAConfig,
    /// More than anybody writes.
    #[error("it is larger than any request config: at most 1 MiB and 10,000 lines are read")]
    TooLarge,
    /// Lines that can't be done.
    #[error("{} of its lines cannot be done here", faults.len())]
    Lines {
        /// Every one of them.
        faults: Vec<Note>,
    },
}

/// Reads a config of either form, in whatever encoding an editor saved it.
///
/// # Errors
/// When it is neither, or names every line that can't be done here.
pub fn read(bytes: &[u8]) -> Result<RequestConfig, RequestConfigError> {
    if bytes.len() > LIMIT {
        return Err(RequestConfigError::TooLarge);
    }
    let text = decode_text(bytes);
    if text.trim().is_empty() {
        return Err(RequestConfigError::Empty);
    }
    if text.lines().count() > LINES {
        return Err(RequestConfigError::TooLarge);
    }
    let has_section = |name: &str| text.lines().filter_map(section_name).any(|found| found.eq_ignore_ascii_case(name));
    let mut notes = Notes::default();
    let config = if has_section("NewRequest") {
        certreq::read(&text, &mut notes)
    } else if has_section("req") {
        openssl::read(&text, &mut notes)
    } else {
        return Err(RequestConfigError::NotAConfig);
    };
    let notes = notes.finish().map_err(|faults| RequestConfigError::Lines { faults })?;
    Ok(RequestConfig { notes, ..config })
}

/// `[ name ]`, perhaps with something behind it.
fn section_name(line: &str) -> Option<&str> {
    let (name, _) = line.trim_start().strip_prefix('[')?.split_once(']')?;
    Some(name.trim())
}

/// RSA of this size, when keys here have it.
fn rsa(bits: &str) -> Option<KeyAlgorithm> {
    match bits {
        "2048" => Some(KeyAlgorithm::Rsa2048),
        "3072" => Some(KeyAlgorithm::Rsa3072),
        "4096" => Some(KeyAlgorithm::Rsa4096),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
