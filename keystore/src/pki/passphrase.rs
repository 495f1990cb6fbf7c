//! The passphrase of an encrypted private key.

use std::fmt;

use zeroize::Zeroizing;

/// A passphrase; wiped from memory when it is dropped.
pub struct Passphrase(Zeroizing<String>);

/// Why a passphrase was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PassphraseError {
    /// Nothing was given.
    #[error("the passphrase is empty")]
    Empty,
}

impl Passphrase {
    /// Takes the passphrase over.
    ///
    /// # Errors
    ///
    /// [`PassphraseError::Empty`] when there is none.
    pub fn new(text: String) -> Result<Self, PassphraseError> {
        let text = Zeroizing::new(text);
        if text.is_empty() { Err(PassphraseError::Empty) } else { Ok(Self(text)) }
    }

    /// Its octets, in UTF-8, for a key derivation.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.0.as_bytes()
    }

    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[passphrase elided]")
    }
}

#[cfg(test)]
mod tests {
    use super::Passphrase;

    #[test]
    fn shows_nothing_and_refuses_nothing_at_all() {
        assert!(Passphrase::new(String::new()).is_err());
        let passphrase = Passphrase::new("secret".to_owned()).unwrap();
        assert_eq!(format!("{passphrase:?}"), "[passphrase elided]");
    }
}
