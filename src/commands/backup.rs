//! `backup`: one generation in one file.

use std::path::{Path, PathBuf};

use keystore::envelope::{Envelope, Recipient, WorkFactor, recipients};
use keystore::ops;
use keystore::ops::backup::{self as op, Backup, Written};
use keystore::store::{BackupError, Keystore};
use serde::Serialize;

use super::passphrase::OnePassphraseArgs;
use crate::context::Context;
use crate::error::Failure;
use crate::interrupt::{Interruptible, interruptible};
use crate::output::{Page, ReadingFaultJson, Report, artifact, style};
use crate::outside::{self, NewFile};
use crate::prompt;

const HELP: &str = "\
Examples:
  keyring backup keys.age
  keyring backup keys.age --history --passphrase-file secret.txt
  keyring backup - --recipient age1... | ssh vault 'cat >keys.age'

The file is in the age format, with a tar archive inside: `keyring restore`
opens it, and so do `age -d` and `tar x`, which leave a keystore. It holds
every private key, every request and what is staged, and needs no live/.
Nobody has to stop working meanwhile. Made for its owner alone (0600).

Exit codes:
  0    done
  1    failed
  2    usage
  3    a passphrase or recipient refused
  4    no keystore, FILE exists, or a prune came in between
  7    keystore damaged: nothing is backed up
  130  interrupted";

/// How often a backup begins again when a prune takes away what is being written.
const ATTEMPTS: usize = 3;

/// Back up the keystore into one encrypted file
///
/// The newest generation with all its private keys, or with --history all generations that there are.
#[derive(clap::Args, Debug)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
    /// The file to make; `-` is standard output
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Take the older generations along
    #[arg(long)]
    history: bool,
    /// Encrypt to a recipient (age1...), who opens it with the identity; repeatable
    #[arg(long, value_name = "RECIPIENT", conflicts_with_all = ["passphrase_file", "passphrase_env"])]
    recipient: Vec<String>,
    /// Encrypt to the recipients in FILE, one a line
    #[arg(long, value_name = "FILE", conflicts_with_all = ["passphrase_file", "passphrase_env"])]
    recipient_file: Vec<String>,
    #[command(flatten)]
    passphrase: OnePassphraseArgs,
    /// Do not encrypt: whoever reads the file has every private key
    #[arg(long, conflicts_with_all = ["recipient", "recipient_file", "passphrase_file", "passphrase_env"])]
    no_passphrase: bool,
    /// Replace FILE if it exists
    #[arg(long)]
    force: bool,
}

#[derive(Serialize)]
pub(crate) struct Outcome {
    file: String,
    id: String,
    generation: u64,
    hash: Option<String>,
    history: bool,
    files: usize,
    encrypted_to: &'static str,
    left_out: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reading_faults: Vec<ReadingFaultJson>,
}

impl Report for Outcome {
    fn notes(&self, page: &mut Page) {
        for path in &self.left_out {
            let text = format_args!("{path} is not in it: nothing names it, and it is not whole");
            page.tagged(style::WARN, "warning:", text);
        }
        ReadingFaultJson::say(&self.reading_faults, page);
        if self.encrypted_to == "nobody" {
            page.tagged(style::WARN, "warning:", "it is not encrypted: whoever reads it has every private key");
        }
        let history = if self.history { ", with its history," } else { "" };
        let Self { generation, files, encrypted_to, .. } = self;
        let file = if self.file == "-" { "standard output" } else { &self.file };
        let encrypted =
            if *encrypted_to == "nobody" { String::new() } else { format!(", encrypted to {encrypted_to}") };
        let text = format_args!("generation {generation}{history} in {file}: {files} files{encrypted}");
        page.tagged(style::GOOD, "Backed up", text);
    }
}

pub(crate) fn run(context: &Context, args: &Args) -> Result<Outcome, Failure> {
    let to_stdout = args.file == Path::new("-");
    if to_stdout && context.printer.is_json() {
        return Err(Failure::Usage {
            message: "standard output can't carry the backup and a JSON document".to_owned(),
            hint: "name a file, or leave --json out",
        });
    }
    let keystore = context.keystore()?;
    if !to_stdout {
        // Before anybody thinks of a passphrase.
        outside::refuse_existing(&args.file, args.force)?;
        refuse_within(keystore.root(), &args.file)?;
    }
    let to = match to_stdout {
        true => "standard output".to_owned(),
        false => outside::absolute(&args.file)?.display().to_string(),
    };
    let asked = Backup { history: args.history, envelope: envelope(context, args)?, to };
    let written = if to_stdout {
        write_to_stdout(context, &keystore, &asked)?
    } else {
        // Nothing half-written is left behind.
        interruptible(|| write_to_file(context, &keystore, &asked, args))?
    };
    Ok(outcome(args, &asked.envelope, &written))
}

/// A backup in the keystore would be lost with it, and is nothing that belongs there.
fn refuse_within(keystore: &Path, file: &Path) -> Result<(), Failure> {
    if !outside::is_within(keystore, file) {
        return Ok(());
    }
    Err(Failure::Usage {
        message: format!("{} would be lost with the keystore that it is in", file.display()),
        hint: "name a file elsewhere, best on another disk or machine",
    })
}

fn outcome(args: &Args, envelope: &Envelope, written: &Written) -> Outcome {
    let Written { manifest, left_out, reading_faults } = written;
    Outcome {
        file: args.file.display().to_string(),
        id: manifest.keystore.clone(),
        generation: manifest.generation.0,
        hash: manifest.head.map(|hash| hash.to_string()),
        history: manifest.history,
        files: manifest.files.len(),
        encrypted_to: match envelope {
            Envelope::None => "nobody",
            Envelope::Passphrase { .. } => "a passphrase",
            Envelope::Recipients(_) => "recipients",
        },
        left_out: left_out.iter().map(|path| path.display().to_string()).collect(),
        reading_faults: reading_faults.iter().map(ReadingFaultJson::of).collect(),
    }
}

/// What the command line says to encrypt to, or what a person answers.
fn envelope(context: &Context, args: &Args) -> Result<Envelope, Failure> {
    if args.no_passphrase {
        return Ok(Envelope::None);
    }
    let mut all = args.recipient.iter().map(|text| text.parse()).collect::<Result<Vec<Recipient>, _>>()?;
    for file in &args.recipient_file {
        let bytes = outside::read(file)?;
        all.extend(recipients(&String::from_utf8_lossy(&bytes))?);
    }
    if !all.is_empty() {
        return Ok(Envelope::Recipients(all));
    }
    let passphrase = match args.passphrase.get()? {
        Some(passphrase) => passphrase,
        None if context.can_ask() => prompt::new_passphrase("Passphrase of the backup")?,
        None => {
            return Err(Failure::Missing {
                what: "a passphrase or a recipient",
                flag: "--passphrase-file, --passphrase-env or --recipient",
            });
        }
    };
    Ok(Envelope::Passphrase { passphrase, work: WorkFactor::AGE })
}

fn write_to_stdout(context: &Context, keystore: &Keystore, asked: &Backup) -> Result<Written, Failure> {
    let Some(out) = artifact() else {
        return Err(Failure::Usage {
            message: "a backup does not go to a terminal".to_owned(),
            hint: "send standard output to a file or a program, or name a file",
        });
    };
    let written = op::backup(keystore, asked, &mut { out }, &context.progress());
    written.map_err(|error| match error {
        ops::Error::Backup(BackupError::Write(source)) => Failure::Output(source),
        error => error.into(),
    })
}

fn write_to_file(context: &Context, keystore: &Keystore, asked: &Backup, args: &Args) -> Result<Written, Failure> {
    let mut attempts = ATTEMPTS;
    loop {
        attempts -= 1;
        let mut file = NewFile::create(&args.file, 0o600, args.force)?;
        match op::backup(keystore, asked, &mut Interruptible(&mut file), &context.progress()) {
            Ok(written) => {
                file.finish()?;
                return Ok(written);
            }
            Err(ops::Error::Backup(BackupError::Vanished { .. })) if attempts > 0 => {}
            Err(ops::Error::Backup(BackupError::Write(source))) => {
                let name = args.file.display().to_string();
                return Err(outside::OutsideError::Io { verb: "write", name, source }.into());
            }
            Err(error) => return Err(error.into()),
        }
    }
}
