//! What a keystore holds, without any file: facts, committed state, and the two joined for one key.
//!
//! Everything here is pure. Facts took effect at once (private keys, requests); the committed state is what
//! the last commit made effective; [`KeyView`] joins both with what is staged.

mod authority;
mod brief;
mod facts;
mod installed;
mod local_ca;
mod mark;
mod number;
mod renewal;
mod service;
mod state;
mod view;

pub use authority::{
    Account, AcmeAccount, AcmeSettings, AdcsLogin, AdcsSettings, Authority, AuthorityKind, AuthoritySettings,
    CommandSettings, DirectoryUrl, DirectoryUrlError, DnsServer, DnsServerError, DnsUpdate, EnrolmentUrl,
    EnrolmentUrlError, ExternalAccount, FileSettings, Line, LineError, Proof, SecretSource, SecretSourceError,
    SelfSignedProfile, SelfSignedSettings, Submission, Tsig, TsigAlgorithm, UserName, UserNameError,
};
pub use brief::{
    ByName, CompromiseBrief, CurrentBrief, EntryBrief, InstalledBrief, KeyBrief, KeyFactsBrief, NextBrief,
    RequestsBrief, ServerFactsBrief, ServerStateBrief, ServiceBrief, SettingsBrief, SummaryBrief, Text, VersionBrief,
};
pub use facts::{Compromise, KeyFacts, Origin, RequestFacts, ServerFacts, VersionFacts};
pub(crate) use installed::is_due;
pub use installed::{CertificateSummary, Installed};
pub use local_ca::{
    IssuedBatch, IssuedCertificate, LocalCaFile, LocalCaFiles, LocalCaSettings, Revocation, Revocations,
};
pub use mark::{Mark, MarkError};
pub use number::{CertificateNumber, Generation, RequestNumber, VersionNumber};
pub use renewal::{Fraction, RenewAt, RenewAtError, Renewal, ReuseKey};
pub use service::{
    AbsolutePath, AbsolutePathError, AccountName, AccountNameError, CommittedSettings, FileForm, FileMode,
    FileModeError, Hook, Profile, ServiceSettings,
};
pub use state::{Binding, Current, KeyEntry, ServerState, ServiceState, State};
pub use view::{Fate, KeyView, Next, Upcoming};
