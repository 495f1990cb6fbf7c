//! `collect`: replies of authorities, installed.

use keystore::name::KeyPath;
use keystore::ops::collect as op;
use keystore::ops::desk::Errand;
use keystore::ops::install_cert::Place;

use super::errand::Errands;
use super::passphrase::PassphraseArgs;
use super::submit::WaitArgs;
use super::trust::TrustArgs;
use crate::authority::desk;
use crate::context::Context;
use crate::error::Failure;

const HELP: &str = "\
Examples:
  keyring collect
  keyring collect mail01/imap/main --wait 600

Replies go through the checks of install-cert and are staged. One that is
refused leaves the request waiting, and its private key as it was.

Exit codes:
  0    done: nothing waits any more
  1    failed
  2    usage
  3    a name refused, or the reply
  4    no keystore, no such key, or no authority has a request of it
  5    in use
  7    keystore damaged
  9    the authority failed or refused
  10   no reply yet
  11   several keys, and some failed
  130  interrupted";

/// Install the replies of authorities
///
/// To the requests of these keys, or to all that were handed in with `keyring submit` and wait.
#[derive(clap::Args, Debug)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
    /// The keys: SERVER/PROTOCOL/NAME
    #[arg(value_name = "KEY")]
    keys: Vec<String>,
    #[command(flatten)]
    wait: WaitArgs,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    #[command(flatten)]
    trust: TrustArgs,
}

pub(crate) fn run(context: &Context, args: &Args) -> Result<Errands, Failure> {
    let keys: Vec<KeyPath> = args.keys.iter().map(|key| key.parse()).collect::<Result<_, _>>()?;
    let keystore = context.keystore()?;
    let trust = args.trust.resolve(false)?;
    let submitted = op::submitted(&keystore.read()?, &keys)?;
    let errands: Vec<_> = submitted
        .into_iter()
        .filter_map(|waiting| {
            let authority = waiting.submission.as_ref()?.authority.clone();
            Some(Errand::new(waiting, authority))
        })
        .collect();
    let open = |key: &KeyPath, file| args.passphrase.open(context, key, file);
    let desk = desk(&keystore, &open)?;
    Errands::run(&keystore, &desk, &errands, args.wait.within(), &trust, &mut Place::Stage)
}
