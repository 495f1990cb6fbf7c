//! How much of a certificate's life may be left before somebody is told.

use std::fmt;
use std::str::FromStr;

use time::Duration;

use super::Severity;
use crate::ops::standing::Validity;
use crate::timestamp::Timestamp;

/// The most days that make sense.
const MOST_DAYS: u32 = 36_500;

/// A part of a lifetime.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Share {
    numerator: i32,
    denominator: i32,
}

/// A third, at which certificates are due: those of a year, of 90 days and of six days alike.
const THIRD: Share = Share { numerator: 1, denominator: 3 };
const TENTH: Share = Share { numerator: 1, denominator: 10 };

/// Less than this has to be left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Threshold {
    /// Days.
    Days(u32),
    /// A part of the whole lifetime.
    Share(Share),
}

/// Text that is no threshold.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{text:?} is neither a number of days, such as 21 (at most 36500), nor a share, such as 33% (at most 100%)")]
pub struct ThresholdError {
    text: String,
}

impl FromStr for Threshold {
    type Err = ThresholdError;

    fn from_str(text: &str) -> Result<Self, ThresholdError> {
        let error = || ThresholdError { text: text.to_owned() };
        let number = |digits: &str, most: u32| {
            let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            digits.parse::<u32>().ok().filter(|number| is_number && *number <= most).ok_or_else(error)
        };
        match text.strip_suffix('%') {
            Some(digits) => {
                let numerator = i32::try_from(number(digits, 100)?).map_err(|_| error())?;
                Ok(Self::Share(Share { numerator, denominator: 100 }))
            }
            None => Ok(Self::Days(number(text, MOST_DAYS)?)),
        }
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Days(days) => days.fmt(f),
            Self::Share(Share { numerator, denominator: 100 }) => write!(f, "{numerator}%"),
            Self::Share(Share { numerator, denominator }) => write!(f, "{numerator}/{denominator}"),
        }
    }
}

impl Threshold {
    /// Whether less is left. A certificate that lives no longer than the days that were named would be told of from its
    /// first hour: of its kind, `otherwise` is what counts.
    fn is_reached(self, validity: Validity, now: Timestamp, otherwise: Share) -> bool {
        let left = validity.not_after.since(now);
        let life = validity.not_after.since(validity.not_before);
        let share = match self {
            Self::Days(days) if life > Duration::days(days.into()) => return left < Duration::days(days.into()),
            Self::Days(_) => otherwise,
            Self::Share(share) => share,
        };
        left * share.denominator < life * share.numerator
    }
}

/// When somebody is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// As a warning.
    pub warning: Threshold,
    /// As critical.
    pub critical: Threshold,
}

impl Default for Limits {
    /// A third, and a tenth, of the lifetime.
    fn default() -> Self {
        Self { warning: Threshold::Share(THIRD), critical: Threshold::Share(TENTH) }
    }
}

impl Limits {
    /// Whether what is critical comes before the warning, as far as that can be told without a certificate.
    #[must_use]
    pub fn are_reversed(&self) -> bool {
        match (self.warning, self.critical) {
            (Threshold::Days(warning), Threshold::Days(critical)) => critical > warning,
            (Threshold::Share(warning), Threshold::Share(critical)) => {
                critical.numerator * warning.denominator > warning.numerator * critical.denominator
            }
            _ => false,
        }
    }

    /// How bad it is that no more is left; none while there is enough. What has expired is critical.
    #[must_use]
    pub fn severity(&self, validity: Validity, now: Timestamp) -> Option<Severity> {
        if validity.not_after < now || self.critical.is_reached(validity, now, TENTH) {
            return Some(Severity::Critical);
        }
        self.warning.is_reached(validity, now, THIRD).then_some(Severity::Warning)
    }
}
