//! `set-renewal`: how keys are renewed.

use keystore::model::{RenewAt, Renewal, ReuseKey};
use keystore::name::{AuthorityName, KeyPath};
use keystore::ops::{find_key, set_renewal as op};
use keystore::store::Keystore;
use serde::Serialize;

use crate::context::Context;
use crate::error::Failure;
use crate::output::{Page, RenewalJson, Report, renewal_line};
use crate::prompt;

const HELP: &str = "\
Examples:
  keyring set-renewal mail01/imap/main --authority internal
  keyring set-renewal web01/https/main --authority letsencrypt --at ari
  keyring set-renewal web01/https/main --at 30d
  keyring set-renewal web01/https/main --reuse-key --max-days 365
  keyring set-renewal web01/https/main --remove

--at says when a certificate is due: after a part of its lifetime (2/3 when
nothing is said), so many days before its end (30d), or when its authority
suggests it (ari). What is not named stays as it was said before. `keyring
renew --due` does it.

Exit codes:
  0    done, or said so already
  1    failed
  2    usage
  3    a name or a time refused
  4    no keystore, no such key or authority
  5    in use
  7    keystore damaged
  130  interrupted";

/// Say how keys are renewed
///
/// By which authority, when, and with a new private key or the same. Staged until a commit.
#[derive(clap::Args, Debug)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
    /// The keys: SERVER/PROTOCOL/NAME
    #[arg(value_name = "KEY", required = true)]
    keys: Vec<String>,
    /// Who signs
    #[arg(long, value_name = "NAME")]
    authority: Option<String>,
    /// When a certificate is due: 2/3, 30d or ari
    #[arg(long, value_name = "WHEN")]
    at: Option<String>,
    /// Have the same private key certified again
    #[arg(long, conflicts_with = "new_key")]
    reuse_key: bool,
    /// Make a new private key each time, as when nothing is said
    #[arg(long)]
    new_key: bool,
    /// Reuse a private key for so many days at most
    #[arg(long, value_name = "DAYS", requires = "reuse_key", value_parser = clap::value_parser!(u32).range(1..))]
    max_days: Option<u32>,
    /// Have a private key certified so many times at most
    #[arg(long, value_name = "NUMBER", requires = "reuse_key", value_parser = clap::value_parser!(u32).range(1..))]
    max_certificates: Option<u32>,
    /// Take away everything that was said
    #[arg(long, conflicts_with_all = ["authority", "at", "reuse_key", "new_key"])]
    remove: bool,
}

#[derive(Serialize)]
struct KeyRenewalJson {
    key: String,
    changed: bool,
    before: Option<RenewalJson>,
    renewal: Option<RenewalJson>,
    #[serde(skip)]
    line: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct Outcome {
    keys: Vec<KeyRenewalJson>,
}

impl Report for Outcome {
    fn notes(&self, page: &mut Page) {
        for KeyRenewalJson { key, changed, line, .. } in &self.keys {
            match line {
                _ if !changed => page.line(format_args!("That is said of {key} already: nothing to do.")),
                Some(line) => page.line(format_args!("Staged {key}: renewed {line}.")),
                None => page.line(format_args!("Staged {key} to be renewed by nobody.")),
            };
        }
    }
}

impl Args {
    /// Whether it is the first thing that is said of one of the keys, so that an authority must be named.
    fn says_first(&self, keystore: &Keystore, keys: &[KeyPath]) -> Result<bool, Failure> {
        let snapshot = keystore.read()?;
        let mut first = false;
        for key in keys {
            first |= find_key(&snapshot, key)?.upcoming_renewal.is_none();
        }
        Ok(first && !self.remove)
    }
}

pub(crate) fn run(context: &Context, args: &Args) -> Result<Outcome, Failure> {
    let keys: Vec<KeyPath> = args.keys.iter().map(|key| key.parse()).collect::<Result<_, _>>()?;
    let authority: Option<AuthorityName> = args.authority.as_ref().map(|name| name.parse()).transpose()?;
    let at: Option<RenewAt> = args.at.as_ref().map(|at| at.parse()).transpose()?;
    let keystore = context.keystore()?;
    let authority = match authority {
        None if args.says_first(&keystore, &keys)? && context.can_ask() => {
            Some(prompt::authority::authority(&keystore)?)
        }
        authority => authority,
    };
    let outcomes = op::set_renewal(&keystore, &keys, |_, before| {
        if args.remove {
            return Ok(None);
        }
        let named = authority.clone().or_else(|| before.as_ref().map(|before| before.authority.clone()));
        let named = named.ok_or(Failure::Missing { what: "the authority", flag: "--authority NAME" })?;
        let mut renewal = before.unwrap_or_else(|| Renewal::by(named.clone()));
        (renewal.authority, renewal.at) = (named, at.unwrap_or(renewal.at));
        if args.reuse_key || args.new_key {
            let reuse = ReuseKey { days: args.max_days, certificates: args.max_certificates };
            renewal.reuse_key = args.reuse_key.then_some(reuse);
        }
        Ok::<_, Failure>(Some(renewal))
    })?;
    let json = |outcome: op::Outcome| KeyRenewalJson {
        changed: !outcome.is_unchanged(),
        key: outcome.key.to_string(),
        line: outcome.renewal.as_ref().map(renewal_line),
        before: outcome.before.as_ref().map(RenewalJson::of),
        renewal: outcome.renewal.as_ref().map(RenewalJson::of),
    };
    Ok(Outcome { keys: outcomes.into_iter().map(json).collect() })
}
