//! Points in time as the keystore writes them: UTC, whole seconds, RFC 3339.

use std::fmt;
use std::str::FromStr;

use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime, UtcOffset};

use crate::name::serde_as_text;

/// A point in time in UTC, whole seconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Timestamp(OffsetDateTime);

/// Text that is not an RFC 3339 date and time.
#[derive(Debug, thiserror::Error)]
#[error("{text:?} is not an RFC 3339 date and time")]
pub struct TimestampError {
    text: String,
    #[source]
    source: time::error::Parse,
}

impl Timestamp {
    /// Seconds since 1970-01-01T00:00:00Z, clamped to the years that can be written (-9999 to 9999).
    #[must_use]
    pub fn from_unix(seconds: i64) -> Self {
        let limit = if seconds < 0 { OffsetDateTime::UNIX_EPOCH } else { LATEST };
        Self(OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(limit))
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn unix(self) -> i64 {
        self.0.unix_timestamp()
    }

    /// The time from `earlier` to `self`; negative when `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        self.0 - earlier.0
    }

    /// The date alone, `2026-11-21`.
    #[must_use]
    pub fn date(self) -> String {
        self.0.date().to_string()
    }
}

const LATEST: OffsetDateTime = time::macros::datetime!(9999-12-31 23:59:59 UTC);

impl From<OffsetDateTime> for Timestamp {
    fn from(time: OffsetDateTime) -> Self {
        Self::from_unix(time.to_offset(UtcOffset::UTC).unix_timestamp())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.format(&Rfc3339).map_err(|_| fmt::Error)?)
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, TimestampError> {
        match OffsetDateTime::parse(text, &Rfc3339) {
            Ok(time) => Ok(time.into()),
            Err(source) => Err(TimestampError { text: text.to_owned(), source }),
        }
    }
}

serde_as_text!(Timestamp);

#[cfg(test)]
mod tests {
    use super::Timestamp;

    #[test]
    fn is_written_in_utc_and_whole_seconds() {
        let time = "2026-11-21T19:30:00.75+01:00".parse::<Timestamp>().unwrap();
        assert_eq!(time.to_string(), "2026-11-21T18:30:00Z");
        assert_eq!(time.date(), "2026-11-21");
        assert_eq!(Timestamp::from_unix(time.unix()), time);
    }

    #[test]
    fn survives_the_ends_of_time() {
        assert_eq!(Timestamp::from_unix(i64::MAX).to_string(), "9999-12-31T23:59:59Z");
        assert_eq!(Timestamp::from_unix(i64::MIN).to_string(), "1970-01-01T00:00:00Z");
    }
}
