use std::fmt;

use time::Duration;

use crate::model::Generation;
use crate::name::{Endpoint, KeyPath, ServicePath};
use crate::ops::probe;
use crate::ops::standing::Validity;
use crate::store::{AttemptOutcome, Phase, StorePath};
use crate::timestamp::Timestamp;

/// How bad something is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Severity {
    /// Nothing to be woken for.
    Note,
    /// Soon, or not as it was committed, and clients do not see it yet.
    Warning,
    /// It could not be looked at, and may be anything.
    Unknown,
    /// Clients are refused, or will be soon.
    Critical,
}

impl Severity {
    /// Every one, the worst first.
    pub const ALL: [Self; 4] = [Self::Critical, Self::Unknown, Self::Warning, Self::Note];

    /// A short word for programs and people.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Unknown => "unknown",
            Self::Critical => "critical",
        }
    }
}

/// Where a certificate was found.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Source {
    /// In the keystore: what a key runs on.
    Stored,
    /// In the folder that a service reads.
    Published,
    /// In a handshake.
    Live,
}

impl Source {
    /// A short word for programs and people.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Published => "published",
            Self::Live => "live",
        }
    }
}

/// What was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Matter {
    /// A certificate has expired, or will.
    Expiry {
        /// Where it was found.
        source: Source,
        /// How long it is good.
        validity: Validity,
        /// The time now.
        now: Timestamp,
        /// Whether the next one is staged.
        has_successor: bool,
    },
    /// A certificate is not valid yet.
    NotYetValid {
        /// From when on it is.
        not_before: Timestamp,
    },
    /// The private key in use may be known to somebody else.
    Compromised {
        /// Why it was marked so.
        reason: String,
    },
    /// Committed, and not published.
    Unpublished {
        /// The generation that should be published.
        committed: Generation,
        /// The one that is.
        published: Option<Generation>,
    },
    /// Published, and not recorded.
    Unrecorded {
        /// The generation that is published.
        published: Generation,
    },
    /// Files are not the ones that were committed.
    FilesDiffer,
    /// What is served is not as it should be.
    Served {
        /// Where.
        url: String,
        /// What is wrong.
        finding: probe::Finding,
    },
    /// What is served can't be read as a certificate.
    Unreadable {
        /// Where.
        url: String,
        /// Why.
        reason: String,
    },
    /// No handshake came about.
    Unreachable {
        /// Where.
        url: String,
        /// Why.
        reason: String,
    },
    /// Nobody listens at the usual place, of which nobody said that somebody does.
    NobodyThere {
        /// Where.
        url: String,
    },
    /// It could not be asked at all.
    NotAsked {
        /// Why.
        reason: String,
    },
    /// The newest attempt to publish failed.
    PublicationFailed {
        /// What was to be published.
        generation: Generation,
        /// When it ended.
        time: Timestamp,
        /// How.
        outcome: AttemptOutcome,
        /// What failed, and what is said of it.
        phase: Option<(Phase, Option<String>)>,
    },
    /// Whether the newest attempt to publish failed can't be told.
    AttemptDamaged {
        /// The file that should tell.
        path: StorePath,
    },
    /// After a crash the service may still serve what was taken back.
    ToBeTold,
    /// Changes wait for a commit.
    Staged {
        /// How many.
        changes: usize,
        /// Since when.
        since: Timestamp,
    },
}

impl Matter {
    /// A short word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Expiry { source, validity, now, .. } => match (source, validity.not_after < *now) {
                (Source::Stored, true) => "expired",
                (Source::Stored, false) => "expires",
                (Source::Published, true) => "published-expired",
                (Source::Published, false) => "published-expires",
                (Source::Live, true) => "live-expired",
                (Source::Live, false) => "live-expires",
            },
            Self::NotYetValid { .. } => "not-yet-valid",
            Self::Compromised { .. } => "compromised",
            Self::Unpublished { .. } => "unpublished",
            Self::Unrecorded { .. } => "unrecorded",
            Self::FilesDiffer => "files-differ",
            Self::Served { finding, .. } => finding.code(),
            Self::Unreadable { .. } => "unreadable-certificate",
            Self::Unreachable { .. } => "unreachable",
            Self::NobodyThere { .. } => "nobody-there",
            Self::NotAsked { .. } => "not-asked",
            Self::PublicationFailed { .. } => "publication-failed",
            Self::AttemptDamaged { .. } => "attempt-damaged",
            Self::ToBeTold => "to-be-told",
            Self::Staged { .. } => "staged",
        }
    }
}

impl fmt::Display for Matter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expiry { source, validity, now, has_successor } => {
                let what = match source {
                    Source::Stored => "its certificate",
                    Source::Published => "the certificate in its folder",
                    Source::Live => "the certificate that it serves",
                };
                let end = validity.not_after;
                match span(end.since(*now)) {
                    _ if end < *now => write!(f, "{what} expired {} ago, {end}", span(now.since(end)))?,
                    left => write!(f, "{what} expires in {left}, {end}")?,
                }
                if *has_successor { f.write_str("; the next one is staged") } else { Ok(()) }
            }
            Self::NotYetValid { not_before } => write!(f, "its certificate is not valid before {not_before}"),
            Self::Compromised { reason } => write!(f, "its private key is compromised ({reason}): replace it"),
            Self::Unpublished { committed, published: Some(published) } => write!(
                f,
                "committed in generation {committed} and not published: its files are from generation {published}"
            ),
            Self::Unpublished { committed, published: None } => {
                write!(f, "committed in generation {committed} and not published: it has no files")
            }
            Self::Unrecorded { published } => write!(
                f,
                "its files are from generation {published}, which is not recorded: a commit is under way, or was cut off"
            ),
            Self::FilesDiffer => f.write_str("its files are not the ones that were committed"),
            Self::Served { url, finding } => write!(f, "{url}: {finding}"),
            Self::Unreadable { url, reason } => write!(f, "{url}: its certificate can't be read: {reason}"),
            Self::Unreachable { url, reason } => write!(f, "{url}: {reason}"),
            Self::NobodyThere { url } => {
                write!(f, "nobody listens at {url}, its usual place: what it serves was not looked at")
            }
            Self::NotAsked { reason } => write!(f, "what it serves could not be looked at: {reason}"),
            Self::PublicationFailed { generation, time, outcome, phase } => {
                write!(f, "publishing generation {generation} failed at {time}")?;
                match phase {
                    Some((phase, Some(message))) => write!(f, " ({}: {message})", phase.as_str())?,
                    Some((phase, None)) => write!(f, " ({})", phase.as_str())?,
                    None => {}
                }
                match outcome {
                    AttemptOutcome::UndoIncomplete => f.write_str(", and could not be taken back whole"),
                    _ => f.write_str(" and was taken back"),
                }
            }
            Self::AttemptDamaged { path } => write!(
                f,
                "{path} is damaged: it should say how the newest publication went; `keyring doctor --repair` sets it aside"
            ),
            Self::ToBeTold => f.write_str("it may still serve what was taken back: `keyring publish` tells it again"),
            Self::Staged { changes: 1, since } => write!(f, "1 change has been staged since {since}"),
            Self::Staged { changes, since } => write!(f, "{changes} changes have been staged since {since}"),
        }
    }
}

/// A length of time in its largest unit of which there are two.
#[must_use]
pub fn span(length: Duration) -> String {
    let units = [(length.whole_days(), "days"), (length.whole_hours(), "hours"), (length.whole_minutes(), "minutes")];
    match units.into_iter().find(|(count, _)| *count >= 2) {
        Some((count, unit)) => format!("{count} {unit}"),
        None => "less than two minutes".to_owned(),
    }
}

/// Something that was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The key that it is about.
    pub key: Option<KeyPath>,
    /// The endpoint.
    pub endpoint: Option<Endpoint>,
    /// The service, where it is about all of it.
    pub service: Option<ServicePath>,
    /// What.
    pub matter: Matter,
}

impl Finding {
    pub(super) fn of_key(severity: Severity, key: &KeyPath, matter: Matter) -> Self {
        Self { severity, key: Some(key.clone()), endpoint: None, service: None, matter }
    }

    /// About an endpoint that is bound to a key.
    #[must_use]
    pub fn of_endpoint(severity: Severity, key: &KeyPath, endpoint: &Endpoint, matter: Matter) -> Self {
        Self { severity, key: Some(key.clone()), endpoint: Some(endpoint.clone()), service: None, matter }
    }

    pub(super) fn of_service(severity: Severity, service: Option<&ServicePath>, matter: Matter) -> Self {
        Self { severity, key: None, endpoint: None, service: service.cloned(), matter }
    }

    /// What it is about: the endpoint, else the key, else the service.
    #[must_use]
    pub fn about(&self) -> Option<String> {
        let endpoint = self.endpoint.as_ref().map(ToString::to_string);
        let key = || self.key.as_ref().map(ToString::to_string);
        endpoint.or_else(key).or_else(|| self.service.as_ref().map(ToString::to_string))
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.about() {
            Some(about) => write!(f, "{about}: {}", self.matter),
            None => self.matter.fmt(f),
        }
    }
}
