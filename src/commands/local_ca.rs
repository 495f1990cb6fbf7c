//! What the commands about private authorities share.

use keystore::name::AuthorityName;
use keystore::ops::local_ca::{self, LocalCa};
use keystore::pki::PrivateKey;
use keystore::store::Keystore;

use super::passphrase::OnePassphraseArgs;
use crate::authority::unlock;
use crate::context::Context;
use crate::error::Failure;
use crate::prompt;

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
