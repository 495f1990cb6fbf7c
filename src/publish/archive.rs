//! The files of a service's endpoints as one tar archive, for programs that take them elsewhere.

use keystore::store::PublishedFiles;

/// A folder for each endpoint, called as in `live/`, with its files: an empty one where it has none.
pub(crate) fn tar<'a>(versions: impl Iterator<Item = (&'a str, &'a PublishedFiles)>) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (folder, version) in versions {
        add(&mut archive, tar::EntryType::Directory, &format!("{folder}/"), 0o755, &[]);
        for (form, bytes) in version {
            let mode = if form.is_secret() { 0o600 } else { 0o644 };
            add(&mut archive, tar::EntryType::Regular, &format!("{folder}/{}", form.file_name()), mode, bytes);
        }
    }
    // it is written to memory, which refuses nothing
    archive.into_inner().unwrap_or_default()
}

fn add(archive: &mut tar::Builder<Vec<u8>>, kind: tar::EntryType, name: &str, mode: u32, bytes: &[u8]) {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(bytes.len() as u64);
    // names are short, made of letters, digits, dots, dashes and one slash
    let _ = archive.append_data(&mut header, name, bytes);
}
