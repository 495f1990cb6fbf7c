//! The questions of `install-cert`: the key, the file.

use keystore::model::{KeyBrief, NextBrief};
use keystore::store::Keystore;

use super::{choose_key, confirm_summary, show_command, text, words};
use crate::commands::install_cert::{Args, Request};
use crate::context::Context;
use crate::error::Failure;
use crate::outside;

pub(crate) fn ask(context: &Context, keystore: &Keystore, args: &Args) -> Result<Request, Failure> {
    let pending = |key: &KeyBrief<'_>| matches!(key.next, Some(NextBrief::Pending { .. }));
    let key = match args.key() {
        Some(key) => key.parse()?,
        None => choose_key(&keystore.read()?, "Key", pending)?,
    };
    let mut files = args.files();
    if files.is_empty() {
        let accept = |answer: &str| match answer {
            "" => Err("name the file that the authority sent back"),
            name if !outside::exists(name.as_ref()) => Err("there is no such file"),
            _ => Ok(()),
        };
        files.push(text("File with the certificate", None, accept)?);
    }
    confirm_summary("To be installed", &[("key", key.to_string()), ("from", files.join(", "))])?;
    let mut line = words(&["keyring", "install-cert", &key.to_string()]);
    line.extend(files.iter().cloned());
    line.extend(args.trust_flags());
    show_command(context, line)?;
    Ok(Request { key, files })
}
