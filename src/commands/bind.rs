//! `bind`: endpoints to a key.

use keystore::name::{Endpoint, KeyPath};
use keystore::ops::bind as op;
use serde::Serialize;

use crate::context::Context;
use crate::error::Failure;
use crate::output::{CodedJson, Page, Report, coded, style};
use crate::prompt;

const HELP: &str = "\
Examples:
  keyring bind mail01/imap/main mail01/imap@default
  keyring bind mail01/imap/main mail01/imap@192.0.2.7:993
  keyring bind mail01/imap/main mail01/pop3@default mail02/smtp@default

One certificate serves as many services, on as many servers, as its names cover.

A specific address beats default. What was bound there before is replaced, and
named.

Exit codes:
  0    done, or bound so already
  1    failed
  2    usage
  3    a name or address refused
  4    no keystore, or no such key
  5    in use
  7    keystore damaged
  130  interrupted";

/// Bind endpoints to a key
///
/// An endpoint is where a service listens; it may be on another service or server than the key. Staged until a commit.
#[derive(clap::Args, Debug)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
    /// The key: SERVER/PROTOCOL/NAME
    key: Option<String>,
    /// Endpoints: SERVER/PROTOCOL@default, SERVER/PROTOCOL@IP:PORT
    #[arg(value_name = "ENDPOINT")]
    endpoints: Vec<String>,
}

/// What is asked for, with nothing left open.
pub(crate) struct Request {
    pub(crate) key: KeyPath,
    pub(crate) endpoints: Vec<Endpoint>,
}

#[derive(Serialize)]
struct BoundJson {
    endpoint: String,
    before: Option<String>,
    changed: bool,
}

#[derive(Serialize)]
pub(crate) struct Outcome {
    key: String,
    endpoints: Vec<BoundJson>,
    warnings: Vec<CodedJson>,
}

impl Report for Outcome {
    fn notes(&self, page: &mut Page) {
        let key = &self.key;
        for BoundJson { endpoint, before, changed } in &self.endpoints {
            match before {
                _ if !changed => page.line(format_args!("{endpoint} is bound to {key} already: nothing to do.")),
                Some(before) => page.line(format_args!("Staged {endpoint} -> {key}, in place of {before}.")),
                None => page.line(format_args!("Staged {endpoint} -> {key}.")),
            };
        }
        for CodedJson { message, .. } in &self.warnings {
            page.tagged(style::WARN, "warning:", message);
        }
    }
}

impl Args {
    pub(crate) fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    pub(crate) fn endpoints(&self) -> Result<Vec<Endpoint>, Failure> {
        Ok(self.endpoints.iter().map(|endpoint| endpoint.parse()).collect::<Result<_, _>>()?)
    }
}

pub(crate) fn run(context: &Context, args: &Args) -> Result<Outcome, Failure> {
    let keystore = context.keystore()?;
    let endpoints = args.endpoints()?;
    let request = match &args.key {
        Some(key) if !endpoints.is_empty() => Request { key: key.parse()?, endpoints },
        _ if context.can_ask() => prompt::bind::ask(context, &keystore, args)?,
        Some(_) => return Err(Failure::Missing { what: "the endpoint to bind", flag: "ENDPOINT" }),
        None => return Err(Failure::Missing { what: "the key to bind", flag: "KEY and ENDPOINT" }),
    };
    let outcome = op::bind(&keystore, &request.key, &request.endpoints)?;
    let bound = |bound: &op::Bound| BoundJson {
        endpoint: bound.endpoint.to_string(),
        before: bound.before.as_ref().map(ToString::to_string),
        changed: !bound.is_unchanged(&outcome.key),
    };
    Ok(Outcome {
        key: outcome.key.to_string(),
        endpoints: outcome.endpoints.iter().map(bound).collect(),
        warnings: coded(&outcome.warnings),
    })
}
