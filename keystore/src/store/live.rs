//! What services read: `live/SERVER/PROTOCOL/ENDPOINT/current/`, where `current` is a link to a version folder.
//! A version folder is made whole beside the live one; one rename of the link switches.

use zeroize::Zeroizing;

use super::intent::Switch;
use super::layout::{self, PASSAGE, PRIVATE_FILE, PUBLIC_FILE, StorePath};
use super::{Disk, StoreError};
use crate::name::Endpoint;

/// The files of one version of an endpoint, before they are written.
pub(super) struct LiveFiles<'a> {
    pub(super) private_key: &'a [u8],
    pub(super) certificate: &'a [u8],
    pub(super) chain: &'a [u8],
}

impl LiveFiles<'_> {
    /// Names, contents and modes. The private key comes first in `combined.pem`: Postfix wants it so, others
    /// take any order.
    fn each(&self) -> [(&'static str, Zeroizing<Vec<u8>>, u32); 5] {
        let join = |parts: &[&[u8]]| Zeroizing::new(parts.concat());
        [
            ("private-key.pem", join(&[self.private_key]), PRIVATE_FILE),
            ("certificate.pem", join(&[self.certificate]), PUBLIC_FILE),
            ("chain.pem", join(&[self.chain]), PUBLIC_FILE),
            ("fullchain.pem", join(&[self.certificate, self.chain]), PUBLIC_FILE),
            ("combined.pem", join(&[self.private_key, self.certificate, self.chain]), PRIVATE_FILE),
        ]
    }
}

/// Makes a version folder beside the live one; returns the folders whose names are not durable yet.
pub(super) fn build(
    disk: &dyn Disk,
    endpoint: &Endpoint,
    name: &str,
    files: &LiveFiles<'_>,
    sync: bool,
) -> Result<Vec<StorePath>, StoreError> {
    let folder = layout::live_version(endpoint, name);
    // Left by a commit of this generation that was taken back.
    disk.discard_folder(&folder)?;
    let mut to_sync = disk.ensure_folder(&folder, PASSAGE)?;
    for (file, bytes, mode) in files.each() {
        disk.add(&folder.join(file), &bytes, mode, sync)?;
    }
    to_sync.push(folder);
    Ok(to_sync)
}

/// The name of the version that an endpoint serves.
pub(super) fn current(disk: &dyn Disk, endpoint: &Endpoint) -> Result<Option<String>, StoreError> {
    Ok(disk.link_target(&layout::live_current(endpoint))?)
}

/// Points an endpoint at a version; durable once its folder is synced.
pub(super) fn switch(disk: &dyn Disk, endpoint: &Endpoint, name: &str) -> Result<(), StoreError> {
    Ok(disk.point(&layout::live_current(endpoint), name)?)
}

/// Points an endpoint back at what it served before a switch, and removes what was made for it.
pub(super) fn undo(disk: &dyn Disk, switch: &Switch) -> Result<(), StoreError> {
    let Switch { endpoint, from, to } = switch;
    if !disk.exists(&layout::live_endpoint(endpoint))? {
        return Ok(());
    }
    if current(disk, endpoint)? != *from {
        match from {
            Some(name) => disk.point(&layout::live_current(endpoint), name)?,
            None => disk.discard(&layout::live_current(endpoint))?,
        }
    }
    // Before what it pointed at goes, and also when it points back already: an undo may have been killed right here.
    disk.sync_names(&layout::live_endpoint(endpoint))?;
    if from.as_ref() != Some(to) {
        disk.discard_folder(&layout::live_version(endpoint, to))?;
    }
    Ok(())
}

/// Removes all versions of an endpoint but what it serves and what it served before.
pub(super) fn tidy(disk: &dyn Disk, switch: &Switch) -> Result<(), StoreError> {
    for entry in disk.names(&layout::live_endpoint(&switch.endpoint))? {
        let kept = entry.name == "current" || entry.name == switch.to || Some(&entry.name) == switch.from.as_ref();
        if !kept && entry.name.parse::<u64>().is_ok() {
            disk.discard_folder(&layout::live_version(&switch.endpoint, &entry.name))?;
        }
    }
    Ok(())
}
