//! What the tests against other programs share: the program itself on a keystore of its own, other programs, and
//! an authority run by openssl.

mod authority;
mod keyring;
mod tool;

pub(crate) use authority::Authority;
pub(crate) use keyring::Keyring;
pub(crate) use tool::{Finished, Tool, finish, search_path};

use std::path::Path;

/// Writes a text that one of the programs reads.
pub(crate) fn write(path: &Path, text: impl AsRef<[u8]>) {
    std::fs::write(path, text).unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
}

/// A path as text.
pub(crate) fn text(path: &Path) -> String {
    path.to_str().expect("temporary folders have names in ASCII").to_owned()
}
