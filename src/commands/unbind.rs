//! `unbind`: endpoints from their keys.

use keystore::name::Endpoint;
use keystore::ops::unbind as op;
use serde::Serialize;

use crate::context::Context;
use crate::error::Failure;
use crate::output::{Page, Report};
use crate::prompt;

const HELP: &str = "\
Examples:
  keyring unbind mail01/imap@192.0.2.7:993
  keyring unbind mail01/pop3@default mail02/smtp@default

The files that were published there stay, so that a service that still reads
them goes on.

Exit codes:
  0    done
  1    failed
  2    usage
  3    an address refused
  4    no keystore, or one of them is not bound: then none is freed
  5    in use
  7    keystore damaged
  130  interrupted";

/// Free endpoints from their keys
///
/// Staged until a commit.
#[derive(clap::Args, Debug)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
    /// Endpoints: SERVER/PROTOCOL@default, SERVER/PROTOCOL@IP:PORT
    #[arg(value_name = "ENDPOINT")]
    endpoints: Vec<String>,
}

#[derive(Serialize)]
struct FreedJson {
    endpoint: String,
    before: String,
}

#[derive(Serialize)]
pub(crate) struct Outcome {
    endpoints: Vec<FreedJson>,
}

impl Report for Outcome {
    fn notes(&self, page: &mut Page) {
        for FreedJson { endpoint, before } in &self.endpoints {
            page.line(format_args!("Staged: {endpoint} is no longer bound to {before}."));
        }
    }
}

pub(crate) fn run(context: &Context, args: &Args) -> Result<Outcome, Failure> {
    let mut endpoints = args.endpoints.iter().map(|endpoint| endpoint.parse()).collect::<Result<Vec<Endpoint>, _>>()?;
    let keystore = context.keystore()?;
    if endpoints.is_empty() {
        if !context.can_ask() {
            return Err(Failure::Missing { what: "the endpoint to free", flag: "ENDPOINT" });
        }
        endpoints.push(prompt::unbind::ask(context, &keystore)?);
    }
    let freed = op::unbind(&keystore, &endpoints)?;
    let freed = freed
        .iter()
        .map(|op::Freed { endpoint, before }| FreedJson { endpoint: endpoint.to_string(), before: before.to_string() });
    Ok(Outcome { endpoints: freed.collect() })
}
