//! Whom to trust: the flags of `verify` and `install-cert`, and what both report of a chain.

use keystore::ops::verify::{self, Difference, Examined, Finding, State, Trust};
use keystore::pki::{Certificate, RevocationList, Roots};
use serde::Serialize;

use crate::error::Failure;
use crate::output::{CodedJson, Page, or_none, style};
use crate::{fetch, outside};

/// The roots of this machine.
const SYSTEM: &str = "system";

/// Flags that say whom to trust.
#[derive(clap::Args, Debug, Clone)]
#[command(next_help_heading = "Trust")]
pub(crate) struct TrustArgs {
    /// The roots to trust: `system` for those of this machine, a FILE with certificates, `none` to judge no root
    #[arg(long, value_name = "ROOTS", default_value = SYSTEM)]
    roots: String,
    /// A file with revocation lists (CRLs), PEM or DER; repeatable
    #[arg(long, value_name = "FILE")]
    crl: Vec<String>,
    /// Fetch issuers' certificates that are missing, over HTTP from where the certificates say they are
    #[arg(long)]
    fetch_issuers: bool,
}

/// The same, read.
pub(crate) struct Resolved {
    trusted: Trusted,
    lists: Vec<RevocationList>,
    fetch_issuers: bool,
}

/// The roots that are trusted.
enum Trusted {
    /// No root is judged.
    Unjudged,
    /// Those of this machine, if it has any. They are read when they are needed.
    System,
    File {
        name: String,
        roots: Roots,
    },
}

impl Trusted {
    fn roots(&self) -> Option<&Roots> {
        match self {
            Self::Unjudged => None,
            Self::System => Some(outside::system_roots()).filter(|roots| !roots.is_empty()),
            Self::File { roots, .. } => Some(roots),
        }
    }

    fn file(&self) -> Option<&str> {
        match self {
            Self::File { name, .. } => Some(name),
            Self::Unjudged | Self::System => None,
        }
    }

    /// `system`, `file` or `none`.
    fn as_str(&self) -> &'static str {
        match self {
            Self::File { .. } => "file",
            Self::System if self.roots().is_some() => SYSTEM,
            Self::Unjudged | Self::System => "none",
        }
    }
}

impl TrustArgs {
    /// The flags again, for a command line that does the same.
    pub(crate) fn flags(&self) -> Vec<String> {
        let roots = ["--roots".to_owned(), self.roots.clone()];
        let roots = roots.into_iter().filter(|_| self.roots != SYSTEM);
        let lists = self.crl.iter().flat_map(|file| ["--crl".to_owned(), file.clone()]);
        roots.chain(lists).chain(self.fetch_issuers.then(|| "--fetch-issuers".to_owned())).collect()
    }

    /// Reads the files. Without `--roots`, a machine that has no roots judges none, unless they `must` be there.
    pub(crate) fn resolve(&self, must: bool) -> Result<Resolved, Failure> {
        let mut lists = Vec::new();
        for file in &self.crl {
            lists.extend(verify::read_lists(file, &outside::read(file)?)?);
        }
        let trusted = match self.roots.as_str() {
            "none" => Trusted::Unjudged,
            SYSTEM if !must => {
                outside::read_system_roots_ahead();
                Trusted::System
            }
            SYSTEM if outside::system_roots().is_empty() => return Err(Failure::NoSystemRoots),
            SYSTEM => Trusted::System,
            file => {
                let roots = verify::read_roots(file, &outside::read(file)?)?;
                Trusted::File { name: file.to_owned(), roots }
            }
        };
        Ok(Resolved { trusted, lists, fetch_issuers: self.fetch_issuers })
    }
}

impl Resolved {
    /// Judges no root.
    pub(crate) fn no_roots() -> Self {
        Self { trusted: Trusted::Unjudged, lists: Vec::new(), fetch_issuers: false }
    }

    pub(crate) fn trust(&self) -> Trust<'_> {
        let roots = self.trusted.roots();
        Trust { roots, lists: &self.lists, fetch: self.fetch_issuers.then_some(&fetch::get) }
    }

    /// `system`, `file` or `none`, and the file.
    pub(crate) fn source(&self) -> (&'static str, Option<String>) {
        (self.trusted.as_str(), self.trusted.file().map(str::to_owned))
    }

    /// Who trusts a root.
    pub(crate) fn trusted_by(&self) -> String {
        trusted_by(self.trusted.file())
    }

    pub(crate) fn json(&self, examined: &Examined) -> TrustJson {
        TrustJson {
            roots: self.trusted.as_str(),
            roots_file: self.trusted.file().map(str::to_owned),
            good: examined.is_good(),
            root: examined.root.as_ref().map(CertificateNameJson::of),
            path: examined.path.iter().map(CertificateNameJson::of).collect(),
            fetched: FetchedJson::all(examined),
            findings: examined.findings.iter().map(FindingJson::of).collect(),
        }
    }
}

/// Whether a chain leads to a trusted root.
#[derive(Serialize)]
pub(crate) struct TrustJson {
    roots: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    roots_file: Option<String>,
    pub(crate) good: bool,
    root: Option<CertificateNameJson>,
    path: Vec<CertificateNameJson>,
    fetched: Vec<FetchedJson>,
    pub(crate) findings: Vec<FindingJson>,
}

/// A certificate by name.
#[derive(Serialize)]
pub(crate) struct CertificateNameJson {
    pub(crate) subject: String,
    not_after: String,
    sha256: String,
}

/// An issuer that was fetched.
#[derive(Serialize)]
pub(crate) struct FetchedJson {
    url: String,
    subject: String,
}

/// A finding, and whether clients will refuse the certificate because of it.
#[derive(Serialize)]
pub(crate) struct FindingJson {
    pub(crate) fault: bool,
    #[serde(flatten)]
    pub(crate) coded: CodedJson,
}

/// One line of what was requested and what was issued.
#[derive(Serialize)]
pub(crate) struct DifferenceJson {
    what: &'static str,
    requested: Option<String>,
    issued: Option<String>,
    state: &'static str,
}

fn trusted_by(file: Option<&str>) -> String {
    match file {
        Some(file) => format!("trusted by {file}"),
        None => "trusted by this machine".to_owned(),
    }
}

impl FetchedJson {
    pub(crate) fn all(examined: &Examined) -> Vec<Self> {
        let json = |fetched: &verify::Fetched| Self {
            url: fetched.url.clone(),
            subject: fetched.certificate.subject().to_string(),
        };
        examined.fetched.iter().map(json).collect()
    }

    pub(crate) fn say(all: &[Self], page: &mut Page) {
        for Self { url, subject } in all {
            page.field(2, "fetched", format_args!("\"{subject}\" from {url}"));
        }
    }
}

impl CertificateNameJson {
    pub(crate) fn of(certificate: &Certificate) -> Self {
        Self {
            subject: certificate.subject().to_string(),
            not_after: certificate.not_after().to_string(),
            sha256: certificate.fingerprint().to_string(),
        }
    }
}

impl FindingJson {
    fn of(finding: &Finding) -> Self {
        Self { fault: finding.is_fault(), coded: CodedJson { code: finding.code(), message: finding.to_string() } }
    }
}

impl DifferenceJson {
    pub(crate) fn all(differences: &[Difference]) -> Vec<Self> {
        let json = |difference: &Difference| {
            let Difference { what, requested, issued, state } = difference.clone();
            Self { what, requested, issued, state: state.as_str() }
        };
        differences.iter().map(json).collect()
    }

    /// What was not issued as it was requested.
    pub(crate) fn say(all: &[Self], page: &mut Page) {
        for Self { what, requested, issued, state } in all.iter().filter(|row| row.state != State::Same.as_str()) {
            let (requested, issued) = (requested.as_deref().unwrap_or_default(), issued.as_deref().unwrap_or_default());
            page.field(2, state, format_args!("{what}: requested {}, issued {}", or_none(requested), or_none(issued)));
        }
    }
}

impl TrustJson {
    /// The way to the root.
    pub(crate) fn say(&self, page: &mut Page) {
        if let Some(root) = &self.root {
            page.field(2, "root", format_args!("{}, {}", root.subject, trusted_by(self.roots_file.as_deref())));
        }
        FetchedJson::say(&self.fetched, page);
    }

    /// What was found, in the words of a warning or of a fault.
    pub(crate) fn say_findings(&self, page: &mut Page, faults_too: bool) {
        for FindingJson { fault, coded } in &self.findings {
            match *fault && faults_too {
                true => page.tagged(style::BAD, "fault:", &coded.message),
                false => page.tagged(style::WARN, "warning:", &coded.message),
            };
        }
    }
}
