//! A person, or another system: requests are put into a folder, replies are looked for in one.

use std::path::{Path, PathBuf};

use keystore::digest::Digest;
use keystore::model::FileSettings;
use keystore::ops::desk::{Authority, Reply};
use keystore::ops::install_cert::Input;
use keystore::ops::submit::Waiting;
use keystore::pki::{Certificate, read_certificates};
use keystore::timestamp::Timestamp;

use super::Order;
use crate::error::Failure;
use crate::outside;

pub(super) struct FileAuthority {
    pub(super) settings: FileSettings,
}

impl Authority<Failure> for FileAuthority {
    fn submit(&self, order: &Order<'_>) -> Result<Reply, Failure> {
        let name = file_name(order.waiting);
        let path = self.settings.requests.as_path().join(&name);
        outside::write(&path, order.waiting.request.to_pem().as_bytes(), true)?;
        (order.note)(&name)?;
        self.collect(order)
    }

    fn collect(&self, order: &Order<'_>) -> Result<Reply, Failure> {
        let path = self.settings.requests.as_path().join(file_name(order.waiting));
        // a crash may have come before it was there
        if order.ticket.is_none() && !outside::exists(&path) {
            return self.submit(order);
        }
        let found = Replies::read(self.settings.replies.as_path())?.answer(order.waiting);
        let folder = &self.settings.replies;
        let waits = || Reply::Waiting(format!("{} has the request, {folder} has no reply yet", path.display()));
        Ok(found.map_or_else(waits, Reply::Issued))
    }

    fn answers_once(&self) -> bool {
        false
    }
}

/// The name of a request's file. No part of a key's name has a `+`, so that no two requests share one.
fn file_name(waiting: &Waiting) -> String {
    let key = &waiting.key;
    let (server, protocol) = (&key.service.server, &key.service.protocol);
    format!("{server}+{protocol}+{}-{}.{}.csr", key.name, waiting.version, waiting.number)
}

/// The files of the folder that replies come to.
struct Replies(Vec<(PathBuf, Vec<u8>, Vec<Certificate>)>);

impl Replies {
    fn read(folder: &Path) -> Result<Self, Failure> {
        let mut files = Vec::new();
        for path in outside::files(folder)? {
            // one that is still being written, or is none of ours, is no reply
            let Ok(bytes) = outside::read(&path.display().to_string()) else { continue };
            if let Ok(certificates) = read_certificates(&bytes) {
                files.push((path, bytes.to_vec(), certificates));
            }
        }
        Ok(Self(files))
    }

    /// The file with the newest certificate of the request's private key, whatever its name; and those that hold
    /// nothing but certificates of authorities, among which its chain may be.
    fn answer(self, waiting: &Waiting) -> Option<Vec<Input>> {
        let leaf = |certificates: &[Certificate]| -> Option<(Timestamp, Digest)> {
            let ours = certificates.iter().filter(|it| it.public_key().hash() == waiting.spki);
            ours.map(|it| (it.not_before(), it.fingerprint())).max()
        };
        let newest = self.0.iter().filter_map(|(.., certificates)| leaf(certificates)).max()?;
        if waiting.current == Some(newest.1) {
            return None;
        }
        let (answers, others): (Vec<_>, Vec<_>) =
            self.0.into_iter().partition(|(.., certificates)| leaf(certificates) == Some(newest));
        let answer = answers.into_iter().next()?;
        let only_authorities = |certificates: &[Certificate]| certificates.iter().all(Certificate::is_ca);
        let chains = others.into_iter().filter(|(.., certificates)| only_authorities(certificates));
        let input =
            |(path, bytes, _): (PathBuf, Vec<u8>, _)| Input { name: path.display().to_string(), bytes: bytes.into() };
        Some(std::iter::once(answer).chain(chains).map(input).collect())
    }
}
