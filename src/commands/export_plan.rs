//! `export-plan`: the file for `apply` that says what the keystore is.

use std::path::PathBuf;

use keystore::ops::apply::export;
use serde::Serialize;

use super::destination::destination;
use crate::context::Context;
use crate::error::Failure;
use crate::output::{Page, Report};
use crate::outside;

const HELP: &str = "\
Examples:
  keyring export-plan
  keyring export-plan --out fleet.toml
  keyring export-plan | keyring apply - --plan

The services, keys, names, authorities, renewals and bindings there are, with
what is staged, as a file for `keyring apply`, which has nothing to do then.
Private keys and certificates are not in it: a backup has them.

Exit codes:
  0    done
  1    FILE can't be written, or something else failed
  2    usage
  4    no keystore, or FILE is there
  7    keystore damaged
  130  interrupted";

/// Write the desired state that the keystore is in
///
/// It goes to standard output, or to a file with --out.
#[derive(clap::Args, Debug)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
    /// Write it to FILE; - is standard output
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace FILE when it is there
    #[arg(long)]
    force: bool,
}

#[derive(Serialize)]
pub(crate) struct Outcome {
    plan: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    out: Option<String>,
}

impl Report for Outcome {
    fn report(&self, page: &mut Page) {
        if self.out.is_none() {
            page.block(&self.plan);
        }
    }

    fn notes(&self, page: &mut Page) {
        if let Some(out) = &self.out {
            page.field(0, "written to", out);
        }
    }
}

pub(crate) fn run(context: &Context, args: &Args) -> Result<Outcome, Failure> {
    let out = destination(context, args.out.as_deref(), args.force)?;
    let keystore = context.keystore()?;
    let plan = export(&keystore.read()?)?;
    if let Some(out) = out {
        outside::write(out, plan.as_bytes(), args.force)?;
    }
    Ok(Outcome { plan, out: out.map(|out| out.display().to_string()) })
}
