use std::time::Duration;

use der::DateTime;
use x509_cert::time::Time;

use super::IssueError;
use crate::timestamp::Timestamp;

const DAY: i64 = 86_400;

/// From when to when a certificate is valid, both seconds included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Validity {
    not_before: Timestamp,
    not_after: Timestamp,
}

impl Validity {
    /// From the first of these seconds to the last.
    ///
    /// # Errors
    ///
    /// [`IssueError::Validity`] when the end is not after the beginning, or the beginning is before 1970.
    pub fn new(not_before: Timestamp, not_after: Timestamp) -> Result<Self, IssueError> {
        if not_before.unix() < 0 || not_after <= not_before {
            return Err(IssueError::Validity { not_before, not_after });
        }
        Ok(Self { not_before, not_after })
    }

    /// So many whole days.
    ///
    /// # Errors
    ///
    /// [`IssueError::Validity`] when there is none.
    pub fn of_days(not_before: Timestamp, days: u32) -> Result<Self, IssueError> {
        // RFC 5280 section 4.1.2.5: the last second is part of it
        Self::new(not_before, Timestamp::from_unix(not_before.unix() + i64::from(days) * DAY - 1))
    }

    /// The first second.
    #[must_use]
    pub fn not_before(self) -> Timestamp {
        self.not_before
    }

    /// The last second.
    #[must_use]
    pub fn not_after(self) -> Timestamp {
        self.not_after
    }

    pub(super) fn encoded(self) -> der::Result<x509_cert::time::Validity> {
        Ok(x509_cert::time::Validity::new(encoded(self.not_before)?, encoded(self.not_after)?))
    }
}

/// `UTCTime` up to 2049, `GeneralizedTime` from then on (RFC 5280 section 4.1.2.5).
pub(super) fn encoded(time: Timestamp) -> der::Result<Time> {
    let seconds = u64::try_from(time.unix()).unwrap_or(0);
    DateTime::from_unix_duration(Duration::from_secs(seconds)).map(Time::from)
}

#[cfg(test)]
mod tests {
    use der::Encode;

    use super::{Validity, encoded};
    use crate::timestamp::Timestamp;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_kind_of_time_goes_by_the_year() {
        let der = |text| encoded(time(text)).unwrap().to_der().unwrap();
        assert_eq!(der("2049-12-31T23:59:59Z"), b"\x17\x0d491231235959Z");
        assert_eq!(der("2050-01-01T00:00:00Z"), b"\x18\x0f20500101000000Z");
        assert_eq!(der("9999-12-31T23:59:59Z"), b"\x18\x0f99991231235959Z");
        assert_eq!(der("1970-01-01T00:00:00Z"), b"\x17\x0d700101000000Z");
    }

    #[test]
    fn days_are_whole_and_at_least_one() {
        let start = time("2026-11-22T08:00:00Z");
        let week = Validity::of_days(start, 7).unwrap();
        assert_eq!(week.not_after(), time("2026-11-29T07:59:59Z"));
        assert!(Validity::of_days(start, 0).is_err());
        assert!(Validity::new(start, start).is_err());
        assert!(Validity::new(Timestamp::from_unix(-1), start).is_err());
        assert_eq!(Validity::of_days(start, u32::MAX).unwrap().not_after(), time("9999-12-31T23:59:59Z"));
    }
}
