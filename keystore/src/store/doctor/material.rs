//! The files of one private key, read once.

use std::collections::BTreeMap;

use super::super::layout::{self, PRIVATE_FILE};
use super::look::{Belongs, Look, Seen};
use crate::digest::Digest;
use crate::model::{CertificateNumber, RequestFacts, RequestNumber, VersionFacts, VersionNumber};
use crate::name::KeyPath;
use crate::pki::{CertificationRequest, PrivateKeyError, PrivateKeyFile, PublicKey, RequestError, read_certificates};
use crate::timestamp::Timestamp;
use crate::world::World;

/// A private key's file.
pub(super) struct HeldKey {
    pub(super) digest: Digest,
    pub(super) key: Result<PrivateKeyFile, PrivateKeyError>,
}

/// A request's file.
pub(super) struct HeldRequest {
    pub(super) digest: Digest,
    pub(super) request: Result<CertificationRequest, RequestError>,
}

impl HeldRequest {
    /// Why it is not a request that this private key's owner made; none when it is.
    pub(super) fn fault(&self, spki: Digest) -> Option<String> {
        let request = match &self.request {
            Ok(request) => request,
            Err(error) => return Some(error.to_string()),
        };
        if request.public_key().hash() != spki {
            return Some("it is for another private key".to_owned());
        }
        request.verify().err().map(|error| error.to_string())
    }
}

/// Everything in the folder of a private key.
pub(super) struct Material {
    /// None where it is missing; that it can't be read has been found then.
    pub(super) key: Option<HeldKey>,
    /// What `version.json` says, or why it can't be read; none where it is missing.
    pub(super) stated: Option<Result<VersionFacts, String>>,
    /// Whether `version.json` is missing or ends too early, as when a crash came while it was written.
    pub(super) is_unstated: bool,
    /// Whether `pruned.json` stands there.
    pub(super) is_marked: bool,
    pub(super) requests: BTreeMap<RequestNumber, HeldRequest>,
    pub(super) certificates: Vec<CertificateNumber>,
    pub(super) chains: Vec<CertificateNumber>,
    /// Something there can't be read: nothing is to be concluded from what is missing.
    pub(super) is_unreadable: bool,
}

impl Material {
    pub(super) fn read(look: &mut Look<'_>, key: &KeyPath, number: VersionNumber) -> Self {
        let folder = layout::version(key, number);
        let (private_key, facts) = (layout::private_key(key, number), layout::version_facts(key, number));
        let mark = layout::pruned(key, number).name();
        let is_ours = |name: &str| layout::is_material(name) || name == facts.name() || name == mark;
        let names = look.survey(&folder, |name| is_ours(name).then_some(Belongs::File(PRIVATE_FILE)));
        let before = look.findings.len();
        let seen = look.read(&private_key);
        let held =
            seen.bytes().map(|bytes| HeldKey { digest: Digest::of(bytes), key: PrivateKeyFile::from_pem(bytes) });
        let (stated, is_unstated) = match look.read(&facts) {
            Seen::Bytes(bytes) => {
                let read = serde_json::from_slice::<VersionFacts>(&bytes);
                let is_unstated = read.as_ref().is_err_and(serde_json::Error::is_eof);
                (Some(checked(read, number)), is_unstated)
            }
            Seen::Missing => (None, true),
            Seen::Unreadable => (Some(Err("it cannot be read".to_owned())), false),
        };
        let mut requests = BTreeMap::new();
        for request in names.iter().filter_map(|name| layout::request_number(name)) {
            if let Seen::Bytes(bytes) = look.read(&layout::request(key, number, request)) {
                let held = HeldRequest { digest: Digest::of(&bytes), request: CertificationRequest::from_pem(&bytes) };
                requests.insert(request, held);
            }
        }
        Self {
            key: held,
            stated,
            is_unstated,
            is_marked: names.contains(&mark),
            requests,
            certificates: names.iter().filter_map(|name| layout::certificate_number(name)).collect(),
            chains: names.iter().filter_map(|name| layout::chain_number(name)).collect(),
            is_unreadable: look.findings.len() > before,
        }
    }

    /// Whether what is known of the private key is what its files say.
    pub(super) fn fits(&self, facts: &VersionFacts) -> bool {
        let fits_key =
            self.key.as_ref().is_some_and(|held| held.digest == facts.file && disagreement(held, facts).is_none());
        fits_key && facts.requests.iter().all(|request| self.fits_request(facts, request))
    }

    pub(super) fn fits_request(&self, facts: &VersionFacts, request: &RequestFacts) -> bool {
        let Some(held) = self.requests.get(&request.number) else { return false };
        // where it was handed to is not in the request itself
        let said = request_says(held, request.number, request.made);
        let said = said.map(|said| RequestFacts { submission: request.submission.clone(), ..said });
        held.fault(facts.spki).is_none() && said.as_ref() == Some(request)
    }

    /// Whether a request's file is missing, or another one that holds no request at all.
    pub(super) fn is_torn(&self, request: &RequestFacts) -> bool {
        self.requests.get(&request.number).is_none_or(|held| held.request.is_err() && held.digest != request.file)
    }

    /// What the files say of the private key, when nothing else does any more.
    pub(super) fn describe(&self, look: &mut Look<'_>, key: &KeyPath, number: VersionNumber) -> Option<VersionFacts> {
        let held = self.key.as_ref()?;
        let (encrypted, public_key) = match held.key.as_ref().ok()? {
            PrivateKeyFile::Plain(private_key) => (false, private_key.public_key().clone()),
            PrivateKeyFile::Encrypted(_) => (true, self.certified_key(look, key, number)?),
        };
        let world: &World = look.world;
        let spki = public_key.hash();
        Some(VersionFacts {
            number,
            algorithm: public_key.algorithm()?,
            spki,
            file: held.digest,
            encrypted,
            made: world.now(),
            by: world.actor.clone(),
            requests: self.own_requests(spki, world.now(), None),
            copy_of: None,
            compromised: None,
            weaknesses: public_key.weaknesses().iter().map(ToString::to_string).collect(),
        })
    }

    /// The requests made with this private key: as the same private key elsewhere tells it, else as they tell themselves.
    pub(super) fn own_requests(&self, spki: Digest, now: Timestamp, twin: Option<&VersionFacts>) -> Vec<RequestFacts> {
        let told = |number: RequestNumber| {
            let same = twin?.requests.iter().find(|request| request.number == number)?;
            self.fits_request(twin?, same).then(|| same.clone())
        };
        let own = self.requests.iter().filter(|(_, held)| held.fault(spki).is_none());
        own.filter_map(|(number, held)| told(*number).or_else(|| request_says(held, *number, now))).collect()
    }

    /// Whether every request here stands beside the same private key elsewhere too.
    pub(super) fn has_no_request_but_of(&self, twin: &VersionFacts) -> bool {
        self.requests.values().all(|held| twin.requests.iter().any(|request| request.file == held.digest))
    }

    /// The one public key that the requests and certificates beside an encrypted private key are for.
    fn certified_key(&self, look: &mut Look<'_>, key: &KeyPath, number: VersionNumber) -> Option<PublicKey> {
        let requested = self.requests.values().filter_map(|held| held.request.as_ref().ok());
        let requested =
            requested.filter(|request| request.verify().is_ok()).map(|request| request.public_key().clone());
        let mut keys: Vec<PublicKey> = requested.collect();
        for certificate in &self.certificates {
            let seen = look.read(&layout::certificate(key, number, *certificate));
            let read = seen.bytes().and_then(|bytes| read_certificates(bytes).ok());
            keys.extend(read.into_iter().flatten().map(|certificate| certificate.public_key().clone()));
        }
        let first = keys.first()?.clone();
        keys.iter().all(|key| *key == first).then_some(first)
    }
}

fn checked(read: serde_json::Result<VersionFacts>, number: VersionNumber) -> Result<VersionFacts, String> {
    let facts = read.map_err(|error| error.to_string())?;
    if facts.number == number { Ok(facts) } else { Err(format!("it is of version {}", facts.number)) }
}

/// What is known of a private key and is not so.
pub(super) fn disagreement(held: &HeldKey, facts: &VersionFacts) -> Option<String> {
    match &held.key {
        Err(error) => Some(error.to_string()),
        Ok(PrivateKeyFile::Encrypted(_)) => (!facts.encrypted).then(|| "it is encrypted".to_owned()),
        Ok(PrivateKeyFile::Plain(_)) if facts.encrypted => Some("it is not encrypted".to_owned()),
        Ok(PrivateKeyFile::Plain(key)) if key.algorithm() != facts.algorithm => {
            Some(format!("it is {}", key.algorithm()))
        }
        Ok(PrivateKeyFile::Plain(key)) => {
            let spki = key.public_key().hash();
            (spki != facts.spki).then(|| format!("its public key has the hash {spki}"))
        }
    }
}

/// What a request says of itself.
pub(super) fn request_says(held: &HeldRequest, number: RequestNumber, made: Timestamp) -> Option<RequestFacts> {
    Some(RequestFacts::of(number, made, held.digest, held.request.as_ref().ok()?))
}
