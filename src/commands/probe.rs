//! `probe`: what services really serve.

mod report;
mod target;

use std::time::Duration;

use keystore::ops::probe as op;
use keystore::timestamp::Timestamp;

use super::live::look_at_each;
use super::trust::{Resolved, TrustArgs};
use crate::context::Context;
use crate::error::Failure;
use crate::probe;
pub(crate) use report::Outcome;
use report::{Probe, Seen};
use target::Target;

const HELP: &str = "\
Examples:
  keyring probe mail01/imap@192.0.2.7:993
  keyring probe https://www.example.com smtp://mx1.example.com
  keyring probe imap+starttls://192.0.2.7:143 --name mail.example.com
  keyring probe mail01/imap@default --at imaps://mail.example.com
  keyring probe

Connects and shakes hands as a client does, and says what is served: the
certificate, its chain as it was sent, TLS version and cipher, what is stapled,
the authentication that is offered before TLS and inside. Nobody is logged in.
An ENDPOINT is compared with the certificate that is committed for it; without
arguments, every endpoint that is bound is. A URL is judged by itself.

URLs are SCHEME://HOST:PORT, without a path. TLS starts at once with https,
smtps, imaps, pop3s, nntps, ldaps, ftps, xmpps, and with tls, which is anything
else and needs a port; after STARTTLS with smtp, imap, pop3, nntp, ldap, sieve,
ftp, xmpp, postgres, mysql, to which +starttls may be added. The port may be
left out where it is the usual one.

An ENDPOINT is reached where `set-service --probe` said, else at its address;
the protocol's name and the port tell how: 465, 563, 636, 993, 995 are TLS at
once, 25, 110, 119, 143, 389, 587 are STARTTLS. `default` is the server's name
at the usual port.

Exit codes:
  0    all is as it should be, or nothing is bound
  1    a file can't be read, or something else failed
  2    usage
  3    a name, a URL, the roots or a revocation list refused
  4    no keystore, or an endpoint is bound to nothing
  7    keystore damaged
  9    a service could not be reached or offered no TLS, whatever else was found
  12   what is served is not as it should be
  130  interrupted";

/// Look at what services really serve
///
/// A handshake over TLS or STARTTLS, compared with the keystore: wrong and old certificates, incomplete chains, names,
/// expiry, and passwords that would be taken in the clear.
#[derive(clap::Args, Debug)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
    /// What to look at: SERVER/PROTOCOL@ADDRESS or SCHEME://HOST:PORT; repeatable
    #[arg(value_name = "ENDPOINT|URL")]
    targets: Vec<String>,
    /// Ask for this host, and check that the certificate is good for it [default: the URL's host; of an ENDPOINT, what
    /// `set-service --probe-name` said, or a name of the certificate that is committed]
    #[arg(long, value_name = "HOST")]
    name: Option<String>,
    /// Where the one ENDPOINT is reached
    #[arg(long, value_name = "URL")]
    at: Option<String>,
    /// How long to wait for each service altogether
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
    #[command(flatten)]
    trust: TrustArgs,
}

pub(crate) fn run(context: &Context, args: &Args) -> Result<Outcome, Failure> {
    let targets = target::all(context, args)?;
    let trust = args.trust.resolve(true)?;
    let within = Duration::from_secs(args.timeout);
    let observed = look_at_each(context, &targets, |target| match &target.url {
        Some(url) => probe::observe(url, Some(&target.name), within),
        None => Err(probe::Fault::Nowhere),
    });
    let now = context.world().now();
    let mut probes = Vec::new();
    for (target, observed) in targets.into_iter().zip(observed) {
        let seen = match observed {
            Ok(observed) => Ok(judge(context, &target, observed, &trust, now)?),
            Err(fault) => Err(fault),
        };
        probes.push(Probe::of(&target, seen, &trust));
    }
    Ok(Outcome::of(probes, &trust))
}

fn judge(
    context: &Context,
    target: &Target,
    observed: probe::Observed,
    trust: &Resolved,
    now: Timestamp,
) -> Result<Seen, Failure> {
    let question = op::Question {
        sent: &observed.chain,
        staple: observed.staple.as_deref(),
        host: &target.name,
        expected: target.expected.as_ref(),
        trust: trust.trust(),
    };
    let mut judged = op::judge(&question, now);
    if let Ok(judged) = &mut judged
        && judged.comparison == Some(op::Comparison::Wrong)
    {
        judged.is_of(op::owner(&context.keystore()?.read()?, &judged.leaf)?.as_ref());
    }
    Ok(Seen { observed, judged, now })
}
