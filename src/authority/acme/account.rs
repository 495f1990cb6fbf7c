//! The account with an authority: its key is kept before it is used, so that a crash at any moment leaves one account and
//! not two. Registering a key that is known gives the account that it has (RFC 8555 section 7.3).

use aws_lc_rs::hmac;
use base64ct::{Base64Unpadded, Base64UrlUnpadded, Encoding as _};
use keystore::model::{ExternalAccount, SecretSource};
use keystore::ops::account;
use keystore::pki::PrivateKey;
use serde_json::json;
use zeroize::Zeroizing;

use super::fault::AcmeFault;
use super::http::Wire;
use super::jws::{Author, Directory, ExternalKey, Signer};
use super::{AcmeAuthority, lock};
use crate::error::Failure;
use crate::outside;

/// The account as it is needed to sign.
#[derive(Clone)]
pub(super) struct Account {
    pub(super) url: String,
    pub(super) key: std::sync::Arc<PrivateKey>,
}

impl AcmeAuthority<'_> {
    /// The way to the authority.
    pub(super) fn wire(&self) -> Result<Wire, AcmeFault> {
        let mut wire = lock(&self.wire);
        let shared = match &*wire {
            Some(wire) => wire,
            None => wire.insert(Wire::new(&self.settings.directory, self.settings.roots.as_ref())?),
        };
        Ok(shared.apart())
    }

    /// The account, registered where it is not.
    pub(super) fn account(&self, wire: &Wire) -> Result<Account, Failure> {
        let mut known = lock(&self.account);
        if let Some(account) = &*known {
            return Ok(account.clone());
        }
        let (name, directory, contacts) = (&self.name, &self.settings.directory, &self.settings.contacts);
        let key = account::key(self.keystore, name)?;
        let url = match account::registered(self.keystore, name, directory)? {
            Some(kept) if kept.contacts == *contacts => kept.url,
            Some(kept) => {
                self.tell_contacts(wire, &key, &kept.url).map_err(|fault| self.failed(fault))?;
                account::keep(self.keystore, name, directory, kept.url, contacts)?.url
            }
            None => {
                let url = self.register(wire, &key).map_err(|fault| self.failed(fault))?;
                account::keep(self.keystore, name, directory, url, contacts)?.url
            }
        };
        Ok(known.insert(Account { url, key: key.into() }).clone())
    }

    /// Registers the account anew, because the authority does not know it any more.
    pub(super) fn account_anew(&self, wire: &Wire, lost: &Account) -> Result<Account, Failure> {
        let mut known = lock(&self.account);
        if let Some(account) = known.as_ref().filter(|account| account.url != lost.url) {
            return Ok(account.clone());
        }
        let url = self.register(wire, &lost.key).map_err(|fault| self.failed(fault))?;
        account::keep(self.keystore, &self.name, &self.settings.directory, url.clone(), &self.settings.contacts)?;
        Ok(known.insert(Account { url, key: lost.key.clone() }).clone())
    }

    fn contacts(&self) -> Vec<String> {
        self.settings.contacts.iter().map(|contact| format!("mailto:{contact}")).collect()
    }

    /// RFC 8555 section 7.3. Whoever described the authority agreed to its terms.
    fn register(&self, wire: &Wire, key: &PrivateKey) -> Result<String, AcmeFault> {
        let directory = Directory::read(wire)?;
        let (signer, url) = (Signer::new(key)?, directory.text("newAccount")?);
        let mut payload = json!({"termsOfServiceAgreed": true});
        if !self.settings.contacts.is_empty() {
            payload["contact"] = json!(self.contacts());
        }
        match &self.settings.external_account {
            Some(external) => payload["externalAccountBinding"] = signer.bind(&external_key(external)?, url)?,
            None if directory.wants_external_account() => return Err(AcmeFault::ExternalAccount),
            None => {}
        }
        signer.post(wire, &Author::Key, url, Some(&payload))?;
        wire.seen().location.ok_or_else(|| AcmeFault::not_acme(url, "an account without a URL"))
    }

    fn tell_contacts(&self, wire: &Wire, key: &PrivateKey, account: &str) -> Result<(), AcmeFault> {
        let payload = json!({"contact": self.contacts()});
        Signer::new(key)?.post(wire, &Author::Account(account), account, Some(&payload)).map(drop)
    }
}

fn external_key(external: &ExternalAccount) -> Result<ExternalKey, AcmeFault> {
    let key = secret(&external.key, "key", "base64url", |text| {
        // padding and the other alphabet are what people copy from web pages
        let text = text.trim_end_matches('=').replace('+', "-").replace('/', "_");
        Base64UrlUnpadded::decode_vec(&text).ok()
    })?;
    Ok(ExternalKey { kid: external.kid.to_string(), key: hmac::Key::new(hmac::HMAC_SHA256, &key) })
}

/// A key in base64, as name servers have it.
pub(super) fn base64_secret(source: &SecretSource) -> Result<Zeroizing<Vec<u8>>, AcmeFault> {
    secret(source, "key", "base64", |text| Base64Unpadded::decode_vec(text.trim_end_matches('=')).ok())
}

/// Reads a secret where it is; it is kept nowhere.
fn secret(
    source: &SecretSource,
    what: &'static str,
    form: &'static str,
    decode: impl FnOnce(&str) -> Option<Vec<u8>>,
) -> Result<Zeroizing<Vec<u8>>, AcmeFault> {
    let text = outside::secret(source).map_err(AcmeFault::File)?;
    let bytes = decode(text.trim()).filter(|bytes| !bytes.is_empty()).map(Zeroizing::new);
    bytes.ok_or_else(|| AcmeFault::Secret { from: source.to_string(), what, form })
}
