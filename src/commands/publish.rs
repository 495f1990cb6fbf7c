//! `publish`: what was committed and is not published.

mod each;

use keystore::name::{Endpoint, ServicePath};
use keystore::ops::publish::{Unlocked, to_publish, unpublished_or_differing};
use keystore::store::Keystore;
use serde::Serialize;

use super::passphrase::{PassphraseArgs, unlock};
use crate::context::Context;
use crate::error::Failure;
use crate::exit::Exit;
use crate::output::{Found, Page, PublishedJson, Report, style};
use crate::publish::{self, Table};

pub(super) use each::{Each, publish_each};

const HELP: &str = "\
Examples:
  keyring publish
  keyring publish mail01/imap mail01/pop3
  keyring publish --each

`keyring status` names what is committed and not published, as after
`keyring commit --no-publish`. Files that were changed or lost since they
were published, in the keystore or where set-service has them installed, are
published again. `keyring doctor` names them; `status` and `check` do not look
at those that are installed. Services of which something is said (`keyring
set-service`) are tested, reloaded and proven; when one of them fails, all are
taken back, or with --each that one.

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
  11   with --each: some services failed and are as they were
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
    /// Let each service succeed or be taken back on its own
    #[arg(long)]
    each: bool,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

#[derive(Serialize)]
pub(crate) struct Outcome {
    generation: u64,
    published: Vec<PublishedJson>,
    #[serde(flatten)]
    each: Each,
}

impl Report for Outcome {
    fn notes(&self, page: &mut Page) {
        if self.each.is_nothing() {
            page.line("Everything that is committed is published: nothing to do.");
        }
        for PublishedJson { endpoint, folder } in &self.published {
            page.tagged(style::GOOD, "Published", format_args!("{endpoint} in {folder}"));
        }
        self.each.say(page);
    }

    fn exit(&self) -> Exit {
        self.each.exit()
    }

    fn found(&self) -> Option<Found> {
        self.each.found()
    }
}

pub(crate) fn run(context: &Context, args: &Args) -> Result<Outcome, Failure> {
    let services = args.services.iter().map(|service| service.parse()).collect::<Result<Vec<ServicePath>, _>>()?;
    let keystore = context.keystore()?;
    let snapshot = keystore.read()?;
    let mut unlocked = Unlocked::new();
    let needed = to_publish(&unpublished_or_differing(&snapshot, &services, Some(publish::placed))?);
    unlock(context, &snapshot, &needed, &args.passphrase, &mut unlocked)?;
    let each = match args.each {
        true => publish_each(&keystore, &services, &unlocked)?,
        false => {
            let (endpoints, told) = publish_all(&keystore, &services, &unlocked)?;
            Each::all(endpoints, told)
        }
    };
    let published = each.endpoints.iter().map(|endpoint| PublishedJson::of(&keystore, endpoint)).collect();
    Ok(Outcome { generation: keystore.read()?.generation().0, published, each })
}

/// Publishes what is behind of these services, or of all when none is named: all of it, or nothing.
fn publish_all(
    keystore: &Keystore,
    services: &[ServicePath],
    unlocked: &Unlocked,
) -> Result<(Vec<Endpoint>, Table), Failure> {
    let committing = keystore.begin_commit()?;
    let snapshot = committing.snapshot()?;
    let endpoints = unpublished_or_differing(&snapshot, services, Some(publish::placed))?;
    let mut publications = to_publish(&endpoints).gather(&snapshot, unlocked)?;
    let table = publish::publish(keystore, committing, &mut publications)?;
    Ok((endpoints.into_iter().map(|it| it.endpoint).collect(), table))
}
