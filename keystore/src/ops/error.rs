//! Why something that was asked for was not done.

use std::collections::BTreeSet;

use crate::envelope::OpeningError;
use crate::model::{Compromise, Generation, KeyView, RequestNumber, VersionFacts, VersionNumber};
use crate::name::{AuthorityName, Endpoint, KeyPath, ServicePath};
use crate::ops::Fault;
use crate::ops::apply::Mistake;
use crate::ops::create_key::LineFault;
use crate::ops::export_key::ExportError;
use crate::ops::import_key::ImportError;
use crate::ops::make_csr::BaseError;
use crate::pki::{
    ChainError, IssueError, KeyAlgorithm, PrivateKeyError, ReadError, RequestError, RevocationListError, Subject,
    SubjectError,
};
use crate::store::{BackupError, CommitError, RestoreError, StoreError};
use crate::timestamp::Timestamp;

/// Why something that was asked for was not done. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The keystore could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A commit failed on its way.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// A backup could not be written.
    #[error(transparent)]
    Backup(BackupError),
    /// A backup could not be opened.
    #[error(transparent)]
    Opening(#[from] OpeningError),
    /// A backup could not be restored.
    #[error(transparent)]
    Restore(RestoreError),
    /// A private key was named to be pruned, and none of the key's waits for a certificate.
    #[error("{key} has no private key that waits for a certificate")]
    NothingWaits {
        /// The key.
        key: KeyPath,
    },
    /// A private key was named to be pruned, and what is staged needs it.
    #[error("what is staged needs the private key of {key}")]
    KeyStaged {
        /// The key.
        key: KeyPath,
    },
    /// There is no such key.
    #[error("there is no key {key}")]
    KeyNotFound {
        /// The key.
        key: KeyPath,
    },
    /// An earlier generation had no key of this name.
    #[error("there was no key {key} in generation {generation}")]
    NoKeyThen {
        /// The key.
        key: KeyPath,
        /// The generation.
        generation: Generation,
    },
    /// Nothing is said of an authority.
    #[error("there is no authority {name}")]
    AuthorityNotFound {
        /// The authority.
        name: AuthorityName,
    },
    /// An authority is to be forgotten that keys need.
    #[error("{name} is needed by {}", listed(.keys))]
    AuthorityInUse {
        /// The authority.
        name: AuthorityName,
        /// The keys.
        keys: Vec<KeyPath>,
    },
    /// No request of a key waits for its certificate.
    #[error("{key} has no request that waits for its certificate")]
    NoRequestWaits {
        /// The key.
        key: KeyPath,
    },
    /// No authority has a request of a key.
    #[error("no authority has a request of {key}")]
    NotSubmitted {
        /// The key.
        key: KeyPath,
    },
    /// Nothing is said of how a key is renewed.
    #[error("nothing is said of how {key} is renewed")]
    NoRenewal {
        /// The key.
        key: KeyPath,
    },
    /// Another authority has the request of a key.
    #[error("the request of {key} is with {authority}, which can still answer")]
    SubmittedElsewhere {
        /// The key.
        key: KeyPath,
        /// The authority.
        authority: AuthorityName,
    },
    /// Nobody said how a service is published to.
    #[error("nothing is said of how {service} is published to")]
    NothingSaid {
        /// The service.
        service: ServicePath,
    },
    /// There is no key and no binding on this server, or of this service.
    #[error("there is nothing under {place}")]
    NothingThere {
        /// The server or service.
        place: String,
    },
    /// The key is there and has a certificate.
    #[error("{key} is there already and has a certificate")]
    KeyHasCertificate {
        /// The key.
        key: KeyPath,
    },
    /// The key is there and waits for its certificate.
    #[error("{key} is there already and has no {}certificate yet ({state})", if *state == "installed" { "committed " } else { "" })]
    KeyWaits {
        /// The key.
        key: KeyPath,
        /// `new`, `pending`, `installed` or `compromised`.
        state: &'static str,
    },
    /// A list of keys to be made has lines that are refused.
    #[error("the list is refused, and nothing was made")]
    Lines {
        /// Every one of them.
        faults: Vec<LineFault>,
    },
    /// Files with a desired state that can't be applied.
    #[error("the desired state is refused")]
    Desired {
        /// Every mistake in them.
        mistakes: Vec<Mistake>,
    },
    /// A next version was asked for where there is no current one.
    #[error("{key} has no committed certificate yet, so there is nothing to prepare a next version of")]
    NothingToFollow {
        /// The key.
        key: KeyPath,
    },
    /// There is a next version already.
    #[error("{key} has a next version already: version {version}")]
    NextExists {
        /// The key.
        key: KeyPath,
        /// Its next version.
        version: VersionNumber,
    },
    /// A certificate is to serve an endpoint of which nothing says what it is called.
    #[error("nothing says what {endpoint} is called")]
    EndpointNameless {
        /// The endpoint.
        endpoint: Endpoint,
    },
    /// A request was asked for and only the current private key could make it.
    #[error("{key} has a certificate and no next version to make a request with")]
    NothingToRequest {
        /// The key.
        key: KeyPath,
    },
    /// `--reuse-key` without a certificate, or with a next version.
    #[error("{key} has no current private key to be used again")]
    NothingToReuse {
        /// The key.
        key: KeyPath,
    },
    /// A private key could not be used.
    #[error("the private key of {key} cannot be used")]
    PrivateKey {
        /// The key.
        key: KeyPath,
        /// Why.
        #[source]
        source: PrivateKeyError,
    },
    /// No private key could be made for an account.
    #[error("no private key can be made for the account at {name}")]
    AccountKey {
        /// The authority.
        name: AuthorityName,
        /// Why.
        #[source]
        source: PrivateKeyError,
    },
    /// A request could not be made.
    #[error("no request can be made for {key}")]
    Request {
        /// The key.
        key: KeyPath,
        /// Why.
        #[source]
        source: RequestError,
    },
    /// A certificate could not be issued.
    #[error("no certificate can be made for {what}")]
    NotIssued {
        /// The key, the subject, or the authority.
        what: String,
        /// Why.
        #[source]
        source: IssueError,
    },
    /// A file that was to be certified holds no request.
    #[error("{file} holds no request that can be certified")]
    NotARequest {
        /// The file, as the user named it.
        file: String,
        /// Why.
        #[source]
        source: RequestError,
    },
    /// A private authority's private key could not be used.
    #[error("the private key of the authority {name} cannot be used")]
    CaKey {
        /// The authority.
        name: AuthorityName,
        /// Why.
        #[source]
        source: PrivateKeyError,
    },
    /// There is an authority of this name.
    #[error("there is an authority {name} already")]
    AuthorityExists {
        /// The authority.
        name: AuthorityName,
    },
    /// An authority that is elsewhere.
    #[error("{name} is no private authority in this keystore")]
    NotALocalCa {
        /// The authority.
        name: AuthorityName,
    },
    /// A private authority is to be forgotten, or to become another kind.
    #[error("{name} is a private authority, whose private keys and list of certificates are kept here")]
    AuthorityKeepsKeys {
        /// The authority.
        name: AuthorityName,
    },
    /// Files of a private authority stand where an authority is to be made, and no `authority.json` names them.
    #[error("authorities/{name} holds files of a private authority that no authority.json names: {}", files.join(", "))]
    LocalCaRemains {
        /// The authority.
        name: AuthorityName,
        /// The files, by their names in its folder.
        files: Vec<String>,
    },
    /// A certificate is to be revoked that the authority has not issued.
    #[error("{name} has not issued {what}")]
    NotOnList {
        /// The authority.
        name: AuthorityName,
        /// Which certificate.
        what: String,
    },
    /// Exchange takes no private key but RSA.
    #[error("{key} is {algorithm}, and Exchange takes RSA keys")]
    NotForExchange {
        /// The key.
        key: KeyPath,
        /// What it is.
        algorithm: KeyAlgorithm,
    },
    /// A subject field was refused.
    #[error("the subject is refused")]
    Subject(#[from] SubjectError),
    /// The key changed while something was prepared for it.
    #[error("{key} changed while this was prepared")]
    KeyChanged {
        /// The key.
        key: KeyPath,
    },
    /// A file holds no certificate that could be read.
    #[error("{file} cannot be installed")]
    Unreadable {
        /// The file, as the user named it.
        file: String,
        /// What it holds.
        #[source]
        source: ReadError,
    },
    /// A file that a request was to be taken from.
    #[error(transparent)]
    Base(#[from] BaseError),
    /// The key has no request.
    #[error("{key} has no request{}{}", .request.map(|request| format!(" {request}")).unwrap_or_default(), in_version(*.version))]
    NoRequest {
        /// The key.
        key: KeyPath,
        /// The version that was asked for.
        version: Option<VersionNumber>,
        /// The request that was asked for.
        request: Option<RequestNumber>,
    },
    /// Several certificates, and none of them certifies one of the key's private keys.
    #[error("none of the certificates is for a private key of {key}: they are for {}", offered(.subjects))]
    WrongKey {
        /// The key.
        key: KeyPath,
        /// What they are for.
        subjects: Vec<Subject>,
        /// The key of this keystore that one of them is for.
        belongs_to: Option<KeyPath>,
    },
    /// A file holds no roots that could be read.
    #[error("{file} cannot be taken for trusted roots")]
    Roots {
        /// The file, as the user named it.
        file: String,
        /// What it holds.
        #[source]
        source: ReadError,
    },
    /// A file holds no revocation lists that could be read.
    #[error("{file} cannot be taken for revocation lists")]
    Lists {
        /// The file, as the user named it.
        file: String,
        /// What it holds.
        #[source]
        source: RevocationListError,
    },
    /// The certificate is revoked.
    #[error("the certificate for {key} is revoked: \"{subject}\" is in a revocation list of its issuer")]
    Revoked {
        /// The key.
        key: KeyPath,
        /// Which one of the chain.
        subject: Subject,
    },
    /// A file that could not be made of a key.
    #[error("{key} cannot be exported")]
    Export {
        /// The key.
        key: KeyPath,
        /// Why not.
        source: ExportError,
    },
    /// The key has no certificate to be looked at.
    #[error("{key} has no certificate yet")]
    NoCertificate {
        /// The key.
        key: KeyPath,
    },
    /// Certificates that can't be put together.
    #[error("the certificates cannot be put together")]
    Chain(#[from] ChainError),
    /// The certificate has expired.
    #[error("the certificate for {key} expired at {not_after}")]
    Expired {
        /// The key.
        key: KeyPath,
        /// The end of its validity.
        not_after: Timestamp,
    },
    /// The certificate is not valid yet.
    #[error("the certificate for {key} is not valid before {not_before}")]
    NotYetValid {
        /// The key.
        key: KeyPath,
        /// The start of its validity.
        not_before: Timestamp,
    },
    /// The key is staged to leave the tree.
    #[error("{key} is {}", .renamed_to.as_ref().map_or_else(|| "staged to be deleted".to_owned(), |to| format!("staged to be renamed to {to}")))]
    KeyGoes {
        /// The key.
        key: KeyPath,
        /// What it is called from then on.
        renamed_to: Option<KeyPath>,
    },
    /// Changes of the key are staged that would not go with it.
    #[error("changes of {key} are staged")]
    KeyHasStaged {
        /// The key.
        key: KeyPath,
    },
    /// The key is bound.
    #[error("{key} is bound to {}", .endpoints.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))]
    KeyBound {
        /// The key.
        key: KeyPath,
        /// Where.
        endpoints: BTreeSet<Endpoint>,
    },
    /// The key has no such version.
    #[error("{key} has no version{}", .version.map(|version| format!(" {version}")).unwrap_or_default())]
    VersionNotFound {
        /// The key.
        key: KeyPath,
        /// The version.
        version: Option<VersionNumber>,
    },
    /// The private key is marked compromised.
    #[error("the private key of {key} (version {version}) is marked compromised: {reason}")]
    Compromised {
        /// The key.
        key: KeyPath,
        /// The version.
        version: VersionNumber,
        /// Why it was marked so.
        reason: String,
    },
    /// The private key is weak: it was imported with that in mind, and is good for nothing new.
    #[error("the private key of {key} (version {version}) is weak: {}", .what.join("; "))]
    WeakKey {
        /// The key.
        key: KeyPath,
        /// The version.
        version: VersionNumber,
        /// What is weak.
        what: Vec<String>,
    },
    /// A private key could not be imported.
    #[error("no private key can be imported from {}", .files.join(", "))]
    Import {
        /// The files, as the user named them.
        files: Vec<String>,
        /// Why.
        #[source]
        source: ImportError,
    },
    /// A rollback is a change set of its own.
    #[error("changes are staged, and a rollback would mix with them")]
    StageNotEmpty,
    /// What a rollback would bring back should not come back.
    #[error("the rollback to generation {generation} is refused")]
    RollbackRefused {
        /// The generation.
        generation: Generation,
        /// Everything that should not come back.
        faults: Vec<Fault>,
    },
    /// There is nothing to unbind.
    #[error("{endpoint} is not bound")]
    NotBound {
        /// The endpoint.
        endpoint: Endpoint,
    },
    /// The plan of a commit has faults.
    #[error("the commit is refused")]
    Refused {
        /// Every one of them.
        faults: Vec<Fault>,
    },
    /// `--strict`, and the plan has warnings.
    #[error("the commit is refused under --strict")]
    Warned {
        /// Every one of them.
        warnings: Vec<super::Warning>,
    },
    /// A private key is encrypted, and was not opened.
    #[error("the private key of {key} (version {version}) is encrypted")]
    NotUnlocked {
        /// The key.
        key: KeyPath,
        /// The version.
        version: VersionNumber,
    },
    /// A commit runs with the changes that were to be taken back.
    #[error("a commit of these changes is running")]
    CommitRunning,
}

fn listed(keys: &[KeyPath]) -> String {
    const SHOWN: usize = 5;
    let named: Vec<_> = keys.iter().take(SHOWN).map(ToString::to_string).collect();
    match keys.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        Some(more) => format!("{} and {more} more", named.join(", ")),
        None => named.join(", "),
    }
}

impl From<BackupError> for Error {
    fn from(error: BackupError) -> Self {
        match error {
            BackupError::Store(error) => error.into(),
            error => Self::Backup(error),
        }
    }
}

impl From<RestoreError> for Error {
    fn from(error: RestoreError) -> Self {
        match error {
            RestoreError::Store(error) => error.into(),
            error => Self::Restore(error),
        }
    }
}

impl Error {
    /// That a private key is not to be used any more.
    pub(super) fn compromised(view: &KeyView, version: &VersionFacts, mark: &Compromise) -> Self {
        Self::Compromised { key: view.path.clone(), version: version.number, reason: mark.reason.clone() }
    }

    /// That a key is there already.
    pub(super) fn is_there(view: &KeyView) -> Self {
        let key = view.path.clone();
        match view.current {
            Some(_) => Self::KeyHasCertificate { key },
            None if view.has_compromised_next() => Self::KeyWaits { key, state: "compromised" },
            None => Self::KeyWaits { key, state: view.state() },
        }
    }
}

fn in_version(version: Option<VersionNumber>) -> String {
    version.map_or_else(String::new, |version| format!(" with version {version}"))
}

/// The first few of them: somebody may offer a whole bundle of authorities.
pub(super) fn offered(subjects: &[Subject]) -> String {
    const FEW: usize = 5;
    let named: Vec<_> = subjects.iter().take(FEW).map(|subject| format!("\"{subject}\"")).collect();
    match subjects.len().saturating_sub(FEW) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}
