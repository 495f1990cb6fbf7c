//! `create-key`: a new private key.

mod from;

use std::path::PathBuf;
use std::sync::Arc;

use keystore::name::KeyPath;
use keystore::ops::create_key::{self as op, CreateKey, Created, Material};
use keystore::pki::{KeyAlgorithm, Passphrase, Pbes2, PrivateKey};
use keystore::store::Keystore;
use serde::Serialize;

use super::make_csr;
use super::passphrase::PassphraseArgs;
use crate::context::Context;
use crate::error::Failure;
use crate::exit::Exit;
use crate::output::{Page, Report};
use crate::prompt;

const HELP: &str = r#"Examples:
  keyring create-key mail01/imap/main
  keyring create-key mail01/imap/main --algorithm rsa-3072
  keyring create-key mail01/imap/main --passphrase-file secret.txt
  keyring create-key mail01/imap/main --next
  keyring create-key --from keys.txt --out-dir requests

With --from, each line of FILE is a KEY or a JSON object:
  {"key": "mail01/imap/main", "algorithm": "ecdsa-p256",
   "subject": "CN=mail01.example.com", "san": ["dns:mail01.example.com"]}
on one line, of which all but the key may be left out. With a subject or names,
a request is made too. Empty lines and those that begin with # are passed over.
All keys are made, or none: every line that is refused is named. A crash in the
midst leaves each server with all of its new keys or with none of them; the
same command with --skip-existing then makes those that are missing.

With --next, the private key in use stays in use until the commit of the new
one's certificate. A next version that is there already stands in the way,
unless its private key is marked compromised: then the new one is the next.

Without KEY, on a terminal, it asks for everything and goes on to the request.

Exit codes:
  0    done
  1    failed
  2    usage
  3    name, algorithm or passphrase refused, or lines of FILE
  4    no keystore, or the key is there already
  5    in use
  7    keystore damaged
  130  interrupted"#;

/// Make a private key
///
/// The private key is on disk for good when this returns: it is a fact, which neither discard nor a crash takes away.
#[derive(clap::Args, Debug)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
    /// The key: SERVER/PROTOCOL/NAME
    #[arg(conflicts_with = "from")]
    key: Option<String>,
    /// Make every key that is named in FILE, a line each; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["next", "encrypt"])]
    from: Option<String>,
    /// Pass over the keys of FILE that are there already
    #[arg(long, requires = "from")]
    skip_existing: bool,
    /// Write each request to DIR, as SERVER_PROTOCOL_NAME.csr
    #[arg(long, value_name = "DIR", requires = "from")]
    out_dir: Option<PathBuf>,
    /// Replace requests that are in DIR already
    #[arg(long, requires = "out_dir")]
    force: bool,
    /// Make the next version of a key that has a certificate
    #[arg(long)]
    next: bool,
    /// ecdsa-p256, ecdsa-p384, rsa-2048, rsa-3072, rsa-4096 or ed25519 [default: that of keystore.toml]
    #[arg(long, value_name = "ALGORITHM")]
    algorithm: Option<String>,
    /// Encrypt the private key with a passphrase that is asked for, twice
    #[arg(long, conflicts_with_all = ["passphrase_file", "passphrase_env"])]
    encrypt: bool,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

/// What is asked for, with nothing left open.
pub(crate) struct Request {
    pub(crate) key: KeyPath,
    pub(crate) next: bool,
    pub(crate) algorithm: KeyAlgorithm,
    pub(crate) passphrase: Option<Arc<Passphrase>>,
}

#[derive(Serialize)]
pub(crate) struct Outcome {
    key: String,
    version: u32,
    algorithm: String,
    encrypted: bool,
    spki_sha256: String,
    folder: String,
}

impl Outcome {
    fn of(created: &Created) -> Self {
        let Created { key, version, folder } = created;
        Self {
            key: key.to_string(),
            version: version.number.0,
            algorithm: version.algorithm.to_string(),
            encrypted: version.encrypted,
            spki_sha256: version.spki.to_string(),
            folder: folder.display().to_string(),
        }
    }
}

impl Report for Outcome {
    fn notes(&self, page: &mut Page) {
        let Self { key, version, algorithm, folder, .. } = self;
        let encrypted = if self.encrypted { ", encrypted" } else { "" };
        page.line(format_args!("Made {key}, version {version} ({algorithm}{encrypted}), in {folder}."));
    }
}

pub(crate) fn run(context: &Context, args: &Args) -> Result<Exit, Failure> {
    if let Some(list) = &args.from {
        return Ok(context.printer.finish(context.command, &from::run(context, args, list)?)?);
    }
    let Some(key) = &args.key else { return wizard(context, args) };
    let keystore = context.keystore()?;
    let key: KeyPath = key.parse()?;
    let algorithm = algorithm(&keystore, args.algorithm())?;
    let passphrase = match args.encrypt {
        false => args.passphrase.get(&key)?,
        true if context.can_ask() => {
            op::check(&keystore.read()?, &CreateKey { key: key.clone(), next: args.next })?;
            Some(prompt::new_passphrase("Passphrase for the private key")?)
        }
        true => {
            let flag = "--passphrase-file or --passphrase-env";
            return Err(Failure::Missing { what: "the passphrase to encrypt the private key with", flag });
        }
    };
    let created = create(&keystore, &Request { key, next: args.next, algorithm, passphrase })?;
    Ok(context.printer.finish(context.command, &Outcome::of(&created))?)
}

/// The algorithm that is named, else that of `keystore.toml`.
pub(crate) fn algorithm(keystore: &Keystore, name: Option<&str>) -> Result<KeyAlgorithm, Failure> {
    Ok(name.map(str::parse).transpose()?.unwrap_or(keystore.config().defaults.algorithm))
}

/// Generates a private key and keeps it. No lock is held meanwhile.
pub(crate) fn create(keystore: &Keystore, request: &Request) -> Result<Created, Failure> {
    let asked = CreateKey { key: request.key.clone(), next: request.next };
    op::check(&keystore.read()?, &asked)?;
    let failed = |source| keystore::ops::Error::PrivateKey { key: request.key.clone(), source };
    let private_key = PrivateKey::generate(request.algorithm).map_err(failed)?;
    let material = match &request.passphrase {
        None => Material::plain(&private_key),
        Some(passphrase) => {
            let pbes2 = Pbes2::random(Pbes2::ROUNDS, &mut rand::rng());
            Material::encrypted(&private_key, passphrase, &pbes2).map_err(failed)?
        }
    };
    Ok(op::create_key(keystore, &asked, &material)?)
}

fn wizard(context: &Context, args: &Args) -> Result<Exit, Failure> {
    if !context.can_ask() {
        return Err(Failure::Missing { what: "the key to make", flag: "KEY" });
    }
    let keystore = context.keystore()?;
    let request = prompt::create_key::ask(context, &keystore, args)?;
    let created = create(&keystore, &request)?;
    context.printer.finish(context.command, &Outcome::of(&created))?;
    prompt::show_command(context, prompt::create_key::command_line(&request, args))?;
    make_request(context, args, request).map_err(|failure| match failure {
        Failure::Declined => Failure::RequestDeclined { key: created.key },
        other => other,
    })
}

/// Goes on to the request of a key that was just made.
fn make_request(context: &Context, args: &Args, request: Request) -> Result<Exit, Failure> {
    if !prompt::confirm("Make the request now?", true)? {
        return Ok(Exit::Done);
    }
    let follow = context.follow("make-csr");
    let passphrase = PassphraseArgs { known: request.passphrase, ..args.passphrase.clone() };
    let outcome = make_csr::run(&follow, &make_csr::Args::for_key(&request.key, passphrase))?;
    Ok(follow.printer.finish(follow.command, &outcome)?)
}

impl Args {
    pub(crate) fn next(&self) -> bool {
        self.next
    }

    pub(crate) fn encrypt(&self) -> bool {
        self.encrypt
    }

    pub(crate) fn algorithm(&self) -> Option<&str> {
        self.algorithm.as_deref()
    }

    pub(crate) fn passphrase(&self) -> &PassphraseArgs {
        &self.passphrase
    }
}
