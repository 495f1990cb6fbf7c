//! `publish`: what was committed and is not published.

use keystore::name::ServicePath;
use keystore::ops::publish::{Unlocked, to_publish, unpublished_or_differing};
use serde::Serialize;

use super::passphrase::{PassphraseArgs, unlock};
use crate::context::Context;
use crate::error::Failure;
use crate::output::{Page, PublishedJson, Report, style};
use crate::publish;

const HELP: &str = "\
Examples:
  keyring publish
  keyring publish mail01/imap mail01/pop3

`keyring status` names what is committed and not published, as after
`keyring commit --no-publish`. Files that were changed or lost since they
were published, which `keyring doctor` names, are published again.

Exit codes:
  0    done, or nothing to publish
  1    failed
  2    usage
  3    a name or passphrase refused
  4    no keystore
  5    in use
  6    failed, and everything is as it was
  7    keystore damaged
  8    failed, and could not be taken back whole
  130  interrupted";

/// Publish what was committed and is not published
///
/// For all services or the named ones; files that were damaged are published again. Nothing is recorded: the commit that it belongs to is.
#[derive(clap::Args, Debug)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
    /// Services: SERVER/PROTOCOL
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

#[derive(Serialize)]
pub(crate) struct Outcome {
    generation: u64,
    published: Vec<PublishedJson>,
}

impl Report for Outcome {
    fn notes(&self, page: &mut Page) {
        if self.published.is_empty() {
            page.line("Everything that is committed is published: nothing to do.");
        }
        for PublishedJson { endpoint, folder } in &self.published {
            page.tagged(style::GOOD, "Published", format_args!("{endpoint} in {folder}"));
        }
    }
}

pub(crate) fn run(context: &Context, args: &Args) -> Result<Outcome, Failure> {
    let services = args.services.iter().map(|service| service.parse()).collect::<Result<Vec<ServicePath>, _>>()?;
    let keystore = context.keystore()?;
    let snapshot = keystore.read()?;
    let mut unlocked = Unlocked::new();
    let needed = to_publish(&unpublished_or_differing(&snapshot, &services)?);
    unlock(context, &snapshot, &needed, &args.passphrase, &mut unlocked)?;
    let committing = keystore.begin_commit()?;
    let snapshot = committing.snapshot()?;
    let generation = snapshot.generation();
    let endpoints = unpublished_or_differing(&snapshot, &services)?;
    if !endpoints.is_empty() {
        let publications = to_publish(&endpoints).gather(&snapshot, &unlocked)?;
        publish::publish(committing, generation, &publications)?;
    }
    Ok(Outcome {
        generation: generation.0,
        published: endpoints.iter().map(|it| PublishedJson::of(&keystore, &it.endpoint)).collect(),
    })
}
