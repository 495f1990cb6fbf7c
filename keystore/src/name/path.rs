//! Names put together: a service and a key under it.

use std::fmt;
use std::str::FromStr;

use super::{KeyName, NameError, Protocol, ServerName, serde_as_text};

/// Why an address such as `SERVER/PROTOCOL/NAME` was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// The number of parts is wrong.
    #[error("{text:?} is not a {what}: it is written {form}")]
    Form {
        /// `key` or `service`.
        what: &'static str,
        /// What was given.
        text: String,
        /// How it is written.
        form: &'static str,
    },
    /// One of its parts is no name.
    #[error(transparent)]
    Name(#[from] NameError),
}

/// One protocol on one server: `mail01/imap`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ServicePath {
    /// The machine.
    pub server: ServerName,
    /// What it speaks.
    pub protocol: Protocol,
}

impl fmt::Display for ServicePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // not by `write!`, which costs more than the rest: a listing writes hundreds of thousands
        f.write_str(self.server.as_str())?;
        f.write_str("/")?;
        f.write_str(self.protocol.as_str())
    }
}

impl FromStr for ServicePath {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        let form = || PathError::Form { what: "service", text: text.to_owned(), form: "SERVER/PROTOCOL" };
        let (server, protocol) = text.split_once('/').ok_or_else(form)?;
        if protocol.contains('/') {
            return Err(form());
        }
        Ok(Self { server: server.parse()?, protocol: protocol.parse()? })
    }
}

/// A key under its service: `mail01/imap/main`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct KeyPath {
    /// The service it belongs to.
    pub service: ServicePath,
    /// Its name there.
    pub name: KeyName,
}

impl KeyPath {
    /// The server it belongs to.
    #[must_use]
    pub fn server(&self) -> &ServerName {
        &self.service.server
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.service.fmt(f)?;
        f.write_str("/")?;
        f.write_str(self.name.as_str())
    }
}

impl FromStr for KeyPath {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        let form = || PathError::Form { what: "key", text: text.to_owned(), form: "SERVER/PROTOCOL/NAME" };
        if text.matches('/').count() != 2 {
            return Err(form());
        }
        let (service, name) = text.rsplit_once('/').ok_or_else(form)?;
        Ok(Self { service: service.parse()?, name: name.parse()? })
    }
}

serde_as_text!(ServicePath);
serde_as_text!(KeyPath);
