//! `create-ca`: a private authority in the keystore.

use std::path::PathBuf;
use std::sync::Arc;

use keystore::name::AuthorityName;
use keystore::ops::create_ca::{self as op, CreateCa, Created, Material};
use keystore::ops::make_csr::{SubjectChoice, SubjectFields};
use keystore::pki::{AttributeType, Certificate, NameConstraints, Passphrase, Pbes2, Subject, Subtree, Uri};
use keystore::store::Keystore;
use serde::Serialize;

use super::create_key::algorithm;
use super::destination::destination;
use super::passphrase::OnePassphraseArgs;
use super::subject::SubjectArgs;
use crate::context::Context;
use crate::error::Failure;
use crate::output::{Page, Report, style, until};
use crate::{outside, prompt};

const HELP: &str = "\
Examples:
  keyring create-ca lab --passphrase-file lab-passphrase --out lab-root.pem
  keyring create-ca lab --cn 'Example Lab' --permit dns:lab.example \\
    --permit ip:192.0.2.0/24 --exclude dns:secret.lab.example
  keyring create-ca ci --no-passphrase --leaf-days 7

A root and one authority below it, which issues; both private keys are kept in
the keystore, encrypted unless --no-passphrase is said. The root goes to
standard output, or to a file with --out: clients have to trust it. What is
permitted or excluded stands in both certificates: dns:NAME (with all below it),
ip:ADDRESS/BITS, email:NAME@DOMAIN, email:DOMAIN or uri:HOST. Where anything is
permitted, every other host and address is excluded.

`keyring sign-csr` has it certify requests from anywhere, `keyring submit` and
`keyring renew` those of this keystore; for these, `keyring set-authority NAME
--passphrase file:/PATH` says where its passphrase is.

Exit codes:
  0    done
  1    FILE can't be written, or something else failed
  2    usage
  3    a name, a subject, days or a passphrase refused
  4    no keystore, or there is such an authority, or files of one whose
       authority.json is lost, or FILE is there
  5    in use
  7    keystore damaged
  130  interrupted";

/// Make a private authority for labs and CI
#[derive(clap::Args, Debug)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
    /// Its name in the keystore
    name: String,
    #[command(flatten)]
    subject: SubjectArgs,
    /// For how many days the root is valid
    #[arg(long, value_name = "N", default_value_t = 3650, value_parser = clap::value_parser!(u32).range(1..))]
    days: u32,
    /// For how many days the authority below the root is valid
    #[arg(long, value_name = "N", default_value_t = 1825, value_parser = clap::value_parser!(u32).range(1..))]
    issuing_days: u32,
    /// For how many days its certificates are valid, when nothing is said
    #[arg(long, value_name = "N", default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..))]
    leaf_days: u32,
    /// ecdsa-p256, ecdsa-p384, rsa-2048, rsa-3072, rsa-4096 or ed25519 [default: that of keystore.toml]
    #[arg(long, value_name = "ALGORITHM")]
    algorithm: Option<String>,
    /// It may certify these names; repeatable
    #[arg(long, value_name = "KIND:VALUE")]
    permit: Vec<String>,
    /// It may not certify these names; repeatable
    #[arg(long, value_name = "KIND:VALUE")]
    exclude: Vec<String>,
    /// Where its revocation list can be had: it stands in all certificates
    #[arg(long, value_name = "URL")]
    crl_url: Option<String>,
    #[command(flatten)]
    passphrase: OnePassphraseArgs,
    /// Keep its private keys in the clear: whoever reads the keystore can issue
    #[arg(long, conflicts_with_all = ["passphrase_file", "passphrase_env"])]
    no_passphrase: bool,
    /// Write the root's certificate to FILE; - is standard output
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace FILE when it is there
    #[arg(long)]
    force: bool,
}

#[derive(Serialize)]
struct AuthorityCertificateJson {
    subject: String,
    serial: String,
    not_after: String,
    sha256: String,
    pem: String,
    #[serde(skip)]
    validity: String,
}

#[derive(Serialize)]
pub(crate) struct Outcome {
    name: String,
    algorithm: String,
    encrypted: bool,
    permitted: Vec<String>,
    excluded: Vec<String>,
    root: AuthorityCertificateJson,
    issuing: AuthorityCertificateJson,
    folder: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    set_aside: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    out: Option<String>,
}

impl Report for Outcome {
    fn report(&self, page: &mut Page) {
        if self.out.is_none() {
            page.block(&self.root.pem);
        }
    }

    fn notes(&self, page: &mut Page) {
        let Self { name, algorithm, folder, root, issuing, .. } = self;
        let encrypted = if self.encrypted { ", encrypted" } else { "" };
        page.line(format_args!("Made the authority {name} ({algorithm}{encrypted}), in {folder}."));
        page.field(2, "root", format_args!("{}, {}", root.subject, root.validity));
        page.field(2, "SHA-256", &root.sha256);
        page.field(2, "issues as", format_args!("{}, {}", issuing.subject, issuing.validity));
        if !self.permitted.is_empty() {
            page.field(2, "certifies", format_args!("{} alone", self.permitted.join(", ")));
        }
        if !self.excluded.is_empty() {
            page.field(2, "never", self.excluded.join(", "));
        }
        if let Some(out) = &self.out {
            page.field(2, "written to", out);
        }
        if let Some(place) = &self.set_aside {
            let text =
                format_args!("what stood of a private authority {name} without authority.json is in {place} now");
            page.tagged(style::WARN, "warning:", text);
        }
        if !self.encrypted {
            let message = "its private keys are in the clear: whoever reads the keystore can issue in its name";
            page.tagged(style::WARN, "warning:", message);
        }
        page.line("Clients have to trust the root: it is the only certificate that they need.");
    }
}

pub(crate) fn run(context: &Context, args: &Args) -> Result<Outcome, Failure> {
    let name: AuthorityName = args.name.parse()?;
    let keystore = context.keystore()?;
    let algorithm = algorithm(&keystore, args.algorithm.as_deref())?;
    let asked = args.asked(&keystore, name)?;
    op::check(&keystore.read()?, &asked.name)?;
    let out = destination(context, args.out.as_deref(), args.force)?;
    let passphrase = args.passphrase(context)?;
    let pbes2 = || Pbes2::random(Pbes2::ROUNDS, &mut rand::rng());
    let material = Material::generate(algorithm, passphrase.as_deref(), pbes2);
    let failed = |source| keystore::ops::Error::CaKey { name: asked.name.clone(), source };
    let created = op::create_ca(&keystore, &asked, &material.map_err(failed)?)?;
    if let Some(out) = out {
        outside::write(out, created.root.to_pem().as_bytes(), args.force)?;
    }
    let out = out.map(|out| out.display().to_string());
    Ok(Outcome { out, ..outcome(&keystore, &created, algorithm.to_string(), passphrase.is_some()) })
}

impl Args {
    fn asked(&self, keystore: &Keystore, name: AuthorityName) -> Result<CreateCa, Failure> {
        let subtrees = |texts: &[String]| texts.iter().map(|text| text.parse()).collect::<Result<Vec<Subtree>, _>>();
        let constraints = NameConstraints { permitted: subtrees(&self.permit)?, excluded: subtrees(&self.exclude)? };
        let refused = |error: &dyn std::error::Error| Failure::AuthoritySetting {
            name: name.to_string(),
            message: format!("--crl-url: {error}"),
            hint: "give the whole URL, http://HOST/PATH",
        };
        let url = |text: &String| text.parse::<Uri>().map_err(|error| refused(&error));
        let crl_url = self.crl_url.as_ref().map(url).transpose()?;
        Ok(CreateCa {
            subject: self.subject(keystore, &name)?,
            name,
            days: self.days,
            issuing_days: self.issuing_days,
            leaf_days: self.leaf_days,
            constraints,
            crl_url,
        })
    }

    /// What is given; the authority is called by its name where it is called nothing else.
    fn subject(&self, keystore: &Keystore, name: &AuthorityName) -> Result<Subject, Failure> {
        let subject = match self.subject.choice()? {
            SubjectChoice::Whole(subject) => subject,
            SubjectChoice::Fields(fields) => {
                let common_name = fields.common_name.clone().or_else(|| Some(name.to_string()));
                let fields = SubjectFields { common_name, ..fields };
                op::subject(&keystore.config().defaults.subject, &fields)?
            }
        };
        match subject.common_name() {
            Some(_) => Ok(subject),
            None => Ok(subject.with(AttributeType::CommonName, name.as_str())?),
        }
    }

    fn passphrase(&self, context: &Context) -> Result<Option<Arc<Passphrase>>, Failure> {
        if self.no_passphrase {
            return Ok(None);
        }
        if let Some(given) = self.passphrase.get()? {
            return Ok(Some(given));
        }
        if !context.can_ask() {
            let flag = "--passphrase-file, --passphrase-env or --no-passphrase";
            return Err(Failure::Missing { what: "the passphrase of the authority's private keys", flag });
        }
        prompt::new_passphrase("Passphrase for the authority's private keys").map(Some)
    }
}

fn outcome(keystore: &Keystore, created: &Created, algorithm: String, encrypted: bool) -> Outcome {
    let certificate = |certificate: &Certificate| AuthorityCertificateJson {
        subject: certificate.subject().to_string(),
        serial: certificate.serial(),
        not_after: certificate.not_after().to_string(),
        sha256: certificate.fingerprint().to_string(),
        pem: certificate.to_pem(),
        validity: until(certificate.not_after(), keystore.world().now()),
    };
    let texts = |subtrees: &[Subtree]| subtrees.iter().map(ToString::to_string).collect();
    Outcome {
        name: created.name.to_string(),
        algorithm,
        encrypted,
        permitted: texts(&created.constraints.permitted),
        excluded: texts(&created.constraints.excluded),
        root: certificate(&created.root),
        issuing: certificate(&created.issuing),
        folder: keystore.authority_folder(&created.name).display().to_string(),
        set_aside: created.set_aside.as_ref().map(|place| place.display().to_string()),
        out: None,
    }
}
