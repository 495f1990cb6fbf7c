//! The questions of `copy-key`, `rename-key`, `delete-key` and `mark-compromised`: which key, and what becomes of it.

use keystore::name::KeyPath;
use keystore::ops::find_key;
use keystore::store::Keystore;

use super::{choose_key, confirm_summary, show_command, text, words};
use crate::context::Context;
use crate::error::Failure;

/// The key, when the command line does not name it, and its new name.
pub(crate) fn ask_pair(
    context: &Context,
    keystore: &Keystore,
    from: Option<&str>,
) -> Result<(KeyPath, KeyPath), Failure> {
    let from = key(keystore, from)?;
    let is_name = |answer: &str| answer.parse::<KeyPath>().map(drop);
    let to: KeyPath = text("New name (SERVER/PROTOCOL/NAME)", Some(&from.to_string()), is_name)?.parse()?;
    let lines = [("key", from.to_string()), ("new name", to.to_string())];
    confirm_summary(&format!("To be staged by {}", context.command), &lines)?;
    show_command(context, words(&["keyring", context.command, &from.to_string(), &to.to_string()]))?;
    Ok((from, to))
}

pub(crate) fn ask_deletion(context: &Context, keystore: &Keystore, unbind: bool) -> Result<KeyPath, Failure> {
    let key = key(keystore, None)?;
    let bound: Vec<_> = find_key(&keystore.read()?, &key)?.bound.iter().map(ToString::to_string).collect();
    let bound = if bound.is_empty() { "nothing".to_owned() } else { bound.join(", ") };
    confirm_summary("To be deleted", &[("key", key.to_string()), ("bound to", bound)])?;
    let mut command = words(&["keyring", "delete-key", &key.to_string()]);
    command.extend(unbind.then(|| "--unbind".to_owned()));
    show_command(context, command)?;
    Ok(key)
}

pub(crate) fn ask_compromise(
    context: &Context,
    keystore: &Keystore,
    named: Option<&str>,
    version: Option<u32>,
    reason: Option<&str>,
) -> Result<(KeyPath, String), Failure> {
    let key = key(keystore, named)?;
    let is_given = |answer: &str| if answer.is_empty() { Err("say why") } else { Ok(()) };
    let reason = match reason {
        Some(reason) => reason.to_owned(),
        None => text("Why", None, is_given)?,
    };
    confirm_summary("To be marked compromised, for good", &[("key", key.to_string()), ("reason", reason.clone())])?;
    let mut command = words(&["keyring", "mark-compromised", &key.to_string(), "--reason", &reason]);
    if let Some(version) = version {
        command.extend(["--version".to_owned(), version.to_string()]);
    }
    show_command(context, command)?;
    Ok((key, reason))
}

fn key(keystore: &Keystore, named: Option<&str>) -> Result<KeyPath, Failure> {
    match named {
        Some(named) => Ok(named.parse()?),
        None => choose_key(&keystore.read()?, "Key", |_| false),
    }
}
