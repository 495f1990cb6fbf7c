//! Who signs: one file for each kind of authority, behind one trait; and the desk, which takes requests there and
//! brings replies back.

mod command;
mod desk;
mod fault;
mod file;

use std::time::Duration;

use keystore::model::AuthoritySettings;
use keystore::name::AuthorityName;
use keystore::ops::install_cert::Input;
use keystore::ops::submit::Waiting;

pub(crate) use desk::{Desk, Errand};
pub(crate) use fault::AuthorityFault;

use crate::error::Failure;

/// What came of a request.
pub(crate) enum Reply {
    /// The certificate, and what else came with it.
    Issued(Vec<Input>),
    /// Nothing yet, because of this.
    Waiting(String),
}

/// A request at an authority.
pub(crate) struct Order<'a> {
    /// The request.
    pub(crate) waiting: &'a Waiting,
    /// What the authority calls it, as far as is known.
    pub(crate) ticket: Option<&'a str>,
    /// Takes note of what the authority calls it, durably: whatever happens from then on, the same order is taken up
    /// again.
    pub(crate) note: &'a (dyn Fn(&str) -> Result<(), Failure> + Sync),
}

/// Somebody who signs requests.
pub(crate) trait Authority: Sync {
    /// Hands in a request that it has not got.
    fn submit(&self, order: &Order<'_>) -> Result<Reply, Failure>;

    /// Asks after a request that was handed in. A crash may have come before the authority had it.
    fn collect(&self, order: &Order<'_>) -> Result<Reply, Failure>;

    /// Whether its reply stays the same however often it is asked: one that is refused here is its last word then.
    fn answers_once(&self) -> bool {
        true
    }

    /// How long to leave it alone before asking again.
    fn pause(&self) -> Duration {
        Duration::from_secs(2)
    }
}

/// An authority, ready to work.
fn open(name: &AuthorityName, settings: AuthoritySettings) -> Box<dyn Authority> {
    match settings {
        AuthoritySettings::File(settings) => Box::new(file::FileAuthority { settings }),
        AuthoritySettings::Command(settings) => Box::new(command::CommandAuthority { name: name.clone(), settings }),
    }
}
