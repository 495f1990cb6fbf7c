//! `backup`: one generation, its facts and its stage, in one file.

use std::io::Write;
use std::path::PathBuf;

use super::Error;
use crate::envelope::Envelope;
use crate::progress::Progress;
use crate::store::{BackupError, Disclosure, Keystore, Manifest, Purpose, ReadingFault};

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Backup {
    /// Whether the older generations are wanted too.
    pub history: bool,
    /// Where it goes: the name of a file.
    pub to: String,
    /// What it is wrapped in.
    pub envelope: Envelope,
}

/// A backup that was written.
#[derive(Clone, Debug)]
pub struct Written {
    /// What it holds.
    pub manifest: Manifest,
    /// What nothing names and is not whole, which is not in it: certificates, and private keys by their folders.
    pub left_out: Vec<PathBuf>,
    /// What is wrong with the entries about readings of private keys: those that stand there are in it as they are.
    pub reading_faults: Vec<ReadingFault>,
}

/// Writes a backup. It is good for nothing unless this succeeds. That every private key is read is written down first.
///
/// # Errors
/// When the reading can't be written down, when the keystore can't be read or is damaged, when a prune takes away what is being written, or when `out`
/// refuses.
pub fn backup(
    keystore: &Keystore,
    asked: &Backup,
    out: &mut dyn Write,
    progress: &dyn Progress,
) -> Result<Written, Error> {
    let to = Some(asked.to.clone());
    keystore.note_reading(Disclosure { purpose: Purpose::Backup, keys: Vec::new(), to })?;
    let inventory = keystore.inventory(asked.history, progress)?;
    let mut sealing = asked.envelope.seal(out).map_err(BackupError::Write)?;
    keystore.write_backup(&inventory, &mut sealing, progress)?;
    sealing.finish().and_then(|out| out.flush()).map_err(BackupError::Write)?;
    let left_out = inventory.left_out().map(|path| keystore.root().join(path.as_path())).collect();
    let reading_faults = inventory.reading_faults().to_vec();
    Ok(Written { manifest: inventory.manifest().clone(), left_out, reading_faults })
}
