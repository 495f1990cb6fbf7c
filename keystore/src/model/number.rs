//! The numbers of the keystore. Each counts from 1 and is never used again, but for generation 0, the empty keystore.
//! Nobody comes to the last of them by counting: a greater one that is read was never given, and counting on from it would
//! go round.

use std::fmt;

use serde::Serialize;
use serde::de::{Deserialize, Deserializer, Error as _};

macro_rules! number {
    ($(#[$doc:meta])* $name:ident($int:ty), $last:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
        pub struct $name(pub $int);

        impl $name {
            /// The last one there can be.
            pub const LAST: Self = Self($last);

            /// The number after this one, for looking: behind the last one nothing stands.
            #[must_use]
            pub fn next(self) -> Self {
                Self(self.0.saturating_add(1))
            }

            /// The number after this one, to be given; none after the last.
            #[must_use]
            pub fn successor(self) -> Option<Self> {
                Some(self.next()).filter(|next| *next <= Self::LAST)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let number = Self(<$int>::deserialize(deserializer)?);
                let is_given = number <= Self::LAST;
                is_given.then_some(number).ok_or_else(|| D::Error::custom(format_args!("no number is as great as {number}")))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number! {
    /// A version of a key: the number of the folder that holds one private key.
    VersionNumber(u32), 999_999_999
}
number! {
    /// A request made with one private key.
    RequestNumber(u32), 999_999_999
}
number! {
    /// A certificate installed for one private key.
    CertificateNumber(u32), 999_999_999
}
number! {
    /// The number of a commit.
    Generation(u64), 9_999_999_999
}

impl Generation {
    /// The empty keystore, before any commit.
    pub const EMPTY: Self = Self(0);
}

impl Default for Generation {
    fn default() -> Self {
        Self::EMPTY
    }
}
