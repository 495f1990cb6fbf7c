//! `revoke`: a certificate of a private authority is no longer good.

use keystore::name::{AuthorityName, KeyPath};
use keystore::ops;
use keystore::ops::revoke::{self as op, Which};
use keystore::pki::{RevocationReason, SerialNumber, read_certificates};
use keystore::store::Keystore;
use serde::Serialize;

use super::opening::shown;
use crate::context::Context;
use crate::error::Failure;
use crate::output::{Page, Report, or_none};
use crate::outside;

const HELP: &str = "\
Examples:
  keyring revoke mail01/imap/main --ca lab --reason keyCompromise
  keyring revoke router.pem --ca lab --reason superseded
  keyring revoke 5b09e2c4a1f07d3359aa0000000100000000 --ca lab

The certificate is named by its serial number, by its file, or by the key that
runs on it. Reasons are those of RFC 5280: unspecified, keyCompromise,
cACompromise, affiliationChanged, superseded, cessationOfOperation,
privilegeWithdrawn. It takes effect at once, and clients learn of it from the
next list (`keyring export-crl`). It can't be taken back.

Exit codes:
  0    done, or revoked already
  1    failed
  2    usage
  3    the file or the reason refused
  4    no keystore, no such authority, or it has not issued this
  5    in use
  7    keystore damaged
  130  interrupted";

/// Revoke a certificate of a private authority
#[derive(clap::Args, Debug)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
    /// The certificate: its serial number, its file, or the key that runs on it
    #[arg(value_name = "SERIAL|FILE|KEY")]
    what: String,
    /// The authority that issued it
    #[arg(long, value_name = "NAME")]
    ca: String,
    /// Why
    #[arg(long, value_name = "REASON", default_value = "unspecified")]
    reason: String,
}

#[derive(Serialize)]
pub(crate) struct Outcome {
    ca: String,
    serial: String,
    subject: String,
    revoked: String,
    reason: String,
    changed: bool,
}

impl Report for Outcome {
    fn notes(&self, page: &mut Page) {
        let Self { ca, serial, revoked, reason, subject, .. } = self;
        if self.changed {
            page.line(format_args!("Revoked {serial}, {reason}."));
        } else {
            page.line(format_args!("{serial} is revoked already, since {revoked}, {reason}: nothing to do."));
        }
        page.field(2, "subject", or_none(subject));
        if self.changed {
            page.line(format_args!("`keyring export-crl --ca {ca}` makes the list that clients learn of it from."));
        }
    }
}

pub(crate) fn run(context: &Context, args: &Args) -> Result<Outcome, Failure> {
    let name: AuthorityName = args.ca.parse()?;
    let reason: RevocationReason = args.reason.parse()?;
    let keystore = context.keystore()?;
    let revoked = op::revoke(&keystore, &name, &which(&keystore, &args.what)?, reason)?;
    Ok(Outcome {
        ca: name.to_string(),
        serial: revoked.revocation.serial.to_string(),
        subject: revoked.subject.to_string(),
        revoked: revoked.revocation.at.to_string(),
        reason: revoked.revocation.reason.to_string(),
        changed: !revoked.unchanged,
    })
}

/// A number, else a key of this keystore, else a file.
fn which(keystore: &Keystore, what: &str) -> Result<Which, Failure> {
    if let Ok(serial) = what.parse::<SerialNumber>() {
        return Ok(Which::Serial(serial));
    }
    if let Ok(key) = what.parse::<KeyPath>()
        && keystore.read()?.key(&key)?.is_some()
    {
        return Ok(Which::Key(key));
    }
    let read = read_certificates(&outside::read(what)?);
    let mut read = read.map_err(|source| ops::Error::Unreadable { file: shown(what), source })?;
    Ok(Which::Certificate(Box::new(read.swap_remove(0))))
}
