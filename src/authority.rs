//! Who signs: one file for each kind of authority, behind the library's trait.

mod acme;
mod agent;
mod command;
mod fault;
mod file;
mod local_ca;

use keystore::model::{self, AuthoritySettings};
use keystore::name::AuthorityName;
use keystore::ops::desk::{self, Authority, Refusal};
use keystore::ops::list_authorities::list_authorities;
use keystore::store::Keystore;

pub(crate) use fault::AuthorityFault;
pub(crate) use local_ca::unlock;

use crate::error::Failure;

/// A request at an authority.
type Order<'a> = desk::Order<'a, Failure>;

/// The desk, with every authority that is known.
pub(crate) type Desk<'k> = desk::Desk<'k, Failure>;

pub(crate) fn desk(keystore: &Keystore) -> Result<Desk<'_>, Failure> {
    let known = list_authorities(&keystore.read()?)?;
    let open = |(name, authority): (AuthorityName, model::Authority)| {
        (name.clone(), open(keystore, &name, authority.settings))
    };
    Ok(Desk::new(keystore, known.into_iter().map(open).collect()))
}

/// An authority, ready to work.
fn open<'k>(
    keystore: &'k Keystore,
    name: &AuthorityName,
    settings: AuthoritySettings,
) -> Box<dyn Authority<Failure> + 'k> {
    match settings {
        AuthoritySettings::File(settings) => Box::new(file::FileAuthority { settings }),
        AuthoritySettings::Command(settings) => Box::new(command::CommandAuthority { name: name.clone(), settings }),
        AuthoritySettings::Acme(settings) => Box::new(acme::AcmeAuthority::new(name.clone(), settings, keystore)),
        AuthoritySettings::LocalCa(_) => Box::new(local_ca::LocalCaAuthority { keystore, name: name.clone() }),
    }
}

impl Refusal for Failure {
    fn refusal(&self) -> Option<String> {
        match self {
            Self::Authority(fault) => fault.refusal().map(str::to_owned),
            _ => None,
        }
    }
}
