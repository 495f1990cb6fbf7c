//! `list-authorities`: who signs.

use keystore::ops::list_authorities as op;
use serde::Serialize;

use crate::context::Context;
use crate::error::Failure;
use crate::output::{AuthorityJson, Page, Report, authority_line, style};

const HELP: &str = "\
Examples:
  keyring list-authorities
  keyring list-authorities --json | jq -r '.result.authorities[].name'

Exit codes:
  0  done
  1  failed
  2  usage
  4  no keystore
  7  keystore damaged";

/// Show the authorities
///
/// Those that `keyring set-authority` described, with what is said of them. No secret is among it.
#[derive(clap::Args, Debug)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {}

#[derive(Serialize)]
struct NamedJson {
    name: String,
    since: String,
    by: String,
    #[serde(flatten)]
    settings: AuthorityJson,
    #[serde(skip)]
    line: String,
}

#[derive(Serialize)]
pub(crate) struct Outcome {
    authorities: Vec<NamedJson>,
}

impl Report for Outcome {
    fn report(&self, page: &mut Page) {
        for NamedJson { name, line, .. } in &self.authorities {
            page.styled(style::STRONG, name);
            page.line(format_args!("  {line}"));
        }
    }

    fn notes(&self, page: &mut Page) {
        if self.authorities.is_empty() {
            page.line("There are no authorities: `keyring set-authority` describes them.");
        }
    }
}

pub(crate) fn run(context: &Context, _: &Args) -> Result<Outcome, Failure> {
    let keystore = context.keystore()?;
    let authorities = op::list_authorities(&keystore.read()?)?;
    let json = |(name, authority): (keystore::name::AuthorityName, keystore::model::Authority)| NamedJson {
        name: name.to_string(),
        since: authority.set.to_string(),
        by: authority.by.to_string(),
        line: authority_line(&authority.settings),
        settings: AuthorityJson::of(&authority.settings),
    };
    Ok(Outcome { authorities: authorities.into_iter().map(json).collect() })
}
