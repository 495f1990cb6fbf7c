//! `import-key`: a private key that was made elsewhere, with its certificate.

use std::sync::Arc;

use keystore::name::KeyPath;
use keystore::ops::create_key::{CreateKey, Material};
use keystore::ops::import_key::{self as op, Found, ImportError, Importable, Imported};
use keystore::ops::inspect::File;
use keystore::ops::{Error, install_cert};
use keystore::pki::{Passphrase, Pbes2, Place, PrivateKey, recognise};
use keystore::timestamp::Timestamp;
use serde::Serialize;

use super::opening;
use super::passphrase::{FilePassphraseArgs, NewPassphraseArgs};
use crate::context::Context;
use crate::error::Failure;
use crate::output::{CertificateJson, CodedJson, Page, Report, coded, or_none, style, until};
use crate::{outside, prompt};

const HELP: &str = "\
Examples:
  keyring import-key mail01/imap/main old.pfx --passphrase-file secret.txt
  keyring import-key www/https/main server.key server.pem chain.pem
  keyring import-key www/https/main iis.key --certificate reply.cer --legacy
  keyring import-key www/https/main all.p12 --friendly-name www --encrypt

PKCS#12, PKCS#8, PKCS#1, SEC 1, OpenSSH's keys and the backups of Key Manager
and IIS are read, in PEM or binary, however they are encrypted; the certificate
and its chain are taken from the same files where they are there. The private
key is kept in the keystore's own form, whatever it came in.

The private key is there for good when this returns, as after create-key; its
certificate is staged, as after install-cert. Done again with the same files,
it goes on where it was cut short.

RSA keys under 2048 bits and others that can be broken are taken with --legacy
alone. They stay marked as weak, and make no requests.

Exit codes:
  0    done, or imported already
  1    a file can't be read, or something else failed
  2    usage, or a passphrase or a choice is missing
  3    no private key that can be used, wrong passphrase, or the certificate is
       refused
  4    no keystore, or the key is there already
  5    in use
  7    keystore damaged
  130  interrupted";

/// Import a private key that was made elsewhere, with its certificate
///
/// From a PFX, from PEM files, from a backup of Key Manager. The private key is kept at once; the certificate is staged.
#[derive(clap::Args, Debug)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
    /// The key: SERVER/PROTOCOL/NAME
    key: String,
    /// Files with the private key, its certificate and its chain; - is standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<String>,
    /// A file with the certificate or its chain; repeatable
    #[arg(long, value_name = "FILE")]
    certificate: Vec<String>,
    /// Take the private key alone, whatever certificates stand beside it
    #[arg(long, conflicts_with = "certificate")]
    key_only: bool,
    /// Of several private keys, take the one of this name
    #[arg(long, value_name = "NAME")]
    friendly_name: Option<String>,
    /// Take a weak private key too
    #[arg(long)]
    legacy: bool,
    /// Make it the next version of a key that has a certificate
    #[arg(long)]
    next: bool,
    #[command(flatten)]
    passphrases: FilePassphraseArgs,
    #[command(flatten)]
    new_passphrase: NewPassphraseArgs,
}

#[derive(Serialize)]
pub(crate) struct Outcome {
    key: String,
    version: u32,
    changed: bool,
    algorithm: String,
    encrypted: bool,
    spki_sha256: String,
    folder: String,
    from: FromJson,
    certificate: Option<CertificateJson<'static>>,
    root_left_out: Option<String>,
    left_out: Vec<String>,
    warnings: Vec<CodedJson>,
    #[serde(skip)]
    certificate_changed: bool,
    #[serde(skip)]
    validity: Option<String>,
}

/// Where the private key was found.
#[derive(Serialize)]
struct FromJson {
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    octet: Option<usize>,
    form: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    container: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    friendly_name: Option<String>,
    /// How it was protected, for people.
    protection: Vec<String>,
    /// Whether that no longer holds.
    legacy: bool,
}

impl FromJson {
    fn of(importable: &Importable) -> Self {
        let (line, octet) = match importable.place {
            Place::Line(line) => (Some(line), None),
            Place::Octet(octet) => (None, Some(octet)),
        };
        let protection = importable.protection.as_ref();
        Self {
            file: importable.file.clone(),
            line,
            octet,
            form: importable.form().to_string(),
            container: importable.container.clone(),
            friendly_name: importable.friendly_names.first().cloned(),
            protection: protection
                .map_or_else(Vec::new, |it| it.schemes.iter().chain(&it.integrity).cloned().collect()),
            legacy: protection.is_some_and(|protection| protection.legacy),
        }
    }

    /// `old.pfx: PKCS#8 in PKCS#12, "www"`.
    fn describe(&self) -> String {
        let container = self.container.as_ref().map(|container| format!(" in {container}")).unwrap_or_default();
        let name = self.friendly_name.as_ref().map(|name| format!(", \"{name}\"")).unwrap_or_default();
        format!("{}: {}{container}{name}", self.file, self.form)
    }
}

impl Report for Outcome {
    fn notes(&self, page: &mut Page) {
        let Self { key, version, algorithm, folder, .. } = self;
        let encrypted = if self.encrypted { ", encrypted" } else { "" };
        if self.changed {
            page.line(format_args!("Imported {key}, version {version} ({algorithm}{encrypted}), in {folder}."));
        } else {
            page.line(format_args!("{key} has this private key already, as version {version}."));
        }
        page.field(2, "from", self.from.describe());
        if self.from.legacy {
            let how = self.from.protection.join("; ");
            page.field(2, "encryption", format_args!("{how}: it no longer holds, and is not kept"));
        }
        self.certificate(page);
        for CodedJson { message, .. } in &self.warnings {
            page.tagged(style::WARN, "warning:", message);
        }
        if self.certificate_changed {
            page.line("`keyring status` shows what is staged; `keyring commit` makes it effective.");
        }
    }
}

impl Outcome {
    fn certificate(&self, page: &mut Page) {
        let (Some(certificate), Some(validity)) = (&self.certificate, &self.validity) else { return };
        let staged = if self.certificate_changed { "staged" } else { "there already" };
        page.field(2, "certificate", format_args!("{staged}, {validity}"));
        page.field(2, "subject", or_none(certificate.subject.as_str()));
        let names: Vec<_> = certificate.names.iter().map(keystore::model::Text::as_str).collect();
        page.field(2, "names", or_none(&names.join(", ")));
        page.field(2, "issuer", &certificate.issuer);
        page.field(2, "chain", format_args!("{} intermediate(s)", certificate.chain_length));
        if let Some(root) = &self.root_left_out {
            page.field(2, "left out", format_args!("the root \"{root}\": clients have their own"));
        }
        for subject in &self.left_out {
            page.field(2, "left out", format_args!("\"{subject}\": it has no part in this chain"));
        }
    }

    fn of(imported: &Imported, from: FromJson, now: Timestamp) -> Self {
        let Imported { kept, was_there, certificate, warnings } = imported;
        let install_cert::Staged { installed, unchanged, root, foreign, .. } = match certificate {
            Some(outcome) => outcome,
            None => return Self::of_key(imported, from),
        };
        Self {
            certificate: Some(CertificateJson::of(installed)),
            root_left_out: root.as_ref().map(ToString::to_string),
            left_out: foreign.iter().map(ToString::to_string).collect(),
            warnings: coded(warnings),
            changed: !(*was_there && *unchanged),
            certificate_changed: !unchanged,
            validity: Some(until(installed.summary.not_after, now)),
            version: kept.version.number.0,
            ..Self::of_key(imported, from)
        }
    }

    fn of_key(imported: &Imported, from: FromJson) -> Self {
        let Imported { kept, was_there, warnings, .. } = imported;
        Self {
            key: kept.key.to_string(),
            version: kept.version.number.0,
            changed: !was_there,
            algorithm: kept.version.algorithm.to_string(),
            encrypted: kept.version.encrypted,
            spki_sha256: kept.version.spki.to_string(),
            folder: kept.folder.display().to_string(),
            from,
            certificate: None,
            root_left_out: None,
            left_out: Vec::new(),
            warnings: coded(warnings),
            certificate_changed: false,
            validity: None,
        }
    }
}

pub(crate) fn run(context: &Context, args: &Args) -> Result<Outcome, Failure> {
    let keystore = context.keystore()?;
    let key: KeyPath = args.key.parse()?;
    opening::refuse_two_inputs(args.files.iter().chain(&args.certificate))?;
    let passphrases = args.passphrases.all()?;
    let read = |names: &[String]| -> Result<Vec<File>, Failure> {
        names.iter().map(|name| read(context, name, &passphrases)).collect()
    };
    let found = op::find(read(&args.files)?, read(&args.certificate)?)?;
    let chosen = choose(context, &found, args.friendly_name.as_deref())?;
    let private_key = found.private_key(chosen, args.legacy)?;
    let now = keystore.world().now();
    let chain = if args.key_only { None } else { found.chain(chosen, now)? };
    let asked = CreateKey { key, next: args.next };
    op::check(&keystore.read()?, &asked, private_key.public_key().hash())?;
    let passphrase = args.new_passphrase.get(context, "Passphrase for the private key")?;
    let material = material(&asked.key, &private_key, passphrase)?;
    let imported = op::import_key(&keystore, &asked, &material, chain.as_ref())?;
    Ok(Outcome::of(&imported, FromJson::of(&found.keys()[chosen]), now))
}

fn read(context: &Context, name: &str, passphrases: &[Passphrase]) -> Result<File, Failure> {
    let shown = opening::shown(name);
    let items = recognise(&outside::read(name)?);
    let items = items.map_err(|source| Error::Import { files: vec![shown.clone()], source: source.into() })?;
    Ok(File { name: shown, items: opening::open(context, name, items, passphrases)? })
}

/// The private key that is meant, asked for when there are several.
fn choose(context: &Context, found: &Found, friendly_name: Option<&str>) -> Result<usize, Failure> {
    match found.choose(friendly_name) {
        Err(Error::Import { source: ImportError::Several { keys }, .. }) if context.can_ask() => {
            prompt::choose_private_key(&keys)
        }
        chosen => Ok(chosen?),
    }
}

/// The private key in the keystore's own form. No lock is held meanwhile.
fn material(key: &KeyPath, private_key: &PrivateKey, passphrase: Option<Arc<Passphrase>>) -> Result<Material, Failure> {
    let Some(passphrase) = passphrase else { return Ok(Material::plain(private_key)) };
    let pbes2 = Pbes2::random(Pbes2::ROUNDS, &mut rand::rng());
    let material = Material::encrypted(private_key, &passphrase, &pbes2);
    Ok(material.map_err(|source| Error::PrivateKey { key: key.clone(), source })?)
}
