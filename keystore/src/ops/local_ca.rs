//! What the use cases of private authorities share: opening one, issuing, finding what was issued.

use std::collections::BTreeMap;

use super::{Error, self_sign};
use crate::digest::Digest;
use crate::model::{AuthoritySettings, IssuedBatch, IssuedCertificate, LocalCaFile, LocalCaSettings};
use crate::name::{AuthorityName, KeyPath};
use crate::parallel;
use crate::pki::{
    BeyondIssuer, Certificate, CertificateProfile, CertificationRequest, Issued, Issuer, PrivateKey, PrivateKeyFile,
    SerialNumber, Terms, Validity, read_certificates,
};
use crate::store::{Keystore, Remains, Snapshot};

/// A private authority, its private key not opened yet.
#[derive(Debug)]
pub struct LocalCa {
    /// Its name.
    pub name: AuthorityName,
    /// What is said of it.
    pub settings: LocalCaSettings,
    /// The root's certificate.
    pub root: Certificate,
    /// The certificate of the authority that issues.
    pub issuing: Certificate,
}

/// A certificate that is asked for.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    /// The request.
    pub request: &'a CertificationRequest,
    /// What for.
    pub profile: CertificateProfile,
    /// For how many days; none given: as the authority's settings say.
    pub days: Option<u32>,
    /// The key of the keystore that it is for, where there is one.
    pub key: Option<&'a KeyPath>,
}

/// One private authority.
///
/// # Errors
/// When there is none of this name, or its certificates are damaged.
pub fn open(snapshot: &Snapshot<'_>, name: &AuthorityName) -> Result<LocalCa, Error> {
    let authority = snapshot.authority(name)?.ok_or_else(|| Error::AuthorityNotFound { name: name.clone() })?;
    let AuthoritySettings::LocalCa(settings) = authority.settings else {
        return Err(Error::NotALocalCa { name: name.clone() });
    };
    let certificate = |file: LocalCaFile| -> Result<Certificate, Error> {
        let bytes = snapshot.local_ca_file(name, &settings, file)?;
        let unreadable = |source| Error::Unreadable { file: format!("a certificate of {name}"), source };
        let mut read = read_certificates(&bytes).map_err(unreadable)?;
        Ok(read.swap_remove(0))
    };
    let (root, issuing) = (certificate(LocalCaFile::RootCertificate)?, certificate(LocalCaFile::IssuingCertificate)?);
    Ok(LocalCa { name: name.clone(), settings, root, issuing })
}

/// The private key file that it issues with.
///
/// # Errors
/// When it can't be read or is damaged.
pub fn private_key_file(snapshot: &Snapshot<'_>, ca: &LocalCa) -> Result<PrivateKeyFile, Error> {
    let bytes = snapshot.local_ca_file(&ca.name, &ca.settings, LocalCaFile::IssuingKey)?;
    PrivateKeyFile::from_pem(&bytes).map_err(|source| Error::CaKey { name: ca.name.clone(), source })
}

impl LocalCa {
    /// The authority with its private key, ready to sign.
    ///
    /// # Errors
    /// When they do not belong together.
    pub fn issuer<'a>(&'a self, key: &'a PrivateKey) -> Result<Issuer<'a>, Error> {
        Issuer::new(&self.issuing, key).map_err(|source| Error::NotIssued { what: self.name.to_string(), source })
    }
}

/// Issues certificates to all of these, whose answers stand in the order of the requests: those that are refused have no
/// part in what happens to the others. All that are issued are on the authority's list, durably, when this returns,
/// and none is known to anybody before: a crash leaves all of them on it or none. However many they are, that is one
/// file.
///
/// # Errors
/// When the authority's certificate and private key do not belong together, or the disk refuses.
pub fn issue(
    keystore: &Keystore,
    ca: &LocalCa,
    key: &PrivateKey,
    asked: &[Asked<'_>],
) -> Result<Vec<Result<Issued, Error>>, Error> {
    let issuer = ca.issuer(key)?;
    loop {
        // signed without the lock, under the number that is next by now; where another writer was quicker, once more
        let number = keystore.read()?.next_issue(&ca.name)?;
        let places: Vec<(u32, &Asked<'_>)> = (0..).zip(asked).collect();
        let signed = parallel::each(keystore.world().threads, &places, |(at, asked)| {
            Ok::<_, Error>(sign(keystore, ca, &issuer, (number, *at), asked))
        })?;
        let listed: Vec<IssuedCertificate> = asked
            .iter()
            .zip(&signed)
            .filter_map(|(asked, signed)| {
                let certificate = &signed.as_ref().ok()?.certificate;
                Some(IssuedCertificate {
                    serial: certificate.serial().parse().ok()?,
                    profile: asked.profile,
                    key: asked.key.cloned(),
                    request: Digest::of(asked.request.as_der()),
                    certificate: certificate.to_pem(),
                })
            })
            .collect();
        if listed.is_empty() {
            return Ok(signed);
        }
        let mut transaction = keystore.write()?;
        let is_ours = transaction.add_issued(&ca.name, number, listed)?;
        transaction.finish()?;
        if is_ours {
            return Ok(signed);
        }
    }
}

fn sign(
    keystore: &Keystore,
    ca: &LocalCa,
    issuer: &Issuer<'_>,
    (batch, at): (u32, u32),
    asked: &Asked<'_>,
) -> Result<Issued, Error> {
    let world = keystore.world();
    let what = || asked.key.map_or_else(|| asked.request.subject().to_string(), ToString::to_string);
    let validity = |days| self_sign::validity(world.now(), days);
    let issue = || {
        let validity: Validity = validity(asked.days.unwrap_or(ca.settings.days))?;
        let terms = Terms {
            serial: SerialNumber::unique(world.random(), u64::from(batch) << 32 | u64::from(at)),
            validity,
            beyond_issuer: BeyondIssuer::Shorten,
            crl_url: ca.settings.crl_url.clone(),
        };
        issuer.issue(asked.request, asked.profile, &terms)
    };
    issue().map_err(|source| Error::NotIssued { what: what(), source })
}

/// The newest certificates that an authority has issued, by the SHA-256 of their requests.
#[must_use]
pub fn newest_by_request(issued: &[IssuedBatch]) -> BTreeMap<Digest, &IssuedCertificate> {
    issued.iter().flat_map(|batch| &batch.certificates).map(|one| (one.request, one)).collect()
}

/// A certificate on an authority's list.
///
/// # Errors
/// When what is on the list can't be read as one.
pub fn certificate_of(name: &AuthorityName, issued: &IssuedCertificate) -> Result<Certificate, Error> {
    let read = read_certificates(issued.certificate.as_bytes());
    let unreadable = |source| Error::Unreadable { file: format!("certificate {} of {name}", issued.serial), source };
    Ok(read.map_err(unreadable)?.swap_remove(0))
}

/// Refuses a name that another authority has, or that a private authority had that was in use.
pub(super) fn check_new(snapshot: &Snapshot<'_>, name: &AuthorityName) -> Result<(), Error> {
    if snapshot.authority(name)?.is_some() {
        return Err(Error::AuthorityExists { name: name.clone() });
    }
    refuse(name, snapshot.local_ca_remains(name)?.filter(|remains| remains.in_use))
}

/// Refuses where files of a private authority stand that `authority.json` does not name: what is said there would hide
/// them, and to forget it would remove them.
pub(super) fn check_no_remains(snapshot: &Snapshot<'_>, name: &AuthorityName) -> Result<(), Error> {
    refuse(name, snapshot.local_ca_remains(name)?)
}

fn refuse(name: &AuthorityName, remains: Option<Remains>) -> Result<(), Error> {
    remains.map_or(Ok(()), |Remains { files, .. }| Err(Error::LocalCaRemains { name: name.clone(), files }))
}
