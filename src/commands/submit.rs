//! `submit`: requests are handed to an authority, and its reply installed.

use std::collections::BTreeSet;
use std::time::Duration;

use keystore::name::{AuthorityName, KeyPath};
use keystore::ops::desk::Errand;
use keystore::ops::install_cert::Place;
use keystore::ops::{find_lasting_key, submit as op};
use keystore::store::Snapshot;

use super::errand::Errands;
use super::passphrase::PassphraseArgs;
use super::trust::TrustArgs;
use crate::authority::desk;
use crate::context::Context;
use crate::error::Failure;
use crate::prompt;

const HELP: &str = "\
Examples:
  keyring submit mail01/imap/main --to internal
  keyring submit mail01/imap/main
  keyring submit mail01/imap/main mail02/imap/main --to internal --wait 120

The request is the one that waits for its certificate. A reply goes through
the checks of install-cert and is staged. Where there is none yet, `keyring
collect` asks again; so does this command, which never hands in the same
request twice. Without --to, the authority is the one that the key is renewed
by (`keyring set-renewal`).

Exit codes:
  0    done: the certificate is staged
  1    failed
  2    usage
  3    a name refused, or the reply
  4    no keystore, no such key or authority, or no request that waits
  5    in use
  7    keystore damaged
  9    the authority failed or refused
  10   no reply yet
  11   several keys, and some failed
  130  interrupted";

/// Hand a request to an authority
///
/// `keyring set-authority` describes authorities.
#[derive(clap::Args, Debug)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
    /// The keys: SERVER/PROTOCOL/NAME
    #[arg(value_name = "KEY", required = true)]
    keys: Vec<String>,
    /// The authority
    #[arg(long, value_name = "NAME")]
    to: Option<String>,
    #[command(flatten)]
    wait: WaitArgs,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    #[command(flatten)]
    trust: TrustArgs,
}

/// How long to wait for a reply.
#[derive(clap::Args, Debug, Clone)]
pub(crate) struct WaitArgs {
    /// Wait for the reply, for a minute or as long as is said
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "60")]
    wait: Option<u32>,
}

impl WaitArgs {
    pub(super) fn within(&self) -> Option<Duration> {
        self.wait.map(|seconds| Duration::from_secs(seconds.into()))
    }
}

pub(crate) fn run(context: &Context, args: &Args) -> Result<Errands, Failure> {
    let keys: BTreeSet<KeyPath> = args.keys.iter().map(|key| key.parse()).collect::<Result<_, _>>()?;
    let to: Option<AuthorityName> = args.to.as_ref().map(|name| name.parse()).transpose()?;
    let keystore = context.keystore()?;
    let trust = args.trust.resolve(false)?;
    let snapshot = keystore.read()?;
    let errand = |key: &KeyPath| {
        let waiting = op::waiting(&snapshot, key)?;
        let authority = match authority(&snapshot, key, to.as_ref())? {
            Some(authority) => authority,
            None if context.can_ask() => prompt::authority::authority(&keystore)?,
            None => return Err(Failure::Missing { what: "the authority", flag: "--to NAME" }),
        };
        Ok(Errand::new(waiting, authority))
    };
    let errands = keys.iter().map(errand).collect::<Result<Vec<_>, Failure>>()?;
    let open = |key: &KeyPath, file| args.passphrase.open(context, key, file);
    let desk = desk(&keystore, &open)?;
    Errands::run(&keystore, &desk, &errands, args.wait.within(), &trust, &mut Place::Stage)
}

/// The authority that is named, else the one that has the request, else the one that the key is renewed by.
fn authority(
    snapshot: &Snapshot<'_>,
    key: &KeyPath,
    to: Option<&AuthorityName>,
) -> Result<Option<AuthorityName>, Failure> {
    let view = find_lasting_key(snapshot, key)?;
    let has_it = || view.submission().filter(|it| it.is_open()).map(|it| it.authority.clone());
    let renews = || Some(view.upcoming_renewal.as_ref()?.authority.clone());
    Ok(to.cloned().or_else(has_it).or_else(renews))
}
