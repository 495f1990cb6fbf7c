//! When a key is renewed, by whom, and with which private key.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::name::{AuthorityName, serde_as_text};
use crate::timestamp::Timestamp;

/// How a key is renewed. Committed state, as a service's settings are.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Renewal {
    /// Who signs.
    pub authority: AuthorityName,
    /// When it is due.
    #[serde(default, skip_serializing_if = "RenewAt::is_usual")]
    pub at: RenewAt,
    /// How long the same private key is certified again; a new one each time when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reuse_key: Option<ReuseKey>,
}

impl Renewal {
    /// By an authority, with nothing said beyond it.
    #[must_use]
    pub fn by(authority: AuthorityName) -> Self {
        Self { authority, at: RenewAt::default(), reuse_key: None }
    }
}

/// When a certificate is due to be renewed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RenewAt {
    /// When this part of its lifetime is over.
    Fraction(Fraction),
    /// So many days before its end.
    DaysLeft(u32),
    /// When its authority suggests it (ARI, RFC 9773); where it suggests nothing, after two thirds.
    Suggested,
}

impl RenewAt {
    /// Whether it need not be said.
    #[must_use]
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }

    /// Whether its authority says when.
    #[must_use]
    pub fn is_suggested(self) -> bool {
        self == Self::Suggested
    }

    /// When a certificate is due that is valid from `not_before` to `not_after`. One that lives no longer than the
    /// days that were named would be due from its first hour: of its kind, two thirds count.
    #[must_use]
    pub fn due(self, not_before: Timestamp, not_after: Timestamp) -> Timestamp {
        let life = not_after.unix() - not_before.unix();
        let after = |Fraction { part, whole }: Fraction| {
            let seconds = i128::from(life) * i128::from(part) / i128::from(whole);
            // a part of what fits
            Timestamp::from_unix(not_before.unix() + i64::try_from(seconds).unwrap_or(life))
        };
        match self {
            Self::Fraction(fraction) => after(fraction),
            Self::DaysLeft(days) if i64::from(days) * DAY < life => {
                Timestamp::from_unix(not_after.unix() - i64::from(days) * DAY)
            }
            Self::DaysLeft(_) | Self::Suggested => after(Fraction::TWO_THIRDS),
        }
    }
}

const DAY: i64 = 86_400;

impl Default for RenewAt {
    fn default() -> Self {
        Self::Fraction(Fraction::TWO_THIRDS)
    }
}

/// Text that names no time to renew.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0:?} is neither a part of the lifetime, such as 2/3, nor days before its end, such as 30d, nor `ari`")]
pub struct RenewAtError(String);

impl FromStr for RenewAt {
    type Err = RenewAtError;

    fn from_str(text: &str) -> Result<Self, RenewAtError> {
        let error = || RenewAtError(text.to_owned());
        let number = |digits: &str| -> Result<u32, RenewAtError> {
            let is_number = !digits.is_empty() && digits.len() <= 5 && digits.bytes().all(|byte| byte.is_ascii_digit());
            digits.parse().ok().filter(|_| is_number).ok_or_else(error)
        };
        if text == "ari" {
            return Ok(Self::Suggested);
        }
        if let Some(days) = text.strip_suffix('d') {
            return Ok(Self::DaysLeft(number(days)?))
                .and_then(|at| if at == Self::DaysLeft(0) { Err(error()) } else { Ok(at) });
        }
        let (part, whole) = text.split_once('/').ok_or_else(error)?;
        let (part, whole) = (number(part)?, number(whole)?);
        if part == 0 || part >= whole {
            return Err(error());
        }
        Ok(Self::Fraction(Fraction { part, whole }))
    }
}

impl fmt::Display for RenewAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fraction(Fraction { part, whole }) => write!(f, "{part}/{whole}"),
            Self::DaysLeft(days) => write!(f, "{days}d"),
            Self::Suggested => f.write_str("ari"),
        }
    }
}

serde_as_text!(RenewAt);

/// A part of a lifetime, more than nothing and less than the whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fraction {
    part: u32,
    whole: u32,
}

impl Fraction {
    /// Of 90 days, 30 are left then.
    pub const TWO_THIRDS: Self = Self { part: 2, whole: 3 };
}

/// How long the same private key is certified again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct ReuseKey {
    /// For so many days since it was made; for ever when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
    /// For so many certificates; for any number when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificates: Option<u32>,
}

impl ReuseKey {
    /// Whether a private key that was made then, and has had so many requests, may have one more.
    #[must_use]
    pub fn allows(self, made: Timestamp, requests: usize, now: Timestamp) -> bool {
        let is_young = self.days.is_none_or(|days| now.unix() - made.unix() < i64::from(days) * DAY);
        let is_rare = self.certificates.is_none_or(|most| u32::try_from(requests).is_ok_and(|made| made < most));
        is_young && is_rare
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{RenewAt, ReuseKey};
    use crate::timestamp::Timestamp;

    fn due(at: &str, days: i64) -> i64 {
        let time = |days: i64| Timestamp::from_unix(days * 86_400);
        at.parse::<RenewAt>().unwrap().due(time(100), time(100 + days)).unix() / 86_400 - 100
    }

    #[test]
    fn certificates_are_due_by_a_part_of_their_life_or_by_days() {
        assert_eq!(due("2/3", 90), 60);
        assert_eq!(due("1/2", 90), 45);
        assert_eq!(due("30d", 365), 335);
        // days that are more than the whole life would make it due at once
        assert_eq!(due("30d", 6), 4);
        assert_eq!(due("ari", 90), 60);
    }

    #[test]
    fn what_names_no_time_is_refused() {
        for text in ["", "0/3", "3/3", "4/3", "0d", "d", "2/", "/3", "+1/3", "ARI", "66%", "100000d"] {
            assert!(text.parse::<RenewAt>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_private_key_is_reused_within_its_limits() {
        let (made, later) = (Timestamp::from_unix(0), Timestamp::from_unix(10 * 86_400));
        assert!(ReuseKey::default().allows(made, 1000, later));
        assert!(ReuseKey { days: Some(11), ..ReuseKey::default() }.allows(made, 1, later));
        assert!(!ReuseKey { days: Some(10), ..ReuseKey::default() }.allows(made, 1, later));
        assert!(ReuseKey { certificates: Some(3), ..ReuseKey::default() }.allows(made, 2, later));
        assert!(!ReuseKey { certificates: Some(3), ..ReuseKey::default() }.allows(made, 3, later));
    }

    proptest! {
        #[test]
        fn due_lies_within_the_life(part in 1_u32..1000, more in 1_u32..1000, life in 1_i64..4_000_000_000) {
            let at: RenewAt = format!("{part}/{}", part + more).parse().unwrap();
            prop_assert_eq!(at.to_string().parse::<RenewAt>().unwrap(), at);
            let due = at.due(Timestamp::from_unix(5), Timestamp::from_unix(5 + life));
            prop_assert!((5..=5 + life).contains(&due.unix()));
        }
    }
}
