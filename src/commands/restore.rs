//! `restore`: a keystore from a backup.

use std::io::{BufReader, Read};

use keystore::envelope::{Opened, OpeningError, Sealed, WorkFactor, identities};
use keystore::ops::restore::{self as op, Restored};
use keystore::store::RealDisk;
use serde::Serialize;

use super::passphrase::OnePassphraseArgs;
use crate::context::Context;
use crate::error::Failure;
use crate::interrupt::{Interruptible, interruptible};
use crate::output::{Page, ReadingFaultJson, Report, style};
use crate::{outside, prompt};

const HELP: &str = "\
Examples:
  keyring restore keys.age
  keyring restore keys.age --store ./copy --passphrase-file secret.txt
  ssh vault cat keys.age | keyring restore - --identity-file key.txt

The keystore's folder must be empty, or not there. Everything is checked: what
the manifest says of each file, the hashes of the records, each private key.
Only a whole keystore appears, or none.

Nothing is published by it: `keyring publish` does that. A restored keystore
has the same id as the one that it was taken from; let only one of them go on.

Exit codes:
  0    done
  1    failed
  2    usage, or a passphrase is missing
  3    the backup is damaged, cut short or none; a passphrase or identity that
       does not open it; others can write to the folder
  4    there is a keystore, or something else, already
  5    in use
  130  interrupted";

/// Make a keystore from a backup
///
/// Where none is: nothing is ever restored over a keystore.
#[derive(clap::Args, Debug)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
    /// The backup; `-` is standard input
    #[arg(value_name = "FILE")]
    file: String,
    /// Open it with the identities in FILE, as `age-keygen` writes it
    #[arg(long, value_name = "FILE", conflicts_with_all = ["passphrase_file", "passphrase_env"])]
    identity_file: Option<String>,
    #[command(flatten)]
    passphrase: OnePassphraseArgs,
}

#[derive(Serialize)]
pub(crate) struct Outcome {
    keystore: String,
    id: String,
    generation: u64,
    hash: Option<String>,
    history: bool,
    backed_up: String,
    files: usize,
    staged: usize,
    unpublished: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reading_faults: Vec<ReadingFaultJson>,
    #[serde(skip)]
    by: String,
}

impl Report for Outcome {
    fn notes(&self, page: &mut Page) {
        let Self { generation, keystore, backed_up, by, .. } = self;
        ReadingFaultJson::say(&self.reading_faults, page);
        let text = format_args!("generation {generation} in {keystore}, as it was at {backed_up} by {by}");
        page.tagged(style::GOOD, "Restored", text);
        match self.staged {
            0 => {}
            1 => _ = page.line("1 change is staged: `keyring status` shows it."),
            more => _ = page.line(format_args!("{more} changes are staged: `keyring status` shows them.")),
        }
        match self.unpublished.len() {
            0 => {}
            1 => _ = page.line("1 endpoint is not published yet: `keyring publish` does it."),
            more => _ = page.line(format_args!("{more} endpoints are not published yet: `keyring publish` does it.")),
        }
        page.line("The keystore that it was taken from has the same id: let only one of them go on.");
    }
}

pub(crate) fn run(context: &Context, args: &Args) -> Result<Outcome, Failure> {
    let folder = context.folder()?;
    let mut backup = open(context, args)?;
    // Nothing half-written is left behind.
    interruptible(|| {
        let disk = RealDisk::create(&folder).map_err(|source| Failure::Folder { folder, source })?;
        let restored = op::restore(Box::new(disk), context.world(), &mut backup, &context.progress())?;
        Ok(outcome(&restored))
    })
}

fn outcome(restored: &Restored) -> Outcome {
    let Restored { keystore, manifest, staged, unpublished, reading_faults } = restored;
    Outcome {
        keystore: keystore.root().display().to_string(),
        id: manifest.keystore.clone(),
        generation: manifest.generation.0,
        hash: manifest.head.map(|hash| hash.to_string()),
        history: manifest.history,
        backed_up: manifest.time.to_string(),
        files: manifest.files.len(),
        staged: *staged,
        unpublished: unpublished.iter().map(ToString::to_string).collect(),
        reading_faults: reading_faults.iter().map(ReadingFaultJson::of).collect(),
        by: manifest.actor.to_string(),
    }
}

type Input = BufReader<Interruptible<Box<dyn Read>>>;

/// Opens the backup with what the command line names, or with what a person answers.
fn open(context: &Context, args: &Args) -> Result<Opened<Input>, Failure> {
    let sealed = Sealed::read(BufReader::with_capacity(1 << 16, Interruptible(outside::open(&args.file)?)))?;
    if let Some(file) = &args.identity_file {
        let bytes = outside::read(file)?;
        let text = std::str::from_utf8(&bytes).unwrap_or_default();
        let identities = identities(text).map_err(|source| Failure::Identities { file: file.clone(), source })?;
        return Ok(sealed.open_with_identities(&identities)?);
    }
    let passphrase = match args.passphrase.get()? {
        Some(passphrase) => passphrase,
        None if !sealed.takes_passphrase() => return sealed.open().map_err(needed),
        None if context.can_ask() => prompt::passphrase("Passphrase of the backup")?.into(),
        None => {
            return Err(Failure::Missing {
                what: "the passphrase of the backup",
                flag: "--passphrase-file or --passphrase-env",
            });
        }
    };
    Ok(sealed.open_with_passphrase(&passphrase, WorkFactor::LIMIT)?)
}

fn needed(error: OpeningError) -> Failure {
    match error {
        OpeningError::IdentityNeeded => Failure::Usage {
            message: "the backup is encrypted to recipients, and no identity is named".to_owned(),
            hint: "give the file that `age-keygen` made with --identity-file",
        },
        error => error.into(),
    }
}
