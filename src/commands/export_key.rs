//! `export-key`: a private key with its certificates, in the form that its consumer takes.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::ValueEnum;
use keystore::model::VersionNumber;
use keystore::name::KeyPath;
use keystore::ops::Error;
use keystore::ops::export_key::{self as op, ExportKey, Form, Found, Pfx};
use keystore::pki::{Passphrase, Pbes2, Pkcs12Strength, PrivateKey};
use serde::Serialize;
use zeroize::Zeroizing;

use super::destination::destination;
use super::passphrase::{ExportPassphraseArgs, PassphraseArgs};
use crate::context::Context;
use crate::error::Failure;
use crate::output::{Page, Report, style};
use crate::publish::EXCHANGE_PROVIDER;
use crate::{outside, prompt};

const HELP: &str = "\
Examples:
  keyring export-key mail01/imap/main --format fullchain > fullchain.pem
  keyring export-key mail01/imap/main --format pem --out main.key --encrypt
  keyring export-key mail01/imap/main --format pkcs12 --out main.pfx \\
      --new-passphrase-file passphrase.txt
  keyring export-key mail01/imap/main --format pkcs12 --profile exchange \\
      --windows-2016 --out exchange.pfx

Formats with the private key: pem, pkcs8-der, pkcs12 and combined. They need
--out; the file has mode 0600, and is read back and compared before it gets its
name. Formats without it: certificate, chain, fullchain, pkcs7.

PKCS#12 is written with AES-256 and HMAC-SHA-256. Windows Server 2016 and older
take that for a wrong passphrase: for them, --windows-2016 writes Triple DES.
The profile exchange names the provider that Exchange needs. The profile java
is the same as modern, with an alias in lower case.

What is staged is exported too: the pair that the next commit leaves in use.

Exit codes:
  0    done
  1    FILE can't be written, or something else failed
  2    usage
  3    a wrong passphrase, or a key that the consumer does not take
  4    no keystore, no such key or certificate, or FILE is there
  7    keystore damaged
  130  interrupted";

/// Write a private key and its certificates to a file
///
/// In the form that the software takes which shall use them: PEM, DER, PKCS#12 for Windows, Exchange and Java, or the
/// certificates alone.
#[derive(clap::Args, Debug)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
    /// The key: SERVER/PROTOCOL/NAME
    key: Option<String>,
    /// The form of the file
    #[arg(long, short, value_enum)]
    format: Format,
    /// Whom a PKCS#12 file is for [default: modern]
    #[arg(long, value_enum)]
    profile: Option<Profile>,
    /// Write PKCS#12 for Windows Server 2016 and older: Triple DES and SHA-1
    #[arg(long)]
    windows_2016: bool,
    /// The friendly name, or alias, in a PKCS#12 file [default: NAME of the key]
    #[arg(long, value_name = "NAME")]
    friendly_name: Option<String>,
    /// The version of the private key [default: what the next commit leaves in use]
    #[arg(long, value_name = "NUMBER")]
    version: Option<u32>,
    /// Write to FILE; - is standard output, for what holds no private key
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace FILE when it is there
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    new_passphrase: ExportPassphraseArgs,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

/// The form of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Format {
    /// The private key, PKCS#8 in PEM
    Pem,
    /// The private key, PKCS#8 in DER
    Pkcs8Der,
    /// Private key, certificate and chain: PFX
    Pkcs12,
    /// Private key, certificate and chain in PEM
    Combined,
    /// The certificate in PEM
    Certificate,
    /// The chain without the certificate in PEM
    Chain,
    /// Certificate and chain in PEM
    Fullchain,
    /// Certificate and chain, PKCS#7 in PEM
    Pkcs7,
}

/// Whom a PKCS#12 file is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Profile {
    /// Windows Server 2019 and newer, OpenSSL, NSS and others of today
    Modern,
    /// Exchange, whose web services need an older provider
    Exchange,
    /// Java 8u301 and newer
    Java,
}

#[derive(Serialize)]
pub(crate) struct Outcome {
    key: String,
    version: u32,
    format: String,
    private_key: bool,
    encrypted: bool,
    certificates: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    friendly_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    compromised: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    out: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pem: Option<String>,
    #[serde(skip)]
    legacy: bool,
}

impl Report for Outcome {
    fn report(&self, page: &mut Page) {
        if let Some(pem) = &self.pem {
            page.block(pem);
        }
    }

    fn notes(&self, page: &mut Page) {
        let Self { key, version, certificates, .. } = self;
        let what = match (self.private_key, self.encrypted) {
            (true, true) => "the encrypted private key",
            (true, false) => "the private key, not encrypted",
            (false, _) => "without its private key",
        };
        let certificates = match certificates {
            0 => String::new(),
            1 => ", 1 certificate".to_owned(),
            count => format!(", {count} certificates"),
        };
        page.tagged(style::GOOD, "Exported", format_args!("version {version} of {key}: {what}{certificates}"));
        if let Some(out) = &self.out {
            page.field(2, "written to", out);
        }
        if let Some(name) = &self.friendly_name {
            page.field(2, "friendly name", name);
        }
        if self.legacy {
            let why = "Triple DES and SHA-1 protect it badly: guard the file, and remove it when it is imported";
            page.tagged(style::WARN, "warning:", why);
        }
        if let Some(reason) = &self.compromised {
            page.tagged(style::WARN, "warning:", format_args!("its private key is marked compromised: {reason}"));
        }
    }
}

pub(crate) fn run(context: &Context, args: &Args) -> Result<Outcome, Failure> {
    let keystore = context.keystore()?;
    let snapshot = keystore.read()?;
    let key: KeyPath = match &args.key {
        Some(key) => key.parse()?,
        None if context.can_ask() => prompt::choose_key(&snapshot, "Key", |_| false)?,
        None => return Err(Failure::Missing { what: "the key to export", flag: "KEY" }),
    };
    let form = form(args, &key);
    // Before anybody thinks of a passphrase.
    let out = destination(context, args.out.as_deref(), args.force)?;
    refuse(args, &form, out)?;
    let found = op::find(&snapshot, &ExportKey { key: key.clone(), version: args.version.map(VersionNumber) }, &form)?;
    let Some(out) = out.filter(|_| form.has_private_key()) else { return public(&form, &found, out, args) };
    let file = found.private_key_file(&keystore, &snapshot, &outside::absolute(out)?.display().to_string())?;
    let private_key = args.passphrase.open(context, &key, file)?;
    let passphrase = args.new_passphrase.get(context, matches!(form, Form::Pkcs12(_)))?;
    write(&form, &found, &private_key, passphrase.as_deref(), (out, args.force))?;
    Ok(outcome(args, &form, &found, passphrase.as_ref()))
}

fn form(args: &Args, key: &KeyPath) -> Form {
    match args.format {
        Format::Pem => Form::Pem,
        Format::Pkcs8Der => Form::Pkcs8Der,
        Format::Combined => Form::Combined,
        Format::Certificate => Form::Certificate,
        Format::Chain => Form::Chain,
        Format::Fullchain => Form::Fullchain,
        Format::Pkcs7 => Form::Pkcs7,
        Format::Pkcs12 => {
            let friendly_name = args.friendly_name.clone().unwrap_or_else(|| key.name.to_string());
            let is = |profile| args.profile == Some(profile);
            Form::Pkcs12(Pfx {
                strength: if args.windows_2016 { Pkcs12Strength::TripleDes } else { Pkcs12Strength::Modern },
                // Java looks aliases up in lower case
                friendly_name: if is(Profile::Java) { friendly_name.to_lowercase() } else { friendly_name },
                provider: is(Profile::Exchange).then_some(EXCHANGE_PROVIDER),
            })
        }
    }
}

/// Refuses what has no meaning together.
fn refuse(args: &Args, form: &Form, out: Option<&Path>) -> Result<(), Failure> {
    let usage = |message: &str, hint| Err(Failure::Usage { message: message.to_owned(), hint });
    let is_pkcs12 = matches!(form, Form::Pkcs12(_));
    if !is_pkcs12 && (args.profile.is_some() || args.windows_2016 || args.friendly_name.is_some()) {
        return usage("profiles and friendly names are for PKCS#12 files", "say --format pkcs12");
    }
    if !form.has_private_key() && args.new_passphrase.is_given() {
        return usage("nothing secret is in this format", "leave the passphrase out");
    }
    if form.has_private_key() && out.is_none() {
        return usage("a private key goes to a file only", "name one with --out FILE");
    }
    Ok(())
}

/// Writes what holds no private key.
fn public(form: &Form, found: &Found, out: Option<&Path>, args: &Args) -> Result<Outcome, Failure> {
    let bytes = encode(form, found, None)?;
    let mut outcome = outcome(args, form, found, None);
    match out {
        Some(out) => outside::write(out, &bytes, args.force)?,
        None => outcome.pem = Some(String::from_utf8_lossy(&bytes).into_owned()),
    }
    Ok(outcome)
}

/// Writes what holds a private key, under its name only once it has been read back.
fn write(
    form: &Form,
    found: &Found,
    private_key: &PrivateKey,
    passphrase: Option<&Passphrase>,
    (out, force): (&Path, bool),
) -> Result<(), Failure> {
    let bytes = encode(form, found, Some((private_key, passphrase)))?;
    let mut file = outside::NewFile::create(out, 0o600, force)?;
    file.write_all(&bytes)?;
    let written = file.read_back()?;
    let checked = form.check(&written, &found.certificates, private_key, passphrase);
    checked.map_err(|source| Error::Export { key: found.key.clone(), source })?;
    Ok(file.finish()?)
}

fn encode(
    form: &Form,
    found: &Found,
    secret: Option<(&PrivateKey, Option<&Passphrase>)>,
) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let encoded = form.encode(&found.certificates, secret, Pbes2::ROUNDS, &mut rand::rng());
    Ok(encoded.map_err(|source| Error::Export { key: found.key.clone(), source })?)
}

fn outcome(args: &Args, form: &Form, found: &Found, passphrase: Option<&Arc<Passphrase>>) -> Outcome {
    let format = args.format.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
    let certificates = match form {
        Form::Pem | Form::Pkcs8Der => 0,
        Form::Certificate => 1,
        Form::Chain => found.certificates.len().saturating_sub(1),
        _ => found.certificates.len(),
    };
    Outcome {
        key: found.key.to_string(),
        version: found.version.number.0,
        format,
        private_key: form.has_private_key(),
        encrypted: passphrase.is_some(),
        certificates,
        friendly_name: if let Form::Pkcs12(pfx) = form { Some(pfx.friendly_name.clone()) } else { None },
        compromised: found.version.compromised.as_ref().map(|mark| mark.reason.clone()),
        out: args.out.as_ref().filter(|out| out.as_os_str() != "-").map(|out| out.display().to_string()),
        pem: None,
        legacy: passphrase.is_some() && args.windows_2016,
    }
}
