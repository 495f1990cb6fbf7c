//! Who signs: one file for each kind of authority, behind the library's trait.

mod acme;
mod adcs;
mod agent;
mod command;
mod fault;
mod file;
mod local_ca;
mod self_signed;

use keystore::model::{self, AuthoritySettings};
use keystore::name::{AuthorityName, KeyPath};
use keystore::ops::desk::{self, Authority, Refusal};
use keystore::ops::list_authorities::list_authorities;
use keystore::pki::{PrivateKey, PrivateKeyFile};
use keystore::store::Keystore;

pub(crate) use fault::AuthorityFault;
pub(crate) use local_ca::unlock;

use crate::error::Failure;

/// A request at an authority.
type Order<'a> = desk::Order<'a, Failure>;

/// The desk, with every authority that is known.
pub(crate) type Desk<'k> = desk::Desk<'k, Failure>;

/// Opens the private key of a key, to sign its own certificate.
pub(crate) type Open<'a> = &'a (dyn Fn(&KeyPath, PrivateKeyFile) -> Result<PrivateKey, Failure> + Sync);

pub(crate) fn desk<'k>(keystore: &'k Keystore, open: Open<'k>) -> Result<Desk<'k>, Failure> {
    let known = list_authorities(&keystore.read()?)?;
    let ready = |(name, authority): (AuthorityName, model::Authority)| {
        (name.clone(), ready(keystore, &name, authority.settings, open))
    };
    Ok(Desk::new(keystore, known.into_iter().map(ready).collect()))
}

/// An authority, ready to work.
fn ready<'k>(
    keystore: &'k Keystore,
    name: &AuthorityName,
    settings: AuthoritySettings,
    open: Open<'k>,
) -> Box<dyn Authority<Failure> + 'k> {
    match settings {
        AuthoritySettings::File(settings) => Box::new(file::FileAuthority { settings }),
        AuthoritySettings::Command(settings) => Box::new(command::CommandAuthority { name: name.clone(), settings }),
        AuthoritySettings::Acme(settings) => Box::new(acme::AcmeAuthority::new(name.clone(), settings, keystore)),
        AuthoritySettings::Adcs(settings) => Box::new(adcs::AdcsAuthority { name: name.clone(), settings }),
        AuthoritySettings::SelfSigned(settings) => Box::new(self_signed::SelfSigned { keystore, settings, open }),
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
