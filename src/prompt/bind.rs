//! The questions of `bind`: the key, its endpoints.

use keystore::name::{Endpoint, EndpointError, KeyPath};
use keystore::store::Keystore;

use super::{choose_key, confirm_summary, show_command, text, words};
use crate::commands::bind::{Args, Request};
use crate::context::Context;
use crate::error::Failure;

pub(crate) fn ask(context: &Context, keystore: &Keystore, args: &Args) -> Result<Request, Failure> {
    let key: KeyPath = match args.key() {
        Some(key) => key.parse()?,
        None => choose_key(&keystore.read()?, "Key", |key| key.has_upcoming && key.bound.is_empty())?,
    };
    let mut endpoints = args.endpoints()?;
    if endpoints.is_empty() {
        let default = format!("{}@default", key.service);
        let accept = |answer: &str| -> Result<(), String> {
            match parse(answer) {
                Ok(endpoints) if endpoints.is_empty() => Err("name an endpoint".to_owned()),
                Ok(_) => Ok(()),
                Err(refusal) => Err(refusal.to_string()),
            }
        };
        let answer = text("Endpoints (separated by spaces)", Some(&default), accept)?;
        endpoints = parse(&answer)?;
    }
    let names: Vec<_> = endpoints.iter().map(ToString::to_string).collect();
    confirm_summary("To be bound", &[("key", key.to_string()), ("to", names.join(", "))])?;
    let mut line = words(&["keyring", "bind", &key.to_string()]);
    line.extend(names);
    show_command(context, line)?;
    Ok(Request { key, endpoints })
}

fn parse(answer: &str) -> Result<Vec<Endpoint>, EndpointError> {
    answer.split_whitespace().map(str::parse).collect()
}
