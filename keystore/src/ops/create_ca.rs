//! `create-ca`: a private authority, kept in the keystore. A root, which signs one authority below it, which issues.

use std::path::PathBuf;

use super::local_ca::check_new;
use super::make_csr::{self, SubjectFields};
use super::{Error, self_sign};
use crate::model::LocalCaSettings;
use crate::name::AuthorityName;
use crate::pki::{
    AttributeType, AuthorityTemplate, BeyondIssuer, Certificate, IssueError, Issuer, KeyAlgorithm, NameConstraints,
    Passphrase, Pbes2, PrivateKey, PrivateKeyError, SerialNumber, Subject, SubjectError, Terms, Uri,
};
use crate::store::{Keystore, NewLocalCa, Snapshot, SubjectDefaults};
use zeroize::Zeroizing;

/// What is asked for.
pub struct CreateCa {
    /// Its name in the keystore.
    pub name: AuthorityName,
    /// The subject that both certificates begin with; the last common name is what the authority is called.
    pub subject: Subject,
    /// For how many days the root is valid.
    pub days: u32,
    /// For how many days the authority below it is valid.
    pub issuing_days: u32,
    /// For how many days what it issues is valid, when nothing is said.
    pub leaf_days: u32,
    /// What it may certify; what is permitted is closed against other hosts and addresses.
    pub constraints: NameConstraints,
    /// Where its revocation list can be had.
    pub crl_url: Option<Uri>,
}

/// An authority that was made.
#[derive(Debug)]
pub struct Created {
    /// Its name.
    pub name: AuthorityName,
    /// The root.
    pub root: Certificate,
    /// The authority that issues.
    pub issuing: Certificate,
    /// What it may certify.
    pub constraints: NameConstraints,
    /// Where what stood in its place was moved: the making of it was cut off, or its `authority.json` was lost.
    pub set_aside: Option<PathBuf>,
}

/// The subject of an authority: these fields, else the keystore's defaults.
///
/// # Errors
/// The limit that a field breaks.
pub fn subject(defaults: &SubjectDefaults, fields: &SubjectFields) -> Result<Subject, SubjectError> {
    make_csr::merge(None, defaults, fields)
}

/// Refuses a name that is taken, before anybody is asked for a passphrase.
///
/// # Errors
/// When there is an authority of this name, or files of one that was in use.
pub fn check(snapshot: &Snapshot<'_>, name: &AuthorityName) -> Result<(), Error> {
    check_new(snapshot, name)
}

/// The private keys of an authority, and their files.
pub struct Material {
    root: PrivateKey,
    root_file: Zeroizing<String>,
    issuing: PrivateKey,
    issuing_file: Zeroizing<String>,
}

impl Material {
    /// New private keys, in the clear or encrypted; `pbes2` is asked for the parameters of each encryption.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn generate(
        algorithm: KeyAlgorithm,
        passphrase: Option<&Passphrase>,
        mut pbes2: impl FnMut() -> Pbes2,
    ) -> Result<Self, PrivateKeyError> {
        let (root, issuing) = (PrivateKey::generate(algorithm)?, PrivateKey::generate(algorithm)?);
        let mut file = |key: &PrivateKey| match passphrase {
            None => Ok(key.to_pem()),
            Some(passphrase) => key.encrypt(passphrase, &pbes2()).map(Zeroizing::new),
        };
        let (root_file, issuing_file) = (file(&root)?, file(&issuing)?);
        Ok(Self { root, root_file, issuing, issuing_file })
    }
}

/// Makes the certificates, and keeps them and the private keys. From then on there is the authority.
///
/// # Errors
/// When there is an authority of this name, or files of one that was in use, when the subject or a time is refused, or when the disk refuses.
pub fn create_ca(keystore: &Keystore, asked: &CreateCa, material: &Material) -> Result<Created, Error> {
    check(&keystore.read()?, &asked.name)?;
    let mut created = certify(keystore, asked, material)
        .map_err(|source| Error::NotIssued { what: asked.name.to_string(), source })?;
    let new = NewLocalCa {
        root_certificate: created.root.to_pem(),
        root_key: material.root_file.clone(),
        issuing_certificate: created.issuing.to_pem(),
        issuing_key: material.issuing_file.clone(),
    };
    let settings =
        LocalCaSettings { days: asked.leaf_days, crl_url: asked.crl_url.clone(), passphrase: None, files: new.files() };
    let mut transaction = keystore.write()?;
    check_new(transaction.snapshot(), &asked.name)?;
    let moved = transaction.create_local_ca(&asked.name, &new, settings)?;
    created.set_aside = moved.map(|path| keystore.root().join(path.as_path()));
    transaction.finish()?;
    Ok(created)
}

fn certify(keystore: &Keystore, asked: &CreateCa, material: &Material) -> Result<Created, IssueError> {
    let world = keystore.world();
    let constraints = asked.constraints.clone().closed();
    let template = |suffix: &str, authorities_below| -> Result<AuthorityTemplate, IssueError> {
        let subject = called(&asked.subject, suffix)?;
        Ok(AuthorityTemplate { subject, authorities_below, constraints: constraints.clone() })
    };
    let serial = || SerialNumber::from_random(world.random());
    let validity = |days| self_sign::validity(world.now(), days);
    let root = template("Root CA", 1)?.self_signed(&material.root, &serial(), validity(asked.days)?)?;
    let terms = Terms {
        serial: serial(),
        validity: validity(asked.issuing_days)?,
        beyond_issuer: BeyondIssuer::Refuse,
        // the list is that of the authority that issues: the root has none
        crl_url: None,
    };
    let (below, issuer) = (template("Issuing CA", 0)?, Issuer::new(&root, &material.root)?);
    let issuing = issuer.issue_authority(&below, material.issuing.public_key(), &terms)?.certificate;
    Ok(Created { name: asked.name.clone(), root, issuing, constraints, set_aside: None })
}

/// The subject with a word behind its last common name.
fn called(subject: &Subject, suffix: &str) -> Result<Subject, SubjectError> {
    let mut attributes: Vec<_> = subject.attributes().map(|(kind, value)| (kind.clone(), value.to_owned())).collect();
    if let Some((_, name)) = attributes.iter_mut().rfind(|(kind, _)| *kind == AttributeType::CommonName) {
        *name = format!("{name} {suffix}");
    }
    Subject::from_attributes(attributes)
}
