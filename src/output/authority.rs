//! What is said of an authority, as JSON and in a line. Secrets are named by their source.

use keystore::model::{AuthoritySettings, CommandSettings, FileSettings};
use serde::Serialize;

use super::service::{HookJson, hook_line};

/// What is said of an authority.
#[derive(Serialize, Clone, PartialEq, Eq, Debug)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(crate) enum AuthorityJson {
    /// A person or another system.
    File { requests: String, replies: String },
    /// A program.
    Command { run: HookJson, timeout: u32 },
}

impl AuthorityJson {
    pub(crate) fn of(settings: &AuthoritySettings) -> Self {
        match settings {
            AuthoritySettings::File(FileSettings { requests, replies }) => {
                Self::File { requests: requests.to_string(), replies: replies.to_string() }
            }
            AuthoritySettings::Command(CommandSettings { run, timeout }) => {
                Self::Command { run: HookJson::of(run), timeout: *timeout }
            }
        }
    }
}

/// `file, requests to /srv/requests, replies from /srv/replies`
pub(crate) fn authority_line(settings: &AuthoritySettings) -> String {
    let kind = settings.kind().as_str();
    match settings {
        AuthoritySettings::File(FileSettings { requests, replies }) => {
            format!("{kind}, requests to {requests}, replies from {replies}")
        }
        AuthoritySettings::Command(CommandSettings { run, timeout }) => {
            format!("{kind}, {}, within {timeout} s", hook_line(run))
        }
    }
}
