//! What the commands about private authorities share.

use std::path::Path;

use keystore::name::AuthorityName;
use keystore::ops::local_ca::{self, LocalCa};
use keystore::pki::PrivateKey;
use keystore::store::Keystore;

use super::passphrase::OnePassphraseArgs;
use crate::authority::unlock;
use crate::context::Context;
use crate::error::Failure;
use crate::{outside, prompt};

/// An authority with its private key opened.
pub(super) fn open(
    context: &Context,
    keystore: &Keystore,
    name: &AuthorityName,
    passphrase: &OnePassphraseArgs,
) -> Result<(LocalCa, PrivateKey), Failure> {
    let snapshot = keystore.read()?;
    let ca = local_ca::open(&snapshot, name)?;
    let file = local_ca::private_key_file(&snapshot, &ca)?;
    let given = passphrase.get()?;
    let ask = || prompt::passphrase(&format!("Passphrase of the authority {name}"));
    let key = unlock(&ca, file, given.as_deref(), context.can_ask().then_some(ask))?;
    Ok((ca, key))
}

/// Refuses a file that is there, before anything is done for it.
pub(super) fn check_out(context: &Context, out: Option<&Path>, force: bool) -> Result<(), Failure> {
    if context.printer.is_json() && out.is_some_and(|out| out.as_os_str() == "-") {
        return Err(Failure::Usage {
            message: "with --json, standard output carries the JSON document".to_owned(),
            hint: "leave --out out: the PEM text is a string in the document",
        });
    }
    match out.filter(|out| out.as_os_str() != "-" && !force && outside::exists(out)) {
        Some(out) => Err(outside::OutsideError::Exists { name: out.display().to_string() }.into()),
        None => Ok(()),
    }
}

/// The file that is to be written; none for standard output.
pub(super) fn file(out: Option<&Path>) -> Option<&Path> {
    out.filter(|out| out.as_os_str() != "-")
}
