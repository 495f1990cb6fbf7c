//! What a backup holds: every file with its hash. Files that others replace as a whole are held as they were read;
//! all others never change.

use std::collections::{BTreeMap, BTreeSet};

use zeroize::Zeroizing;

use super::Manifest;
use crate::digest::Digest;
use crate::model::{AuthoritySettings, Generation, LocalCaFile, LocalCaSettings, ServerFacts, VersionFacts};
use crate::name::{AuthorityName, ServerName};
use crate::pki::read_certificates;
use crate::progress::Progress;
use crate::store::facts::Folder;
use crate::store::format::{self, damaged};
use crate::store::layout::{self, StorePath};
use crate::store::local_ca::Remains;
use crate::store::log::Descent;
use crate::store::reach::{Material, Reach};
use crate::store::readings::Trail;
use crate::store::{Base, Disk, ReadingFault, Snapshot, StoreError, authorities, facts, local_ca, staged};

/// One file of a backup.
pub(in crate::store) struct Item {
    pub(in crate::store) digest: Digest,
    /// Its bytes, when the file may be another one by the time it is written.
    pub(in crate::store) held: Option<Vec<u8>>,
}

/// What a backup holds.
pub struct Inventory {
    pub(in crate::store) manifest: Manifest,
    /// By path; the configuration last, as without it there is no keystore.
    pub(in crate::store) items: Vec<(StorePath, Item)>,
    left_out: Vec<StorePath>,
    reading_faults: Vec<ReadingFault>,
}

impl Inventory {
    /// What is said of it in its first file.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// What nothing names and is not whole, private keys by their folders: what a crash left, what is being made, or
    /// damage.
    pub fn left_out(&self) -> impl Iterator<Item = &StorePath> {
        self.left_out.iter()
    }

    /// What is wrong with the entries about readings of private keys. Those that stand there are held as they are.
    #[must_use]
    pub fn reading_faults(&self) -> &[ReadingFault] {
        &self.reading_faults
    }

    pub(in crate::store) fn gather(
        snapshot: &Snapshot<'_>,
        config: Vec<u8>,
        manifest: Manifest,
        progress: &dyn Progress,
    ) -> Result<Self, StoreError> {
        let mut search = Search { snapshot, disk: snapshot.disk, items: BTreeMap::new(), left_out: Vec::new() };
        let reach = search.generations(&manifest)?;
        if !snapshot.stage().is_empty() {
            search.hold(layout::stage(), staged::encode(snapshot.stage()));
        }
        search.authorities()?;
        let reading_faults = search.readings()?;
        let mut servers = BTreeSet::from_iter(snapshot.disk.folders::<ServerName>(&layout::servers())?);
        servers.extend(reach.servers().cloned());
        progress.begin("Looking for what to back up", servers.len() as u64);
        for server in servers {
            search.server(&server, &reach)?;
            progress.advance(1);
        }
        let Search { items, left_out, .. } = search;
        let mut items: Vec<_> = items.into_iter().collect();
        items.push((layout::config(), Item { digest: Digest::of(&config), held: Some(config) }));
        let files = items.iter().map(|(path, item)| (path.to_string(), item.digest)).collect();
        Ok(Self { manifest: Manifest { files, ..manifest }, items, left_out, reading_faults })
    }
}

struct Search<'a> {
    snapshot: &'a Snapshot<'a>,
    disk: &'a dyn Disk,
    items: BTreeMap<StorePath, Item>,
    left_out: Vec<StorePath>,
}

impl Search<'_> {
    fn name(&mut self, path: StorePath, digest: Digest) {
        self.items.insert(path, Item { digest, held: None });
    }

    fn hold(&mut self, path: StorePath, bytes: Vec<u8>) {
        let digest = Digest::of(&bytes);
        self.items.insert(path, Item { digest, held: Some(bytes) });
    }

    /// The records, what stands in for those left out, and the state that they reach.
    fn generations(&mut self, manifest: &Manifest) -> Result<Reach, StoreError> {
        let mut reach = Reach::default();
        let limit = if manifest.history { usize::MAX } else { 1 };
        let mut descent = Descent::from(self.disk, &self.snapshot.head)?;
        let mut parent = None;
        for step in descent.by_ref().take(limit) {
            let step = step?;
            self.name(layout::commit(step.record.generation), step.file);
            reach.take(self.disk, &step.record)?;
            parent = step.record.parent;
        }
        // One that was there already says who cut the others off, and when.
        let base = descent.base()?.or_else(|| {
            let hash = parent.filter(|_| !manifest.history)?;
            Some(Base {
                format: manifest.format,
                keystore: manifest.keystore.clone(),
                through: Generation(manifest.generation.0 - 1),
                hash,
                time: manifest.time,
                actor: manifest.actor.clone(),
            })
        });
        if let Some(base) = base {
            self.hold(layout::base(), base.seal());
        }
        for object in &reach.objects {
            self.name(layout::state_object(*object), *object);
        }
        Ok(reach)
    }

    /// Who read private keys, as it stands: an entry never changes, and one that is lost is no reason to lose the rest.
    fn readings(&mut self) -> Result<Vec<ReadingFault>, StoreError> {
        let Trail { files, faults, .. } = Trail::read(self.disk)?;
        for (path, digest) in files {
            self.name(path, digest);
        }
        Ok(faults)
    }

    /// What is said of authorities, and the accounts that are kept at them.
    fn authorities(&mut self) -> Result<(), StoreError> {
        for name in self.disk.folders(&layout::authorities())? {
            let path = layout::authority_settings(&name);
            if let Some(bytes) = self.disk.load_if_present(&path)? {
                self.hold(path, bytes);
                if let Some(AuthoritySettings::LocalCa(settings)) =
                    self.snapshot.authority(&name)?.map(|authority| authority.settings)
                {
                    self.local_ca(&name, &settings)?;
                }
                self.account(&name)?;
            } else if !Remains::find(self.disk, &name)?.is_empty() {
                self.left_out.push(layout::authority(&name));
            }
        }
        Ok(())
    }

    /// The account at an authority, if there is one.
    fn account(&mut self, name: &AuthorityName) -> Result<(), StoreError> {
        let path = layout::account(name);
        if let Some(bytes) = self.disk.load_if_present(&path)? {
            authorities::account(self.disk, name)?;
            self.hold(path, bytes);
        }
        let path = layout::account_key(name);
        if let Some(bytes) = self.disk.load_if_present(&path)?.map(Zeroizing::new) {
            authorities::account_key(self.disk, name)?;
            self.name(path, Digest::of(&bytes));
        }
        Ok(())
    }

    /// A private authority: its keys and certificates, which must be those that are named, and its lists.
    fn local_ca(&mut self, name: &AuthorityName, settings: &LocalCaSettings) -> Result<(), StoreError> {
        for file in LocalCaFile::ALL {
            self.snapshot.local_ca_file(name, settings, file)?;
            self.name(layout::local_ca_file(name, file), file.of(&settings.files));
        }
        for number in local_ca::batches(self.disk, name)? {
            local_ca::load_batch(self.disk, name, number)?;
            let path = layout::issued_batch(name, number);
            let digest = Digest::of(&self.disk.load(&path)?);
            self.name(path, digest);
        }
        let path = layout::revocations(name);
        let bytes = format::load_known(self.disk, &path)?;
        local_ca::load_revocations(self.disk, name)?;
        self.hold(path, bytes);
        Ok(())
    }

    /// The index of a server and the material of its keys, which must hold everything that is named.
    fn server(&mut self, server: &ServerName, reach: &Reach) -> Result<(), StoreError> {
        let path = layout::facts(server);
        let mut index = ServerFacts::default();
        let written = self.disk.load_if_present(&path)?;
        let is_indexed = written.is_some();
        if let Some(bytes) = written {
            index = format::decode(self.disk, &path, &bytes)?;
            self.hold(path, bytes);
        }
        let mut named = reach.material(self.disk, server)?;
        named.add_staged(self.snapshot.stage(), server);
        for folder in facts::folders(self.disk, server)? {
            match index.key(&folder.key).and_then(|key| key.version(folder.version)) {
                Some(version) => self.version(&folder, version, Some(&named))?,
                None => self.nameless(&folder, is_indexed)?,
            }
        }
        for (key, facts) in index.keys(server) {
            for version in &facts.versions {
                self.check(&layout::private_key(&key, version.number), version.file)?;
            }
        }
        for (key, version, number, files) in named.iter() {
            if index.key(key).and_then(|key| key.version(version)).is_none() {
                let path = layout::facts(server);
                return Err(damaged(self.disk, &path, format!("it lacks version {version} of {key}")));
            }
            self.check(&layout::private_key(key, version), files.private_key)?;
            self.check(&layout::certificate(key, version, number), files.certificate)?;
            self.check(&layout::chain(key, version, number), files.chain)?;
        }
        Ok(())
    }

    /// Checks that something named is among what was found.
    fn check(&self, path: &StorePath, wanted: Digest) -> Result<(), StoreError> {
        match self.items.get(path) {
            Some(item) if item.digest == wanted => Ok(()),
            Some(item) => Err(format::differs(self.disk, path, item.digest, wanted)),
            None => Err(damaged(self.disk, path, "it is missing")),
        }
    }

    /// A version: its private key and its requests by the hashes that its facts name, all its certificates.
    fn version(&mut self, folder: &Folder, version: &VersionFacts, named: Option<&Material>) -> Result<(), StoreError> {
        let Folder { key, version: number, .. } = folder;
        self.present(folder, layout::private_key(key, *number), version.file)?;
        self.check_public_key(folder, version)?;
        // As the index says it: the file may say more by now.
        self.hold(layout::version_facts(key, *number), format::encode(version));
        for request in &version.requests {
            self.present(folder, layout::request(key, *number, request.number), request.file)?;
        }
        let named: BTreeMap<_, _> = named.into_iter().flat_map(|named| named.of(key, *number)).collect();
        for certificate in folder.certificates() {
            let (path, chain) =
                (layout::certificate(key, *number, certificate), layout::chain(key, *number, certificate));
            if let Some(files) = named.get(&certificate) {
                self.present(folder, path, files.certificate)?;
                self.present(folder, chain, files.chain)?;
            } else {
                self.unnamed(path, chain, version)?;
            }
        }
        Ok(())
    }

    /// The private key's public half is what the index and the version's own folder both name: no backup is to hold what
    /// can't be restored.
    fn check_public_key(&self, folder: &Folder, version: &VersionFacts) -> Result<(), StoreError> {
        let stated = facts::stated(self.disk, &folder.key, folder.version)?;
        if stated.is_some_and(|stated| (stated.spki, stated.encrypted) != (version.spki, version.encrypted)) {
            let path = layout::version_facts(&folder.key, folder.version);
            return Err(damaged(self.disk, &path, "it names another public key than the index of its server does"));
        }
        Ok(())
    }

    fn present(&mut self, folder: &Folder, path: StorePath, digest: Digest) -> Result<(), StoreError> {
        if !folder.has(&path) {
            return Err(damaged(self.disk, &path, "it is missing"));
        }
        self.name(path, digest);
        Ok(())
    }

    /// A certificate that nothing names, taken along when it is one of its private key: others may be written just now,
    /// or be what a crash left. It may be gone by now.
    fn unnamed(&mut self, path: StorePath, chain: StorePath, version: &VersionFacts) -> Result<(), StoreError> {
        let Some(bytes) = self.disk.load_if_present(&path)? else { return Ok(()) };
        match read_certificates(&bytes).as_deref() {
            Ok([leaf]) if leaf.public_key().hash() == version.spki => {
                self.name(path, Digest::of(&bytes));
                if let Some(bytes) = self.disk.load_if_present(&chain)? {
                    self.name(chain, Digest::of(&bytes));
                }
            }
            _ => self.left_out.push(path),
        }
        Ok(())
    }

    /// Leaves out requests that are missing or not whole: power that was lost before they were durable takes them, and the
    /// private key is worth more than they are.
    fn leave_out_requests(&mut self, folder: &Folder, version: &mut VersionFacts) -> Result<(), StoreError> {
        let mut whole = Vec::new();
        for request in std::mem::take(&mut version.requests) {
            let path = layout::request(&folder.key, folder.version, request.number);
            match self.disk.load_if_present(&path)? {
                Some(bytes) if Digest::of(&bytes) == request.file => whole.push(request),
                _ => self.left_out.push(path),
            }
        }
        version.requests = whole;
        Ok(())
    }

    /// A folder that the index does not name: a number that is spent, or a private key whose making has not come to
    /// its end. That one is taken along when it is whole.
    fn nameless(&mut self, folder: &Folder, is_indexed: bool) -> Result<(), StoreError> {
        let Folder { key, version: number, .. } = folder;
        if folder.is_given_up(is_indexed) {
            let mark = layout::pruned(key, *number);
            if let Some(bytes) = self.disk.load_if_present(&mark)? {
                self.hold(mark, bytes);
            }
            return Ok(());
        }
        if !folder.has(&layout::private_key(key, *number)) {
            return Ok(());
        }
        match facts::whole(self.disk, key, *number)? {
            Some(mut version) => {
                // Looked at again: its first request may have come meanwhile.
                let folder = facts::folder(self.disk, key, *number)?;
                self.leave_out_requests(&folder, &mut version)?;
                self.version(&folder, &version, None)
            }
            None => {
                self.left_out.push(layout::version(key, *number));
                Ok(())
            }
        }
    }
}
