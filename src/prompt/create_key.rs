//! The questions of `create-key`: key name, password twice, algorithm.

use keystore::name::{KeyName, KeyPath, Protocol, ServerName, ServicePath};
use keystore::ops::create_key::{CreateKey, check};
use keystore::pki::KeyAlgorithm;
use keystore::store::Keystore;

use super::{choose, confirm_summary, new_passphrase, optional_passphrase, text, words};
use crate::commands::create_key::{Args, Request};
use crate::context::Context;
use crate::error::Failure;

pub(crate) fn ask(context: &Context, keystore: &Keystore, args: &Args) -> Result<Request, Failure> {
    context.say("A new private key. Ctrl-C at any question leaves everything as it is.")?;
    let key = ask_key()?;
    check(&keystore.read()?, &CreateKey { key: key.clone(), next: args.next() })?;
    let passphrase = match args.passphrase().get(&key)? {
        Some(passphrase) => Some(passphrase),
        None if args.encrypt() => Some(new_passphrase("Passphrase for the private key")?),
        None => optional_passphrase("Passphrase for the private key (empty for none)")?,
    };
    let algorithm = match args.algorithm() {
        Some(name) => name.parse()?,
        None => ask_algorithm(keystore.config().defaults.algorithm)?,
    };
    let encrypted = if passphrase.is_some() { "encrypted with the passphrase" } else { "in the clear, mode 0600" };
    confirm_summary(
        "To be made",
        &[("key", key.to_string()), ("algorithm", algorithm.to_string()), ("private key", encrypted.to_owned())],
    )?;
    Ok(Request { key, next: args.next(), algorithm, passphrase })
}

fn ask_key() -> Result<KeyPath, Failure> {
    let accept_server = |answer: &str| answer.parse::<ServerName>().map(drop);
    let accept_protocol = |answer: &str| answer.parse::<Protocol>().map(drop);
    let accept_name = |answer: &str| answer.parse::<KeyName>().map(drop);
    let server = text("Server", None, accept_server)?;
    let protocol = text("Protocol (https smtp imap pop3 nntp ldap ...)", Some("https"), accept_protocol)?;
    let name = text("Key name", Some("main"), accept_name)?;
    let wrong = keystore::name::PathError::from;
    let service = ServicePath { server: server.parse().map_err(wrong)?, protocol: protocol.parse().map_err(wrong)? };
    Ok(KeyPath { service, name: name.parse().map_err(wrong)? })
}

fn ask_algorithm(default: KeyAlgorithm) -> Result<KeyAlgorithm, Failure> {
    let labels: Vec<_> = KeyAlgorithm::ALL.iter().map(ToString::to_string).collect();
    let at = KeyAlgorithm::ALL.iter().position(|algorithm| *algorithm == default).unwrap_or(0);
    Ok(KeyAlgorithm::ALL[choose("Algorithm", &labels, at)?])
}

/// The command line that makes the same key.
pub(crate) fn command_line(request: &Request, args: &Args) -> Vec<String> {
    let key = request.key.to_string();
    let mut line = words(&["keyring", "create-key", &key, "--algorithm", request.algorithm.as_str()]);
    if request.next {
        line.push("--next".to_owned());
    }
    line.extend(args.passphrase().flags(request.passphrase.is_some()));
    line
}
