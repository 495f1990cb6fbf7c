//! `export-crl`: what a private authority has revoked.

use std::path::PathBuf;

use keystore::name::AuthorityName;
use keystore::ops::export_crl as op;
use serde::Serialize;

use super::destination::destination;
use super::local_ca::open;
use super::passphrase::OnePassphraseArgs;
use crate::context::Context;
use crate::error::Failure;
use crate::output::{Page, Report};
use crate::outside;

const HELP: &str = "\
Examples:
  keyring export-crl --ca lab --out lab.crl --force
  keyring export-crl --ca lab --der --days 30 --out /srv/www/lab.crl --force

Each list has a number greater than all before it, and runs out after --days:
make the next one before that. Where --crl-url of `keyring create-ca` points,
clients expect DER.

Exit codes:
  0    done
  1    FILE can't be written, or something else failed
  2    usage
  3    the passphrase refused
  4    no keystore, no such authority, or FILE is there
  5    in use
  7    keystore damaged
  130  interrupted";

/// Write the revocation list of a private authority
#[derive(clap::Args, Debug)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
    /// The authority, made by `keyring create-ca`
    #[arg(long, value_name = "NAME")]
    ca: String,
    /// For how many days the list is good
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..))]
    days: u32,
    /// Write DER instead of PEM
    #[arg(long, requires = "out")]
    der: bool,
    /// Write the list to FILE; - is standard output
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace FILE when it is there
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    passphrase: OnePassphraseArgs,
}

#[derive(Serialize)]
pub(crate) struct Outcome {
    ca: String,
    number: u64,
    revoked: usize,
    this_update: String,
    next_update: String,
    crl_pem: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    out: Option<String>,
}

impl Report for Outcome {
    fn report(&self, page: &mut Page) {
        if self.out.is_none() {
            page.block(&self.crl_pem);
        }
    }

    fn notes(&self, page: &mut Page) {
        let Self { ca, number, revoked, next_update, .. } = self;
        page.line(format_args!("List {number} of {ca}: {revoked} revoked, good until {next_update}."));
        if let Some(out) = &self.out {
            page.field(2, "written to", out);
        }
    }
}

pub(crate) fn run(context: &Context, args: &Args) -> Result<Outcome, Failure> {
    let name: AuthorityName = args.ca.parse()?;
    let keystore = context.keystore()?;
    let out = destination(context, args.out.as_deref(), args.force)?;
    if args.der && out.is_none() {
        return Err(Failure::Usage {
            message: "DER does not go to standard output".to_owned(),
            hint: "name a file with --out",
        });
    }
    let (ca, key) = open(context, &keystore, &name, &args.passphrase)?;
    let made = op::export_crl(&keystore, &ca, &key, args.days)?;
    let crl_pem = made.list.to_pem();
    if let Some(out) = out {
        let bytes = if args.der { made.list.as_der() } else { crl_pem.as_bytes() };
        outside::write(out, bytes, args.force)?;
    }
    Ok(Outcome {
        ca: name.to_string(),
        number: made.number,
        revoked: made.revoked,
        this_update: made.this_update.to_string(),
        next_update: made.next_update.to_string(),
        crl_pem,
        out: out.map(|out| out.display().to_string()),
    })
}
