//! A private authority in this keystore: it signs at once, many requests together, and has each certificate on its list
//! before it gives it away.

use keystore::model::LocalCaSettings;
use keystore::name::AuthorityName;
use keystore::ops;
use keystore::ops::desk::{Authority, Reply};
use keystore::ops::local_ca::{self, LocalCa};
use keystore::ops::sign_csr::sign_waiting;
use keystore::ops::submit::Waiting;
use keystore::pki::{Passphrase, PrivateKey, PrivateKeyFile};
use keystore::store::Keystore;

use super::{AuthorityFault, Order};
use crate::error::Failure;
use crate::output::Problem as _;
use crate::outside;

pub(super) struct LocalCaAuthority<'k> {
    pub(super) keystore: &'k Keystore,
    pub(super) name: AuthorityName,
}

impl Authority<Failure> for LocalCaAuthority<'_> {
    fn submit(&self, order: &Order<'_>) -> Result<Reply, Failure> {
        self.sign(&[order.waiting])?.swap_remove(0).map_err(Failure::from)
    }

    fn collect(&self, order: &Order<'_>) -> Result<Reply, Failure> {
        self.submit(order)
    }

    fn sign_all(&self, requests: &[&Waiting]) -> Option<Vec<Result<Reply, Failure>>> {
        let unusable = |failure: &Failure, waiting: &Waiting| AuthorityFault::Unusable {
            authority: self.name.clone(),
            key: waiting.key.clone(),
            reason: Failure::whole_message(failure),
            hint: self.hint(failure),
        };
        Some(match self.sign(requests) {
            Ok(replies) => replies.into_iter().map(|reply| reply.map_err(Failure::from)).collect(),
            Err(failure) => requests.iter().map(|waiting| Err(unusable(&failure, waiting).into())).collect(),
        })
    }
}

impl LocalCaAuthority<'_> {
    fn sign(&self, requests: &[&Waiting]) -> Result<Vec<Result<Reply, ops::Error>>, Failure> {
        let snapshot = self.keystore.read()?;
        let ca = local_ca::open(&snapshot, &self.name)?;
        let key = match local_ca::private_key_file(&snapshot, &ca)? {
            PrivateKeyFile::Plain(key) => key,
            PrivateKeyFile::Encrypted(encrypted) => {
                let passphrase = passphrase(&ca.settings)?;
                let passphrase = passphrase.ok_or_else(|| Failure::CaPassphraseMissing { name: self.name.clone() })?;
                encrypted.decrypt(&passphrase).map_err(|source| wrong(&ca, source))?
            }
        };
        Ok(sign_waiting(self.keystore, &ca, &key, requests)?)
    }

    /// Nobody is there to be asked for a passphrase: where that is the matter its settings have to say it.
    fn hint(&self, failure: &Failure) -> Option<String> {
        let is_passphrase = match failure {
            Failure::CaPassphraseMissing { .. } | Failure::Passphrase { .. } | Failure::Outside(_) => true,
            Failure::Keystore(error) => {
                matches!(&**error, ops::Error::CaKey { source, .. } if source.is_wrong_passphrase())
            }
            _ => false,
        };
        if is_passphrase {
            let name = &self.name;
            return Some(format!(
                "`keyring set-authority {name} --passphrase file:/PATH` says where its passphrase is"
            ));
        }
        failure.hint()
    }
}

fn wrong(ca: &LocalCa, source: keystore::pki::PrivateKeyError) -> Failure {
    ops::Error::CaKey { name: ca.name.clone(), source }.into()
}

/// The passphrase that an authority's settings name.
fn passphrase(settings: &LocalCaSettings) -> Result<Option<Passphrase>, Failure> {
    let Some(source) = &settings.passphrase else { return Ok(None) };
    let text = outside::secret(source)?;
    let passphrase = Passphrase::new(text.to_string());
    passphrase.map(Some).map_err(|error| Failure::Passphrase { from: source.to_string(), source: error })
}

/// The private key that an authority issues with, opened: with a passphrase that is given, that its settings name, or
/// that is asked for.
pub(crate) fn unlock(
    ca: &LocalCa,
    file: PrivateKeyFile,
    given: Option<&Passphrase>,
    ask: Option<impl Fn() -> Result<Passphrase, Failure>>,
) -> Result<PrivateKey, Failure> {
    let encrypted = match file {
        PrivateKeyFile::Plain(key) => return Ok(key),
        PrivateKeyFile::Encrypted(encrypted) => encrypted,
    };
    let decrypt = |passphrase: &Passphrase| encrypted.decrypt(passphrase).map_err(|source| wrong(ca, source));
    if let Some(given) = given {
        return decrypt(given);
    }
    if let Some(named) = passphrase(&ca.settings)? {
        return decrypt(&named);
    }
    match ask {
        Some(ask) => decrypt(&ask()?),
        None => Err(Failure::CaPassphraseMissing { name: ca.name.clone() }),
    }
}
