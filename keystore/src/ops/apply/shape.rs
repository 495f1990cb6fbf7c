//! The shape of the file: every field, what it takes and what it says. The parser and the JSON Schema both come of it.

use crate::model::Profile;

/// What a field takes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// Text.
    Text,
    /// One of these words.
    Word(fn() -> Vec<&'static str>),
    /// Text, or a list of texts.
    Texts,
    /// A list of texts.
    List,
    /// A whole number, at least and at most.
    Number(i64, i64),
    /// `true` or `false`.
    Truth,
    /// A list: a program with its arguments; text: a line for a shell; `false`: none.
    Command,
    /// Text, or `false` for nobody.
    TextOrFalse,
    /// Text for the whole, or a table for parts of it.
    TextOrTable(&'static [Field]),
    /// `true` or `false`, or a table of limits.
    TruthOrTable(&'static [Field]),
    /// A table.
    Table(&'static [Field]),
    /// Any number of tables.
    Tables(&'static [Field]),
    /// A table of lists, whatever they are called.
    Lists,
}

/// One field of a table.
#[derive(Debug)]
pub(super) struct Field {
    /// How it is called.
    pub(super) name: &'static str,
    /// What it takes.
    pub(super) kind: Kind,
    /// Whether it must be there.
    pub(super) required: bool,
    /// What it says.
    pub(super) about: &'static str,
}

const fn may(name: &'static str, kind: Kind, about: &'static str) -> Field {
    Field { name, kind, required: false, about }
}

const fn must(name: &'static str, kind: Kind, about: &'static str) -> Field {
    Field { name, kind, required: true, about }
}

fn profiles() -> Vec<&'static str> {
    Profile::ALL.map(Profile::as_str).to_vec()
}

fn algorithms() -> Vec<&'static str> {
    crate::pki::KeyAlgorithm::ALL.map(crate::pki::KeyAlgorithm::as_str).to_vec()
}

/// The whole file.
pub(super) const FILE: &[Field] = &[
    may("defaults", Kind::Table(DEFAULTS), "What is taken where a key says nothing else."),
    may("servers", Kind::Lists, "Lists of servers, to be named by `for`."),
    may("service", Kind::Tables(SERVICE), "How services are published to."),
    may("key", Kind::Tables(KEY), "Keys, their certificates and what is bound to them."),
];

const ALGORITHM: Field = may("algorithm", Kind::Word(algorithms), "What the private key is made with.");
const AUTHORITY: Field =
    may("authority", Kind::TextOrFalse, "Who signs and renews, by the name that `set-authority` gave; false: nobody.");
const RENEW_AT: Field =
    may("renew-at", Kind::Text, "When it is renewed: 2/3 of its lifetime, 30d before its end, or ari.");
const REUSE_KEY: Field =
    may("reuse-key", Kind::TruthOrTable(REUSE), "Whether the same private key is certified again, and how long.");
const FOR: Field =
    may("for", Kind::Texts, "Once for each of these: lists of [servers], servers, or patterns such as web{01..99}.");

/// `[defaults]`
const DEFAULTS: &[Field] = &[
    ALGORITHM,
    may("subject", Kind::Table(SUBJECT), "The subject of requests, field by field."),
    AUTHORITY,
    RENEW_AT,
    REUSE_KEY,
];

/// Fields of a subject.
const SUBJECT: &[Field] = &[
    may("country", Kind::Text, "C, two letters."),
    may("state", Kind::Text, "ST, spelled out."),
    may("locality", Kind::Text, "L."),
    may("organization", Kind::Text, "O."),
    may("unit", Kind::Texts, "OU, any number."),
    may("common-name", Kind::Text, "CN."),
];

/// Limits of a private key.
const REUSE: &[Field] = &[
    may("days", Kind::Number(1, 99_999), "For so many days since it was made."),
    may("certificates", Kind::Number(1, 99_999), "For so many certificates."),
];

/// `[[key]]`
const KEY: &[Field] = &[
    FOR,
    must("key", Kind::Text, "SERVER/PROTOCOL/NAME; {server} and {name} stand for the server and its first label."),
    ALGORITHM,
    may("subject", Kind::TextOrTable(SUBJECT), "The whole subject as text, or fields of it."),
    may("san", Kind::List, "The names: dns:HOST, ip:ADDRESS, email:ADDRESS, uri:URI. Without it, those of `bind`."),
    may("request", Kind::Truth, "Whether a certificate is wanted; true when not said."),
    AUTHORITY,
    RENEW_AT,
    REUSE_KEY,
    may("bind", Kind::List, "The endpoints that it serves: SERVER/PROTOCOL@default or SERVER/PROTOCOL@IP:PORT."),
];

/// `[[service]]`
const SERVICE: &[Field] = &[
    FOR,
    must("service", Kind::Text, "SERVER/PROTOCOL; {server} and {name} stand for the server and its first label."),
    must("profile", Kind::Word(profiles), "The kind of software."),
    may("install-to", Kind::Text, "Put the files that the software reads into this folder, too."),
    may("private-key-file", Kind::Text, "Put the private key here, too."),
    may("certificate-file", Kind::Text, "Put the certificate here, too."),
    may("chain-file", Kind::Text, "Put the intermediates here, too."),
    may("fullchain-file", Kind::Text, "Put certificate and intermediates here, too."),
    may("combined-file", Kind::Text, "Put private key, certificate and intermediates here, too."),
    may("owner", Kind::Text, "Whose the files are."),
    may("group", Kind::Text, "Which group they belong to."),
    may("mode", Kind::Text, "The permission bits of files with the private key, such as 0640."),
    may("test-command", Kind::Command, "Test the configuration with this."),
    may("reload-command", Kind::Command, "Have the software read its files again with this."),
    may("publish-command", Kind::Command, "Give the new version, a tar archive on standard input, to this."),
    may("undo-command", Kind::Command, "Give the version before to this, when the new one is taken back."),
    may("probe", Kind::Texts, "Prove here what is served."),
    may("probe-name", Kind::Text, "Ask for this name there."),
    may("timeout", Kind::Number(1, 3600), "Seconds that a command or a proof may take."),
    may("pfx-passphrase-file", Kind::Text, "For Exchange: the file with the passphrase of the PFX."),
    may("windows-2016", Kind::Truth, "For Exchange: on Windows Server 2016 or older."),
];
