//! Errors as users meet them: what happened, to which file or key, what to do next, with which exit code.

mod code;
mod exit;
mod hint;
mod import;
mod vault;

use std::io;
use std::path::PathBuf;

use keystore::envelope::{IdentitiesError, OpeningError, RecipientError};
use keystore::model::{AbsolutePathError, MarkError, RenewAtError};
use keystore::name::{
    AuthorityName, EndpointError, HostError, KeyPath, NameError, PathError, ProbeUrlError, ServicePath,
};
use keystore::ops;
use keystore::ops::make_csr::BaseError;
use keystore::pki::{
    CertificateProfileError, KeyAlgorithmError, PassphraseError, RecogniseError, RevocationReasonError,
    SubjectAltNameError, SubjectError, SubtreeError, TemplateNameError,
};
use keystore::request_config::RequestConfigError;
use keystore::store::{CommitError, StoreError};

use crate::authority::AuthorityFault;
use crate::demo::DemoError;
use crate::exit::Exit;
use crate::output::{CodedJson, Problem, coded};
use crate::outside::OutsideError;
use crate::publish::{AccountError, PublishFault};

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The command line lacks something, and nobody can be asked.
    #[error("{what} is missing")]
    Missing { what: &'static str, flag: &'static str },
    /// The command line contradicts itself, in a way that clap does not see.
    #[error("{message}")]
    Usage { message: String, hint: &'static str },
    /// clap refused the command line.
    #[error("{message}")]
    Arguments { message: String, hint: String },
    /// A key or service address.
    #[error(transparent)]
    Path(#[from] PathError),
    /// A name that is no part of an address.
    #[error(transparent)]
    PlainName(#[from] NameError),
    /// A time to renew.
    #[error(transparent)]
    RenewAt(#[from] RenewAtError),
    /// Names that an authority may or may not certify.
    #[error(transparent)]
    Subtree(#[from] SubtreeError),
    /// What a certificate is for.
    #[error(transparent)]
    CertificateProfile(#[from] CertificateProfileError),
    /// Why a certificate is revoked.
    #[error(transparent)]
    RevocationReason(#[from] RevocationReasonError),
    /// An authority's private key is encrypted, and nobody can be asked for its passphrase.
    #[error("the private key of the authority {name} is encrypted, and its passphrase is missing")]
    CaPassphraseMissing { name: AuthorityName },
    /// An endpoint.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// Where a service is to be proven.
    #[error(transparent)]
    ProbeUrl(#[from] ProbeUrlError),
    /// A host.
    #[error(transparent)]
    Host(#[from] HostError),
    /// A private key is encrypted, and nobody can be asked for its passphrase.
    #[error("the private key of {key} is encrypted, and its passphrase is missing")]
    PassphraseMissing { key: KeyPath },
    /// A subject.
    #[error("the subject is refused")]
    Subject(#[from] SubjectError),
    /// A name to be certified.
    #[error("a name is refused")]
    Name(#[from] SubjectAltNameError),
    /// A certificate template's name.
    #[error("the certificate template's name is refused")]
    Template(#[from] TemplateNameError),
    /// A key algorithm.
    #[error(transparent)]
    Algorithm(#[from] KeyAlgorithmError),
    /// A config asks for a new private key of a kind that is not made here.
    #[error("line {line} of {file} asks for a private key that is not made here: {says}")]
    WantedKey { file: String, line: usize, says: String },
    /// This machine has no roots of its own.
    #[error("this machine has no trusted roots of its own")]
    NoSystemRoots,
    /// What the log is expected to hold.
    #[error("what the log is expected to hold is refused")]
    Mark(#[from] MarkError),
    /// A passphrase.
    #[error("the passphrase from {from} is refused")]
    Passphrase {
        /// A file, a variable or the terminal.
        from: String,
        #[source]
        source: PassphraseError,
    },
    /// Files in which nothing is recognised.
    #[error("cannot inspect {file}")]
    NotRecognised { file: String, source: RecogniseError },
    /// Files in which nothing can be read.
    #[error("nothing in {} can be read", files.join(", "))]
    NothingReadable { files: Vec<String>, faults: Vec<CodedJson> },
    /// A recipient of a backup.
    #[error(transparent)]
    Recipient(#[from] RecipientError),
    /// A file with identities, to open a backup with.
    #[error("{file} cannot be used")]
    Identities {
        file: String,
        #[source]
        source: IdentitiesError,
    },
    /// An operation on the keystore.
    #[error(transparent)]
    Keystore(Box<ops::Error>),
    /// The keystore's folder.
    #[error("cannot open {}", folder.display())]
    Folder {
        folder: PathBuf,
        #[source]
        source: io::Error,
    },
    /// A file outside the keystore.
    #[error(transparent)]
    Outside(#[from] OutsideError),
    /// A request was made, and could not be put where it was asked for.
    #[error("the request is kept in {}, but is not where it was wanted", kept.display())]
    RequestNotWritten {
        kept: PathBuf,
        #[source]
        source: OutsideError,
    },
    /// Keys and their requests were made, and the requests could not be put where they were asked for.
    #[error("the keys are made and their requests are kept, but are not all where they were wanted")]
    RequestsNotWritten {
        #[source]
        source: OutsideError,
    },
    /// The published pair does not load into a TLS library.
    #[error("{endpoint} would not get a working pair of private key and certificate")]
    Pair {
        endpoint: String,
        #[source]
        source: rustls::Error,
    },
    /// Publishing failed, and was taken back as far as it could be.
    #[error(transparent)]
    Publishing(Box<PublishFault>),
    /// Whose a service's files shall be.
    #[error("the files of {service} cannot be given away")]
    Account {
        service: ServicePath,
        #[source]
        source: AccountError,
    },
    /// Where a service's files shall be.
    #[error("the files of {service} have no place")]
    OutsidePath {
        service: ServicePath,
        #[source]
        source: AbsolutePathError,
    },
    /// What is said of a service.
    #[error("what is said of {service} is refused: {message}")]
    Service { service: ServicePath, message: String, hint: &'static str },
    /// An authority failed, or refused a request.
    #[error(transparent)]
    Authority(Box<AuthorityFault>),
    /// What is said of an authority.
    #[error("what is said of {name} is refused: {message}")]
    AuthoritySetting { name: String, message: String, hint: &'static str },
    /// A question was answered with Ctrl-C, or the user said no.
    #[error("nothing was done")]
    Declined,
    /// The same, at the questions that follow the making of a key.
    #[error("no request was made; the private key of {key} is there to stay")]
    RequestDeclined { key: KeyPath },
    /// A question could not be put.
    #[error("cannot ask")]
    Question(#[source] dialoguer::Error),
    /// The demonstration.
    #[error("the demonstration failed")]
    Demo(#[from] DemoError),
    /// Standard output or standard error.
    #[error("cannot write the result")]
    Output(#[from] io::Error),
    /// What no other cause tells.
    #[error(transparent)]
    Unexpected(#[from] anyhow::Error),
}

impl Failure {
    /// What happened, with its causes.
    pub(crate) fn whole_message(error: &dyn std::error::Error) -> String {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        text
    }
}

impl From<AuthorityFault> for Failure {
    fn from(fault: AuthorityFault) -> Self {
        Self::Authority(Box::new(fault))
    }
}

impl From<ops::Error> for Failure {
    fn from(error: ops::Error) -> Self {
        Self::Keystore(Box::new(error))
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        ops::Error::from(error).into()
    }
}

impl From<OpeningError> for Failure {
    fn from(error: OpeningError) -> Self {
        ops::Error::from(error).into()
    }
}

impl From<CommitError> for Failure {
    fn from(error: CommitError) -> Self {
        ops::Error::from(error).into()
    }
}

impl Problem for Failure {
    fn exit(&self) -> Exit {
        exit::exit(self)
    }

    fn code(&self) -> &'static str {
        code::code(self)
    }

    fn message(&self) -> String {
        Self::whole_message(self)
    }

    fn hint(&self) -> Option<String> {
        hint::hint(self)
    }

    fn details(&self) -> Vec<CodedJson> {
        match self {
            Self::Keystore(error) => match &**error {
                ops::Error::Refused { faults } | ops::Error::RollbackRefused { faults, .. } => coded(faults),
                ops::Error::Warned { warnings } => coded(warnings),
                ops::Error::Lines { faults } => coded(faults),
                ops::Error::Desired { mistakes } => coded(mistakes),
                ops::Error::Base(BaseError::Config { source: RequestConfigError::Lines { faults }, .. }) => {
                    coded(faults)
                }
                _ => Vec::new(),
            },
            Self::NothingReadable { faults, .. } => faults.clone(),
            Self::Publishing(fault) => fault.table.lines(),
            _ => Vec::new(),
        }
    }
}
