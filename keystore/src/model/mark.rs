//! A point in the history, to be kept outside the keystore.

use std::fmt;
use std::str::FromStr;

use super::Generation;
use crate::digest::{Digest, DigestError};

/// A generation and the hash of its record: `42:ba78...`. Kept elsewhere, it shows what hashes inside the keystore
/// cannot: that the history up to there is the one it was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mark {
    /// The generation.
    pub generation: Generation,
    /// The hash of its record.
    pub hash: Digest,
}

/// Text that is no [`Mark`].
#[derive(Debug, thiserror::Error)]
pub enum MarkError {
    /// Not a number, a colon and a hash.
    #[error("{text:?} is not GENERATION:HASH, as `keyring log --head` prints it")]
    Form {
        /// What was given.
        text: String,
    },
    /// The part behind the colon.
    #[error(transparent)]
    Hash(#[from] DigestError),
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.generation, self.hash)
    }
}

impl FromStr for Mark {
    type Err = MarkError;

    fn from_str(text: &str) -> Result<Self, MarkError> {
        let form = || MarkError::Form { text: text.to_owned() };
        let (generation, hash) = text.trim().split_once(':').ok_or_else(form)?;
        let number = generation.parse().ok().filter(|number: &u64| *number > 0 && number.to_string() == generation);
        Ok(Self { generation: Generation(number.ok_or_else(form)?), hash: hash.parse()? })
    }
}

#[cfg(test)]
mod tests {
    use super::{Mark, MarkError};
    use crate::digest::Digest;
    use crate::model::Generation;

    #[test]
    fn is_written_and_read_alike() {
        let mark = Mark { generation: Generation(42), hash: Digest::of(b"a record") };
        assert_eq!(mark.to_string().parse::<Mark>().unwrap(), mark);
        assert_eq!(format!("{mark}\n").parse::<Mark>().unwrap(), mark);
    }

    #[test]
    fn refuses_what_no_log_has() {
        let hash = Digest::of(b"a record");
        for text in ["", "42", &format!("0:{hash}"), &format!("+1:{hash}"), &format!("01:{hash}"), &format!(":{hash}")]
        {
            assert!(matches!(text.parse::<Mark>(), Err(MarkError::Form { .. })), "{text}");
        }
        assert!(matches!("1:ab".parse::<Mark>(), Err(MarkError::Hash(_))));
    }
}
