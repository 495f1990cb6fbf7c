//! Points in time as the keystore writes them: UTC, whole seconds, RFC 3339.

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use time::format_description::well_known::Rfc3339;
use time::{Date, Duration, Month, OffsetDateTime, Time, UtcOffset};

use crate::name::read_as_text;

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

/// A clock may say anything: a time past what can be written is the last one that can.
impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let seconds = |since: std::time::Duration| i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
        let since = time.duration_since(SystemTime::UNIX_EPOCH);
        Self::from_unix(since.map_or_else(|before| -seconds(before.duration()), seconds))
    }
}

/// The time in the very form that is written here: `2026-11-21T18:30:00Z`. A listing reads hundreds of thousands.
fn as_written(text: &[u8]) -> Option<Timestamp> {
    let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1, b'T', h0, h1, b':', n0, n1, b':', s0, s1, b'Z'] = text else {
        return None;
    };
    let digit = |octet: &u8| octet.is_ascii_digit().then(|| octet - b'0');
    let two = |tens, ones| Some(digit(tens)? * 10 + digit(ones)?);
    let year = i32::from(two(y0, y1)?) * 100 + i32::from(two(y2, y3)?);
    let date = Date::from_calendar_date(year, Month::try_from(two(m0, m1)?).ok()?, two(d0, d1)?).ok()?;
    let time = Time::from_hms(two(h0, h1)?, two(n0, n1)?, two(s0, s1)?).ok()?;
    Some(Timestamp(OffsetDateTime::new_utc(date, time)))
}

impl Timestamp {
    /// The text in that form; none of a year that has not four digits.
    fn written(self) -> Option<[u8; 20]> {
        let (date, time) = (self.0.date(), self.0.time());
        let (year, month, day) = date.to_calendar_date();
        let (century, year) = u8::try_from(year / 100).ok().zip(u8::try_from(year % 100).ok())?;
        let mut text = *b"0000-00-00T00:00:00Z";
        let pairs = [century, year, month.into(), day, time.hour(), time.minute(), time.second()];
        for (at, number) in [0, 2, 5, 8, 11, 14, 17].into_iter().zip(pairs) {
            text[at] += number / 10;
            text[at + 1] += number % 10;
        }
        Some(text)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.written() {
            Some(text) => f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?),
            None => f.write_str(&self.0.format(&Rfc3339).map_err(|_| fmt::Error)?),
        }
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, TimestampError> {
        if let Some(time) = as_written(text.as_bytes()) {
            return Ok(time);
        }
        match OffsetDateTime::parse(text, &Rfc3339) {
            Ok(time) => Ok(time.into()),
            Err(source) => Err(TimestampError { text: text.to_owned(), source }),
        }
    }
}

/// As [`Timestamp`] is shown, without the costs of `write!`.
impl serde::Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.written();
        match text.as_ref().and_then(|text| std::str::from_utf8(text).ok()) {
            Some(text) => serializer.serialize_str(text),
            None => serializer.collect_str(self),
        }
    }
}

read_as_text!(Timestamp);

#[cfg(test)]
mod tests {
    use super::{SystemTime, Timestamp};

    #[test]
    fn is_written_in_utc_and_whole_seconds() {
        let time = "2026-11-21T19:30:00.75+01:00".parse::<Timestamp>().unwrap();
        assert_eq!(time.to_string(), "2026-11-21T18:30:00Z");
        assert_eq!(time.date(), "2026-11-21");
        assert_eq!(Timestamp::from_unix(time.unix()), time);
    }

    #[test]
    fn what_is_written_is_read_as_rfc_3339() {
        for text in ["0000-01-01T00:00:00Z", "1999-12-31T23:59:59Z", "2028-02-29T12:00:00Z", "9999-12-31T23:59:59Z"] {
            let time: Timestamp = text.parse().unwrap();
            assert_eq!(time.to_string(), text);
            assert_eq!(time::OffsetDateTime::parse(text, &super::Rfc3339).unwrap().unix_timestamp(), time.unix());
        }
        for text in [
            "2026-02-29T12:00:00Z",
            "2026-13-01T12:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01",
            "é026-01-01T0:00:00Z",
        ] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_clock_may_say_anything() {
        let far = |seconds| SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
        assert_eq!(Timestamp::from(far(1_795_262_400)).to_string(), "2026-11-21T12:00:00Z");
        assert_eq!(Timestamp::from(far(400_000_000_000)), Timestamp::from_unix(i64::MAX));
        let before = SystemTime::UNIX_EPOCH - std::time::Duration::from_secs(1);
        assert_eq!(Timestamp::from(before).unix(), -1);
    }

    #[test]
    fn survives_the_ends_of_time() {
        assert_eq!(Timestamp::from_unix(i64::MAX).to_string(), "9999-12-31T23:59:59Z");
        assert_eq!(Timestamp::from_unix(i64::MIN).to_string(), "1970-01-01T00:00:00Z");
    }
}
