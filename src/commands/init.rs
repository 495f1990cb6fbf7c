//! `init`: a new keystore.

use keystore::pki::{AttributeType, KeyAlgorithm, Subject};
use keystore::store::{Keystore, RealDisk};
use serde::Serialize;

use crate::context::Context;
use crate::error::Failure;
use crate::output::{Page, Report};

const HELP: &str = "\
Examples:
  keyring init
  keyring init --store ./keystore --algorithm rsa-2048
  keyring init --subject \"C=US,ST=Washington,L=Redmond,O=Example Corp\"

Exit codes:
  0  done
  1  failed
  2  usage
  3  a default was refused, or others can write to the folder
  4  there is a keystore, or something else, already
  5  another process makes or restores one there";

/// Make a keystore
///
/// The folder is made when it is missing (mode 0711) and must be empty when it is there. The defaults are written to
/// keystore.toml, where they can be edited.
#[derive(clap::Args, Debug)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
    /// The algorithm of new keys
    #[arg(long, value_name = "ALGORITHM", default_value = "ecdsa-p256")]
    algorithm: String,
    /// The subject fields of new requests: C, ST, L, O and OU
    #[arg(long, value_name = "DN")]
    subject: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct Outcome {
    keystore: String,
    id: String,
}

impl Report for Outcome {
    fn notes(&self, page: &mut Page) {
        page.line(format_args!("Made a keystore in {}.", self.keystore));
    }
}

pub(crate) fn run(context: &Context, args: &Args) -> Result<Outcome, Failure> {
    let defaults = defaults(args.algorithm.parse()?, args.subject.as_deref())?;
    let folder = context.folder()?;
    let disk = RealDisk::create(&folder).map_err(|source| Failure::Folder { folder, source })?;
    let keystore = Keystore::init(Box::new(disk), context.world(), &defaults)?;
    Ok(Outcome { keystore: keystore.root().display().to_string(), id: keystore.config().id.clone() })
}

/// The `[defaults]` of `keystore.toml`, with what was not given as comments.
fn defaults(algorithm: KeyAlgorithm, subject: Option<&str>) -> Result<String, Failure> {
    let subject: Subject = subject.unwrap_or("").parse()?;
    let mut text = format!(
        "# What new keys and requests get when the command line says nothing else.\n[defaults]\nalgorithm = \"{algorithm}\"\n\n[defaults.subject]\n"
    );
    let known = [
        (AttributeType::Country, "country", "US"),
        (AttributeType::State, "state", "Washington"),
        (AttributeType::Locality, "locality", "Redmond"),
        (AttributeType::Organization, "organization", "Example Corp"),
        (AttributeType::OrganizationalUnit, "unit", "IT"),
    ];
    if let Some((kind, _)) = subject.attributes().find(|(kind, _)| known.iter().all(|(other, ..)| other != *kind)) {
        return Err(Failure::Usage {
            message: format!("{kind} is no default for all requests"),
            hint: "--subject takes C, ST, L, O and OU here; the rest is given to make-csr",
        });
    }
    for (kind, field, example) in known {
        let values: Vec<_> = subject.get(&kind).into_iter().map(quoted).collect();
        let line = match (&values[..], field) {
            ([], "unit") => format!("# unit = [{}]", quoted(example)),
            ([], _) => format!("# {field} = {}", quoted(example)),
            (units, "unit") => format!("unit = [{}]", units.join(", ")),
            ([value, ..], _) => format!("{field} = {value}"),
        };
        text.push_str(&line);
        text.push('\n');
    }
    Ok(text)
}

/// A TOML basic string. JSON's escapes are all TOML's too.
fn quoted(value: &str) -> String {
    serde_json::Value::from(value).to_string()
}
