//! What was found, as data: how bad, what, where, and what mends it.

use std::fmt;

use super::super::layout::StorePath;
use super::remedy::Remedy;
use crate::model::Generation;
use crate::name::{Endpoint, KeyPath, ServerName};

/// How bad a finding is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Severity {
    /// Something that was written is gone, or is not what was written.
    Damage,
    /// Nothing is lost, and something does not work or is not safe.
    Trouble,
    /// To be known, not to be mended.
    Note,
}

impl Severity {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Damage => "damage",
            Self::Trouble => "trouble",
            Self::Note => "note",
        }
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $severity:ident $word:literal,)*) => {
        /// What kind of finding it is.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// A word for programs.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// How bad findings of this kind are.
            #[must_use]
            pub fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)* }
            }
        }
    };
}

codes! {
    /// A file or folder can't be read.
    Unreadable = Damage "unreadable",
    /// `keystore.toml` is missing.
    ConfigMissing = Damage "config-missing",
    /// `keystore.toml` has a mistake.
    ConfigDamaged = Damage "config-damaged",
    /// `keystore.toml` has another identifier than the log.
    ConfigDiffers = Damage "config-differs",
    /// A record of the log is missing.
    RecordMissing = Damage "record-missing",
    /// A record can't be read, or is not what its hash says.
    RecordDamaged = Damage "record-damaged",
    /// A record is of another keystore.
    RecordForeign = Damage "record-foreign",
    /// A record is not the one that the record after it was made on.
    RecordExchanged = Damage "record-exchanged",
    /// Something tells of a newer record than there is.
    LogCut = Damage "log-cut",
    /// The log does not hold the record that was expected.
    ExpectedDiffers = Damage "expected-differs",
    /// The record that was expected was cut off by a prune, and nothing tells whether it was that one.
    ExpectedCutOff = Trouble "expected-cut-off",
    /// A part of a committed state is missing.
    StateMissing = Damage "state-missing",
    /// A part of a committed state is not what its name says.
    StateDamaged = Damage "state-damaged",
    /// A committed state is not what the changes of its record make of the one before.
    StateDiffers = Damage "state-differs",
    /// A binding stands on one side only.
    BindingOneSided = Damage "binding-one-sided",
    /// A private key is missing.
    PrivateKeyMissing = Damage "private-key-missing",
    /// A private key is not the one that was written.
    PrivateKeyChanged = Damage "private-key-changed",
    /// A request is missing.
    RequestMissing = Damage "request-missing",
    /// A request is not the one that was written, or not what is known of it.
    RequestChanged = Damage "request-changed",
    /// A certificate or a chain is missing.
    CertificateMissing = Damage "certificate-missing",
    /// A certificate or a chain is not the one that was written, or not what is known of it.
    CertificateChanged = Damage "certificate-changed",
    /// The index of a server can't be read.
    IndexDamaged = Damage "index-damaged",
    /// What stands beside a private key to say what it is can't be read, or is missing.
    VersionDamaged = Damage "version-damaged",
    /// The index and what stands beside a private key differ.
    FactsDiffer = Damage "facts-differ",
    /// The stage can't be read.
    StageDamaged = Damage "stage-damaged",
    /// What is staged is about a key or a version that is not there.
    StageDangling = Damage "stage-dangling",
    /// The intent of a commit can't be read.
    IntentDamaged = Damage "intent-damaged",
    /// An entry about readings of private keys is missing.
    ReadingMissing = Damage "reading-missing",
    /// An entry about readings of private keys is not what was written.
    ReadingDamaged = Damage "reading-damaged",
    /// A folder of the keystore is missing.
    FolderMissing = Damage "folder-missing",
    /// A commit was interrupted.
    CommitInterrupted = Trouble "commit-interrupted",
    /// What is staged is committed already.
    StageRecorded = Trouble "stage-recorded",
    /// The index of a server is missing: lost, or a crash came before it.
    IndexMissing = Trouble "index-missing",
    /// A private key is in no index: its entry was lost, or a crash came before it.
    NotIndexed = Trouble "not-indexed",
    /// The index or what stands beside a private key lacks what the other says: a crash came between the two.
    FactsBehind = Trouble "facts-behind",
    /// A private key that is not whole and that nothing names.
    Remnant = Trouble "remnant",
    /// Permission bits are not what they must be.
    Mode = Trouble "mode",
    /// A file or folder belongs to somebody else.
    Owner = Trouble "owner",
    /// A link, a folder or something else stands where something of another kind belongs.
    Kind = Trouble "kind",
    /// An endpoint's files are not those that were committed.
    LiveDiffers = Trouble "live-differs",
    /// Files outside the keystore are not those that were published.
    InstalledDiffers = Trouble "installed-differs",
    /// What services have to be told can't be read.
    ToldDamaged = Trouble "told-damaged",
    /// What is said of an authority can't be read.
    AuthorityDamaged = Trouble "authority-damaged",
    /// A private key, a certificate or a list of a private authority is not what it was.
    LocalCaDamaged = Damage "local-ca-damaged",
    /// A service may still run on what was taken back.
    NotTold = Note "not-told",
    /// Files of a private authority without `authority.json`, which have issued nothing.
    LocalCaUnfinished = Note "local-ca-unfinished",
    /// How an attempt to publish went can't be read.
    AttemptDamaged = Note "attempt-damaged",
    /// An endpoint is committed and not published.
    Unpublished = Note "unpublished",
    /// An endpoint is bound to nothing and its files are still there.
    LeftOver = Note "left-over",
    /// Earlier files of an endpoint are not what they were.
    LiveOld = Note "live-old",
    /// What a write that was cut off left.
    Temporary = Note "temporary",
    /// A record that was cut off.
    RecordUnused = Note "record-unused",
    /// A private key that is in use bears the mark of a prune that was cut short.
    PruneBegun = Note "prune-begun",
    /// What a prune was kept from removing of a private key.
    PrunedLeft = Note "pruned-left",
    /// A part of a state that no record reaches.
    StateUnused = Note "state-unused",
    /// A certificate or chain of no record, and not staged.
    CertificateUnused = Note "certificate-unused",
    /// A request that was never handed out.
    RequestUnused = Note "request-unused",
    /// The folder of a private key that was never written.
    VersionEmpty = Note "version-empty",
    /// The hint for the newest record is out of date.
    HeadStale = Note "head-stale",
    /// Something that the keystore did not make.
    Unknown = Note "unknown",
    /// What an earlier repair put aside.
    SetAside = Note "set-aside",
    /// A commit runs: what it has in hand could not be judged.
    CommitRuns = Note "commit-runs",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The part of the keystore that is looked at on its own.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Unit {
    /// What is not of one server: the log, the states, the stage.
    Whole,
    /// The keys of a server.
    Server(ServerName),
    /// What the services of a server read.
    Live(ServerName),
}

/// One thing that was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// What kind it is.
    pub code: Code,
    /// The files or folders that it is about, the one to be mended first.
    pub paths: Vec<StorePath>,
    /// The key that it is about.
    pub key: Option<KeyPath>,
    /// The endpoint that it is about.
    pub endpoint: Option<Endpoint>,
    /// The generation that it is about.
    pub generation: Option<Generation>,
    /// What is wrong.
    pub message: String,
    /// What mends it.
    pub remedy: Remedy,
    pub(super) unit: Unit,
}

impl Finding {
    /// A finding about a file or folder.
    pub(super) fn new(code: Code, path: StorePath, message: impl Into<String>) -> Self {
        Self {
            code,
            paths: vec![path],
            key: None,
            endpoint: None,
            generation: None,
            message: message.into(),
            remedy: Remedy::Nothing,
            unit: Unit::Whole,
        }
    }

    pub(super) fn and(mut self, path: StorePath) -> Self {
        self.paths.push(path);
        self
    }

    pub(super) fn of_key(self, key: &KeyPath) -> Self {
        Self { key: Some(key.clone()), ..self }
    }

    pub(super) fn at(self, endpoint: &Endpoint) -> Self {
        Self { endpoint: Some(endpoint.clone()), ..self }
    }

    pub(super) fn in_generation(self, generation: Generation) -> Self {
        Self { generation: Some(generation), ..self }
    }

    pub(super) fn mended_by(self, remedy: impl Into<Remedy>) -> Self {
        Self { remedy: remedy.into(), ..self }
    }

    /// How bad it is.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }

    /// Whether another look found the same.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.code == other.code && self.paths == other.paths && self.message == other.message
    }
}
