//! `list-issued`: what a private authority has issued.

use keystore::name::AuthorityName;
use keystore::ops::list_issued::{self as op, Listed};
use keystore::timestamp::Timestamp;
use serde::Serialize;

use crate::context::Context;
use crate::error::Failure;
use crate::output::{Page, Report, or_none, style, until};

const HELP: &str = "\
Examples:
  keyring list-issued --ca lab
  keyring list-issued --ca lab --json | jq -r '.result.certificates[].serial'

Every certificate that the authority has issued is here, in its order: it was
put on the list before anybody had it.

Exit codes:
  0  done
  1  failed
  2  usage
  3  a name refused
  4  no keystore, or no such authority
  7  keystore damaged";

/// Show what a private authority has issued
#[derive(clap::Args, Debug)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
    /// The authority, made by `keyring create-ca`
    #[arg(long, value_name = "NAME")]
    ca: String,
}

#[derive(Serialize)]
struct RevokedJson {
    since: String,
    reason: String,
    by: String,
}

#[derive(Serialize)]
struct ListedJson {
    serial: String,
    profile: String,
    subject: String,
    names: Vec<String>,
    not_before: String,
    not_after: String,
    sha256: String,
    spki_sha256: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    issued: String,
    by: String,
    revoked: Option<RevokedJson>,
    #[serde(skip)]
    validity: String,
}

#[derive(Serialize)]
pub(crate) struct Outcome {
    ca: String,
    certificates: Vec<ListedJson>,
}

impl Report for Outcome {
    fn report(&self, page: &mut Page) {
        for one in &self.certificates {
            page.styled(style::STRONG, &one.serial);
            let what = if one.names.is_empty() { one.subject.clone() } else { one.names.join(", ") };
            page.line(format_args!("  {}, {}, {}", one.profile, or_none(&what), one.validity));
            if let Some(key) = &one.key {
                page.line(format_args!("  for {key}"));
            }
            if let Some(revoked) = &one.revoked {
                page.line(format_args!("  revoked since {}, {}", revoked.since, revoked.reason));
            }
        }
    }

    fn notes(&self, page: &mut Page) {
        if self.certificates.is_empty() {
            page.line(format_args!("{} has issued nothing yet.", self.ca));
        }
    }
}

pub(crate) fn run(context: &Context, args: &Args) -> Result<Outcome, Failure> {
    let name: AuthorityName = args.ca.parse()?;
    let keystore = context.keystore()?;
    let now = keystore.world().now();
    let listed = op::list_issued(&keystore.read()?, &name)?;
    Ok(Outcome { ca: name.to_string(), certificates: listed.iter().map(|one| json(one, now)).collect() })
}

fn json(listed: &Listed, now: Timestamp) -> ListedJson {
    let Listed { entry, certificate, time, by, revoked } = listed;
    ListedJson {
        serial: entry.serial.to_string(),
        profile: entry.profile.to_string(),
        subject: certificate.subject().to_string(),
        names: certificate.names().iter().map(ToString::to_string).collect(),
        not_before: certificate.not_before().to_string(),
        not_after: certificate.not_after().to_string(),
        sha256: certificate.fingerprint().to_string(),
        spki_sha256: certificate.public_key().hash().to_string(),
        key: entry.key.as_ref().map(ToString::to_string),
        issued: time.to_string(),
        by: by.to_string(),
        revoked: revoked.as_ref().map(|revoked| RevokedJson {
            since: revoked.at.to_string(),
            reason: revoked.reason.to_string(),
            by: revoked.by.to_string(),
        }),
        validity: until(certificate.not_after(), now),
    }
}
