//! The numbers of the keystore. Each counts from 1 and is never used again, but for generation 0, the empty keystore.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! number {
    ($(#[$doc:meta])* $name:ident($int:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        pub struct $name(pub $int);

        impl $name {
            /// The number after this one.
            #[must_use]
            pub fn next(self) -> Self {
                Self(self.0.saturating_add(1))
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
    VersionNumber(u32)
}
number! {
    /// A request made with one private key.
    RequestNumber(u32)
}
number! {
    /// A certificate installed for one private key.
    CertificateNumber(u32)
}
number! {
    /// The number of a commit.
    Generation(u64)
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
