//! `inspect`: what is in some files.

mod json;
mod view;

use keystore::ops::inspect::{self as op, File, Inspection};
use keystore::pki::{Content, Item, RecogniseError, recognise};
use keystore::store::{Keystore, StoreError};
use keystore::timestamp::Timestamp;
use serde::Serialize;

use super::opening::{self, open, shown};
use super::passphrase::FilePassphraseArgs;
use crate::context::Context;
use crate::error::Failure;
use crate::exit::Exit;
use crate::output::{CodedJson, Found, Page, Report};
use crate::outside;
use json::{ChainJson, ObjectJson};

const HELP: &str = "\
Examples:
  keyring inspect reply.p7b
  keyring inspect server.key server.pem chain.pem
  keyring inspect backup.pfx --passphrase-file passphrase.txt --json
  openssl s_client -connect mail.example.com:993 | keyring inspect -

Files are recognised by their contents: PEM of any label, base64 without
armour, DER; certificates, requests, revocation lists, PKCS#7, PKCS#12, Java
keystores; private keys in PKCS#1, SEC 1, PKCS#8, of OpenSSH, and in the backups
of Key Manager and IIS. What is encrypted is opened when a passphrase is given.
No keystore is needed; when there is one, keys of it are recognised.

Exit codes:
  0    done, whatever was found
  1    a file can't be read, or something else failed
  2    usage
  3    nothing in the files is recognised, or can be read
  12   findings, with --fail-on-findings
  130  interrupted";

/// Show what is in files, and what is wrong with it
///
/// Names, keys, times, fingerprints and extensions, what belongs together, the order of chains, and findings: weak keys and
/// signatures, missing names, lifetimes beyond the limits, old encryption.
#[derive(clap::Args, Debug)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
    /// The files; - is standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<String>,
    #[command(flatten)]
    passphrases: FilePassphraseArgs,
    /// End with exit code 12 when there are findings
    #[arg(long)]
    fail_on_findings: bool,
}

#[derive(Serialize)]
pub(crate) struct Outcome {
    objects: Vec<ObjectJson>,
    chains: Vec<ChainJson>,
    not_recognised: Vec<FileJson>,
    #[serde(skip)]
    inspection: Inspection,
    #[serde(skip)]
    now: Timestamp,
    #[serde(skip)]
    fail_on_findings: bool,
}

/// A file in which nothing is recognised.
#[derive(Serialize)]
struct FileJson {
    file: String,
    message: String,
}

impl Report for Outcome {
    fn report(&self, page: &mut Page) {
        view::show(page, &self.inspection, self.now);
        for FileJson { file, message } in &self.not_recognised {
            page.gap().line(format_args!("{file}: {message}"));
        }
    }

    fn exit(&self) -> Exit {
        if self.fail_on_findings && self.count() > 0 { Exit::Findings } else { Exit::Done }
    }

    fn found(&self) -> Option<Found> {
        let message = match self.count() {
            1 => "there is 1 finding".to_owned(),
            count => format!("there are {count} findings"),
        };
        (self.exit() == Exit::Findings).then_some(Found { code: "findings", message })
    }
}

impl Outcome {
    fn count(&self) -> usize {
        self.inspection.count() + self.not_recognised.len()
    }
}

pub(crate) fn run(context: &Context, args: &Args) -> Result<Outcome, Failure> {
    opening::refuse_two_inputs(&args.files)?;
    let passphrases = args.passphrases.all()?;
    let (mut files, mut strangers) = (Vec::new(), Vec::new());
    for name in &args.files {
        match recognise(&outside::read(name)?) {
            Ok(items) => files.push(File { name: shown(name), items: open(context, name, items, &passphrases)? }),
            Err(error) => strangers.push((shown(name), error)),
        }
    }
    refuse_nothing(&files, &mut strangers)?;
    let now = outside::now();
    let inspection = look(context, files, now)?;
    Ok(Outcome {
        objects: inspection.objects.iter().map(|object| ObjectJson::of(object, now)).collect(),
        chains: inspection.chains.iter().map(ChainJson::of).collect(),
        not_recognised: strangers
            .into_iter()
            .map(|(file, error)| FileJson { file, message: error.to_string() })
            .collect(),
        inspection,
        now,
        fail_on_findings: args.fail_on_findings,
    })
}

/// Fails when nothing at all is recognised, or can be read.
fn refuse_nothing(files: &[File], strangers: &mut Vec<(String, RecogniseError)>) -> Result<(), Failure> {
    let items = || files.iter().flat_map(|file| &file.items);
    if items().next().is_none() && !strangers.is_empty() {
        let (file, source) = strangers.swap_remove(0);
        return Err(Failure::NotRecognised { file, source });
    }
    let unreadable = |item: &Item| match &item.content {
        Content::Unreadable { what, error } => Some(CodedJson {
            code: error.code(),
            message: format!("{}: {what} that cannot be read: {error}", item.place),
        }),
        _ => None,
    };
    let faults: Vec<CodedJson> = items().filter_map(unreadable).collect();
    if faults.len() < items().count() {
        return Ok(());
    }
    Err(Failure::NothingReadable { files: files.iter().map(|file| file.name.clone()).collect(), faults })
}

/// Looks at everything, beside the keystore when there is one.
fn look(context: &Context, files: Vec<File>, now: Timestamp) -> Result<Inspection, Failure> {
    let keystore = match context.keystore() {
        Ok(keystore) => Some(keystore),
        Err(failure) if is_absent(&failure) => None,
        Err(failure) => {
            use crate::output::Problem as _;
            context.say(format_args!("The keystore was not looked at: {}", failure.message()))?;
            None
        }
    };
    let snapshot = keystore.as_ref().map(Keystore::read).transpose()?;
    Ok(op::inspect(files, snapshot.as_ref(), now)?)
}

fn is_absent(failure: &Failure) -> bool {
    use keystore::ops::Error;
    match failure {
        Failure::Keystore(error) => matches!(**error, Error::Store(StoreError::NoKeystore { .. })),
        Failure::Outside(outside::OutsideError::NoHome) => true,
        _ => false,
    }
}
