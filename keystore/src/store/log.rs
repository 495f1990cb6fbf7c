//! The commit log: one record per generation, each with its own hash and its parent's. Creating
//! `commits/N+1` *is* the commit.

mod descent;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

pub(super) use descent::{Descent, Step};

use super::format::{damaged, decode, encode};
use super::layout::{self, StorePath};
use super::{Base, Disk, StoreError};
use crate::change::Change;
use crate::digest::Digest;
use crate::model::{CertificateNumber, Generation, Installed, VersionNumber};
use crate::name::{Endpoint, KeyPath};
use crate::timestamp::Timestamp;
use crate::world::Actor;

/// A private key with its certificate, as a record names it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Pair {
    /// The key.
    pub key: KeyPath,
    /// The private key's version.
    pub version: VersionNumber,
    /// Which of its certificates.
    pub certificate: CertificateNumber,
    /// SHA-256 of the certificate.
    pub fingerprint: Digest,
    /// End of its validity.
    pub not_after: Timestamp,
}

impl Pair {
    /// Names what is installed for a key.
    #[must_use]
    pub fn of(key: &KeyPath, installed: &Installed) -> Self {
        Self {
            key: key.clone(),
            version: installed.version,
            certificate: installed.certificate,
            fingerprint: installed.summary.fingerprint,
            not_after: installed.summary.not_after,
        }
    }
}

/// What a commit did to one endpoint.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct EndpointChange {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// What was published there before.
    pub from: Option<Pair>,
    /// What is published there from then on.
    pub to: Option<Pair>,
}

/// The record of one commit.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Record {
    /// The version of the keystore's format.
    pub format: u32,
    /// The keystore's identifier.
    pub keystore: String,
    /// Which commit this is.
    pub generation: Generation,
    /// The hash of the record before; none for the first.
    pub parent: Option<Digest>,
    /// When it was made.
    pub time: Timestamp,
    /// Who made it.
    pub actor: Actor,
    /// Why.
    pub message: Option<String>,
    /// The change sets that took effect with it.
    pub change_sets: Vec<String>,
    /// The root of the state after it.
    pub state: Digest,
    /// The changes, in the order in which they were staged.
    pub changes: Vec<Change>,
    /// What they did to each endpoint.
    pub endpoints: Vec<EndpointChange>,
}

/// A record with its hash, as the file holds them. The hash is of the record's bytes as they stand.
#[derive(Serialize, Deserialize)]
struct Envelope<'a> {
    hash: Digest,
    #[serde(borrow)]
    record: &'a RawValue,
}

/// The bytes of a record's file, and its hash.
pub(super) fn seal(record: &impl Serialize) -> (Vec<u8>, Digest) {
    // See `format::encode`: stored types serialize.
    let raw = serde_json::value::to_raw_value(record).expect("a record serializes");
    let hash = Digest::of(raw.get().as_bytes());
    (encode(&Envelope { hash, record: &raw }), hash)
}

/// What a command needs to know of the newest record. Reading it does not cost what the commit changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Head {
    pub(super) generation: Generation,
    pub(super) hash: Option<Digest>,
    pub(super) change_sets: Vec<String>,
    pub(super) state: Option<Digest>,
}

#[derive(Deserialize)]
struct HeadFields {
    generation: Generation,
    change_sets: Vec<String>,
    state: Digest,
}

impl HeadFields {
    /// The fields of a record that stand before its changes, read without these: there may be thousands. What looks
    /// like their beginning is it, as no text has a quotation mark that is not escaped.
    fn of(record: &str) -> Option<Self> {
        let (before, _) = record.split_once(",\"changes\":[")?;
        serde_json::from_str(&format!("{before}}}")).ok()
    }
}

impl Head {
    pub(super) const EMPTY: Self =
        Self { generation: Generation::EMPTY, hash: None, change_sets: Vec::new(), state: None };

    /// What this record says.
    pub(super) fn of(record: &Record, hash: Digest) -> Self {
        let (change_sets, state) = (record.change_sets.clone(), Some(record.state));
        Self { generation: record.generation, hash: Some(hash), change_sets, state }
    }

    /// Finds the newest record: from the hint upwards, or through the whole folder when the hint is no help.
    pub(super) fn find(disk: &dyn Disk) -> Result<Self, StoreError> {
        loop {
            let newest = Self::newest(disk)?;
            if newest == Generation::EMPTY {
                return Ok(Self::EMPTY);
            }
            match Self::load(disk, newest) {
                // Cut off since it was found: there is a newer one.
                Err(StoreError::Disk(error)) if error.is_missing() && is_covered(disk, newest)? => {}
                loaded => return loaded,
            }
        }
    }

    fn newest(disk: &dyn Disk) -> Result<Generation, StoreError> {
        let hint = disk.load_if_present(&layout::head_hint())?;
        let hinted = hint.and_then(|bytes| String::from_utf8(bytes).ok()?.trim().parse().ok()).map(Generation);
        let mut newest = match hinted.filter(|generation| *generation <= Generation::LAST) {
            Some(generation) if disk.exists(&layout::commit(generation))? => climb(disk, generation)?,
            hinted => {
                let listed = newest_listed(disk)?;
                if let Some(lost) = hinted.filter(|hinted| *hinted > listed) {
                    // The hint is written once its record is durable: a commit here would take the number again.
                    let reason = format!("it is missing, and {} says that it was there", layout::head_hint());
                    return Err(damaged(disk, &layout::commit(lost), reason));
                }
                climb(disk, listed)?
            }
        };
        // Where it is damaged, the log is read as far as it goes: whoever goes down to it is told.
        if let Ok(Some(base)) = Base::load(disk) {
            // What a prune was kept from removing may have gaps, which the climb takes for the end.
            if base.covers(newest) {
                newest = climb(disk, newest_listed(disk)?)?;
            }
            if base.covers(newest) {
                let reason = format!("generation {} was cut off, and no record follows it", base.through);
                return Err(damaged(disk, &layout::base(), reason));
            }
        }
        Ok(newest)
    }

    /// What the record of this generation says, whether or not it is the newest.
    pub(super) fn load(disk: &dyn Disk, generation: Generation) -> Result<Self, StoreError> {
        let path = layout::commit(generation);
        let bytes = disk.load(&path)?;
        let (hash, record) = open(disk, &path, &bytes)?;
        let fields = HeadFields::of(record).map_or_else(|| decode(disk, &path, record.as_bytes()), Ok)?;
        if fields.generation != generation {
            return Err(damaged(disk, &path, format!("it is the record of generation {}", fields.generation)));
        }
        Ok(Self { generation, hash: Some(hash), change_sets: fields.change_sets, state: Some(fields.state) })
    }
}

fn is_covered(disk: &dyn Disk, generation: Generation) -> Result<bool, StoreError> {
    Ok(Base::load(disk)?.is_some_and(|base| base.covers(generation)))
}

/// The newest generation that is reached from this one without a gap.
fn climb(disk: &dyn Disk, from: Generation) -> Result<Generation, StoreError> {
    let mut newest = from;
    while let Some(next) = newest.successor()
        && disk.exists(&layout::commit(next))?
    {
        newest = next;
    }
    Ok(newest)
}

fn newest_listed(disk: &dyn Disk) -> Result<Generation, StoreError> {
    let names = disk.names(&layout::commits())?;
    Ok(names.iter().filter_map(|entry| layout::commit_generation(&entry.name)).max().unwrap_or(Generation::EMPTY))
}

/// The hash and the record in a file's bytes, checked against each other.
pub(super) fn open<'a>(disk: &dyn Disk, path: &StorePath, bytes: &'a [u8]) -> Result<(Digest, &'a str), StoreError> {
    let (hash, record) = match as_sealed(bytes) {
        Some(parts) => parts,
        None => {
            let envelope: Envelope<'a> = decode(disk, path, bytes)?;
            (envelope.hash, envelope.record.get())
        }
    };
    let found = Digest::of(record.as_bytes());
    if found == hash {
        return Ok((hash, record));
    }
    Err(damaged(disk, path, format!("its record has the hash {found}, it says {hash}")))
}

/// The parts of a file as [`seal`] writes it, without a look at what the hash vouches for.
fn as_sealed(bytes: &[u8]) -> Option<(Digest, &str)> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (hash, rest) = text.strip_prefix("{\"hash\":\"")?.split_once('"')?;
    Some((hash.parse().ok()?, rest.strip_prefix(",\"record\":")?.strip_suffix("}\n")?))
}

/// The newest records with their hashes, newest first, at most `limit`.
pub(super) fn chain(disk: &dyn Disk, head: &Head, limit: usize) -> Result<Vec<(Record, Digest)>, StoreError> {
    Descent::from(disk, head)?.take(limit).map(|step| step.map(|step| (step.record, step.hash))).collect()
}

/// Reads one record and checks its hash.
pub(super) fn load(disk: &dyn Disk, generation: Generation) -> Result<(Record, Digest), StoreError> {
    let found = read(disk, generation)?;
    // Asked last: a record that is not there may have been cut off just now.
    if let Some(base) = Base::load(disk)?.filter(|base| base.covers(generation)) {
        return Err(base.refuse(generation));
    }
    let step = found.ok_or_else(|| damaged(disk, &layout::commit(generation), "it is missing"))?;
    Ok((step.record, step.hash))
}

/// Reads one record and checks its hash, cut off or not; none where there is no file.
pub(super) fn read(disk: &dyn Disk, generation: Generation) -> Result<Option<Step>, StoreError> {
    let path = layout::commit(generation);
    let Some(bytes) = disk.load_if_present(&path)? else { return Ok(None) };
    let (hash, text) = open(disk, &path, &bytes)?;
    let record: Record = decode(disk, &path, text.as_bytes())?;
    if record.generation != generation {
        return Err(damaged(disk, &path, format!("it is the record of generation {}", record.generation)));
    }
    Ok(Some(Step { record, hash, file: Digest::of(&bytes) }))
}
