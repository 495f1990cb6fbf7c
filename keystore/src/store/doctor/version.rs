//! One private key: what the index, `version.json`, the log and the stage say of it against its files.

use super::super::facts;
use super::super::layout::{self, PRIVATE_FILE, StorePath};
use super::finding::{Code, Finding};
use super::known::{Known, Named, Source};
use super::look::{Belongs, Look};
use super::material::{HeldKey, Material, disagreement};
use super::remedy::{PRUNE, Remedy, Repair};
use crate::model::{RequestFacts, VersionFacts, VersionNumber};
use crate::name::KeyPath;

/// Why a private key whose accounts are both lost is good for nothing new.
const MAYBE_COMPROMISED: &str = "nothing tells any more whether it was marked compromised";

/// One private key under examination.
pub(super) struct Version<'a> {
    pub(super) key: &'a KeyPath,
    pub(super) number: VersionNumber,
    /// What the index says.
    pub(super) indexed: Option<&'a VersionFacts>,
    /// Whether there is an index, and it can be read.
    pub(super) is_index_sound: bool,
    pub(super) known: &'a Known,
}

/// What the index lacks, and the finding that says so.
pub(super) struct Adoption {
    pub(super) facts: VersionFacts,
    pub(super) finding: Finding,
}

impl Version<'_> {
    fn folder(&self) -> StorePath {
        layout::version(self.key, self.number)
    }

    fn version_json(&self) -> StorePath {
        layout::version_facts(self.key, self.number)
    }

    pub(super) fn named(&self) -> impl Iterator<Item = (&Named, Source)> {
        self.known.of_key(self.key).filter(|(named, _)| named.version == self.number)
    }

    pub(super) fn found(
        &self,
        look: &mut Look<'_>,
        code: Code,
        path: StorePath,
        message: impl Into<String>,
        remedy: Remedy,
    ) {
        look.found(Finding::new(code, path, message).of_key(self.key).mended_by(remedy));
    }

    /// Says that its folder is gone.
    pub(super) fn lost(&self, look: &mut Look<'_>) {
        let message = format!("the folder of version {} is missing", self.number);
        self.found(look, Code::PrivateKeyMissing, self.folder(), message, Remedy::Backup);
    }

    /// Whether its private key was given up: what is left of it is not to be taken for one that got lost.
    pub(super) fn is_pruned(&self, look: &Look<'_>) -> bool {
        let folder = || facts::folder(look.disk, self.key, self.number);
        self.indexed.is_none() && folder().is_ok_and(|folder| self.is_given_up(&folder))
    }

    /// What a kept generation names was never meant to go, whatever a mark says.
    fn is_given_up(&self, folder: &facts::Folder) -> bool {
        let is_known = self.is_index_sound && self.named().next().is_none();
        folder.is_given_up(is_known)
    }

    /// The mark of a prune that was cut short before the index forgot the private key.
    fn check_mark(&self, look: &mut Look<'_>, material: &Material) {
        if material.is_marked {
            let path = layout::pruned(self.key, self.number);
            let message = "a prune was cut short before it gave the private key up";
            self.found(look, Code::PruneBegun, path.clone(), message, Repair::RemoveTemporary { path }.into());
        }
    }

    /// Looks at the folder of a private key that was given up.
    pub(super) fn pruned(&self, look: &mut Look<'_>) {
        if self.named().next().is_some() {
            return self.lost(look);
        }
        let mark = layout::pruned(self.key, self.number).name();
        let is_ours = |name: &str| layout::is_material(name) || name == "version.json" || name == mark;
        let names = look.survey(&self.folder(), |name| is_ours(name).then_some(Belongs::File(PRIVATE_FILE)));
        if names.len() > 1 {
            let message = format!("version {} was pruned, and is not gone yet", self.number);
            self.found(look, Code::PrunedLeft, self.folder(), message, PRUNE.into());
        }
    }

    /// Looks at its folder. Returns what the index lacks.
    pub(super) fn examine(&self, look: &mut Look<'_>) -> Option<Adoption> {
        let material = Material::read(look, self.key, self.number);
        let (facts, adoption) = self.settle(look, &material);
        if material.key.is_some() {
            look.counts.private_keys += 1;
        }
        match &facts {
            Some(facts) => {
                self.check(look, &material, facts);
                self.check_mark(look, &material);
            }
            None => self.check_without_facts(look, &material),
        }
        self.check_certificates(look, &material, facts.as_ref());
        adoption
    }

    /// Decides which of the index and `version.json` is right.
    fn settle(&self, look: &mut Look<'_>, material: &Material) -> (Option<VersionFacts>, Option<Adoption>) {
        match (self.indexed, &material.stated) {
            (Some(indexed), Some(Ok(stated))) if indexed == stated => (Some(indexed.clone()), None),
            (Some(indexed), Some(Ok(stated))) => self.choose(look, material, indexed, stated),
            (Some(indexed), stated) => {
                let reason = stated.as_ref().and_then(|stated| stated.as_ref().err());
                let reason = reason.map_or("it is missing", String::as_str);
                let facts = Box::new(indexed.clone());
                let repair = Repair::WriteVersion { key: self.key.clone(), facts, from_files: false };
                self.found(look, Code::VersionDamaged, self.version_json(), reason, repair.into());
                (Some(indexed.clone()), None)
            }
            (None, Some(Ok(stated))) if self.is_torn(material, stated) => (None, None),
            (None, Some(Ok(stated))) => {
                let facts = self.without_torn_requests(material, stated);
                let adoption = self.adopt(&facts, format!("version {} is in no index", self.number));
                (Some(facts), Some(adoption))
            }
            // Set aside, like what else a crash cut off.
            (None, _) if self.is_cut_off_copy(look, material) => (None, None),
            (None, stated) => match self.describe(look, material) {
                Some(facts) => {
                    let reason = match stated {
                        Some(Err(reason)) => format!("it is in no index, and can't be read: {reason}"),
                        _ => "it is missing, and the index does not know the private key either".to_owned(),
                    };
                    let repair = Repair::WriteVersion {
                        key: self.key.clone(),
                        facts: Box::new(facts.clone()),
                        from_files: true,
                    };
                    self.found(look, Code::VersionDamaged, self.version_json(), reason, repair.into());
                    let adoption = self.adopt(&facts, format!("version {} is in no index", self.number));
                    (Some(facts), Some(adoption))
                }
                None => (None, None),
            },
        }
    }

    /// Nothing knows the private key that is stated, and it is not here: a loss of power came before it was whole.
    fn is_torn(&self, material: &Material, stated: &VersionFacts) -> bool {
        let is_other = |held: &HeldKey| held.key.is_err() && held.digest != stated.file;
        let is_none = !material.is_unreadable && material.key.as_ref().is_none_or(is_other);
        is_none && !self.is_wanted()
    }

    /// Nothing knows the private key but what stands beside it: a request that is not whole was never handed out, as a
    /// loss of power came before it was durable.
    fn without_torn_requests(&self, material: &Material, stated: &VersionFacts) -> VersionFacts {
        let mut facts = stated.clone();
        if !material.is_unreadable && !self.is_wanted() {
            facts.requests.retain(|request| request.submission.is_some() || !material.is_torn(request));
        }
        facts
    }

    /// What is known of the private key by its copies.
    fn twin(&self, look: &Look<'_>, material: &Material) -> Option<VersionFacts> {
        let held = material.key.as_ref()?;
        self.known.elsewhere(look.disk).twin(held.digest, self.key, self.number)
    }

    /// Whether the log or the stage says that it is a copy.
    fn is_copy(&self) -> bool {
        self.known.copied.contains(&(self.key.clone(), self.number))
    }

    /// Whether the log or the stage may say that it should be there.
    fn is_wanted(&self) -> bool {
        self.known.is_broken || self.named().next().is_some() || self.is_copy()
    }

    /// A private key that is known elsewhere stands here too, and nothing says that it should. What a copy is, is written
    /// last.
    fn is_cut_off_copy(&self, look: &Look<'_>, material: &Material) -> bool {
        if self.is_wanted() || !material.is_unstated {
            return false;
        }
        let twin = self.twin(look, material).filter(|twin| twin.copy_of.is_some());
        twin.is_some_and(|twin| material.has_no_request_but_of(&twin))
    }

    /// What its files and the same private key elsewhere say of it, when its own accounts are lost.
    fn describe(&self, look: &mut Look<'_>, material: &Material) -> Option<VersionFacts> {
        let twin = self.twin(look, material);
        let described = material.describe(look, self.key, self.number);
        // Of one that was copied, or is a copy, the other says all; else they were merely made from the same file.
        let is_same = self.is_copy() || twin.as_ref().is_some_and(|twin| twin.copy_of.is_none());
        let (base, other) = if is_same { (twin.clone(), described) } else { (described, twin.clone()) };
        let mut base = base.or(other)?;
        let compromised = self.known.elsewhere(look.disk).mark(base.spki);
        if compromised.is_none() && twin.is_none() {
            base.weaknesses.push(MAYBE_COMPROMISED.to_owned());
        }
        Some(VersionFacts {
            requests: material.own_requests(base.spki, look.world.now(), twin.as_ref()),
            copy_of: twin.and_then(|twin| twin.copy_of).filter(|_| self.is_copy()),
            compromised,
            ..base
        })
    }

    fn adopt(&self, facts: &VersionFacts, message: String) -> Adoption {
        let repair =
            Repair::WriteIndex { server: self.key.server().clone(), entries: vec![(self.key.clone(), facts.clone())] };
        let finding = Finding::new(Code::NotIndexed, self.folder(), message).and(layout::facts(self.key.server()));
        Adoption { facts: facts.clone(), finding: finding.of_key(self.key).mended_by(repair) }
    }

    /// Index and `version.json` differ. `version.json` is written first, so that it may be ahead by what a crash cut
    /// off; else the files decide, and else a person.
    fn choose(
        &self,
        look: &mut Look<'_>,
        material: &Material,
        indexed: &VersionFacts,
        stated: &VersionFacts,
    ) -> (Option<VersionFacts>, Option<Adoption>) {
        let (fits_indexed, fits_stated) = (material.fits(indexed), material.fits(stated));
        let index = layout::facts(self.key.server());
        if fits_stated && (extends(stated, indexed) || !fits_indexed) {
            let message = format!("the index does not say of version {} what {} says", self.number, "version.json");
            let mut adoption = self.adopt(stated, message);
            adoption.finding.code = differing(stated, indexed);
            adoption.finding.paths = vec![index, self.version_json()];
            return (Some(stated.clone()), Some(adoption));
        }
        let (code, remedy) = if fits_indexed && (extends(indexed, stated) || !fits_stated) {
            let facts = Box::new(indexed.clone());
            let repair = Repair::WriteVersion { key: self.key.clone(), facts, from_files: false };
            (differing(indexed, stated), Remedy::from(repair))
        } else {
            let advice = "compare the two files, with a backup if there is one, and make them say the same";
            (Code::FactsDiffer, advice.into())
        };
        let message = format!("it does not say of version {} what the index says", self.number);
        let finding = Finding::new(code, self.version_json(), message).and(index).of_key(self.key);
        look.found(finding.mended_by(remedy));
        (Some(indexed.clone()), None)
    }

    /// Holds the files against what is known of them.
    fn check(&self, look: &mut Look<'_>, material: &Material, facts: &VersionFacts) {
        self.check_private_key(look, material, facts);
        for request in &facts.requests {
            let path = layout::request(self.key, self.number, request.number);
            let again =
                || Remedy::from(format!("restore it from a backup, or make another: `keyring make-csr {}`", self.key));
            let Some(held) = material.requests.get(&request.number) else {
                if !material.is_unreadable {
                    self.found(look, Code::RequestMissing, path, "it is missing", again());
                }
                continue;
            };
            look.counts.requests += 1;
            let message = if held.digest != request.file {
                format!("its SHA-256 is {}, the index says {}", held.digest, request.file)
            } else if let Some(fault) = held.fault(facts.spki) {
                fault
            } else if !material.fits_request(facts, request) {
                "it does not ask for what the index says".to_owned()
            } else {
                continue;
            };
            self.found(look, Code::RequestChanged, path, message, again());
        }
        let is_listed = |number| facts.requests.iter().any(|request| request.number == number);
        for number in material.requests.keys().copied().filter(|number| !is_listed(*number)) {
            let path = layout::request(self.key, self.number, number);
            let message = "it was never handed out; the next request takes its place";
            self.found(look, Code::RequestUnused, path, message, Remedy::Nothing);
        }
    }

    fn check_private_key(&self, look: &mut Look<'_>, material: &Material, facts: &VersionFacts) {
        let path = layout::private_key(self.key, self.number);
        let message = match &material.key {
            None if material.is_unreadable => return,
            None => return self.found(look, Code::PrivateKeyMissing, path, "it is missing", Remedy::Backup),
            Some(held) if held.digest != facts.file => {
                format!("its SHA-256 is {}, {} says {}", held.digest, "version.json", facts.file)
            }
            Some(held) => match disagreement(held, facts) {
                Some(disagreement) => format!("{disagreement}, which is not what version.json says"),
                None => return self.check_named(look, held),
            },
        };
        self.found(look, Code::PrivateKeyChanged, path, message, Remedy::Backup);
    }

    /// What the log or the stage says of the private key, which fits everything beside it.
    fn check_named(&self, look: &mut Look<'_>, held: &HeldKey) {
        for (named, source) in self.named().filter(|(named, _)| named.expected.private_key_file != held.digest) {
            let path = layout::private_key(self.key, self.number);
            let message =
                format!("its SHA-256 is {}, {} says {}", held.digest, source.told(), named.expected.private_key_file);
            let finding = source.leads_to(Finding::new(Code::PrivateKeyChanged, path, message));
            look.found(finding.of_key(self.key).mended_by(Remedy::Backup));
        }
    }

    /// What a crash left of the making of this version, and nobody needs.
    fn remnant(&self, look: &mut Look<'_>, message: String) {
        let repair = Repair::SetAside { path: self.folder() };
        self.found(look, Code::Remnant, self.folder(), message, repair.into());
    }

    /// Nothing says what the private key is, and its files do not either.
    fn check_without_facts(&self, look: &mut Look<'_>, material: &Material) {
        if material.is_unreadable {
            return;
        }
        let is_named = self.named().next().is_some();
        let path = layout::private_key(self.key, self.number);
        match &material.key {
            None if is_named => self.found(look, Code::PrivateKeyMissing, path, "it is missing", Remedy::Backup),
            None if material.stated.is_some() => {
                let message = format!("a crash cut the making of version {} off: it has no private key", self.number);
                self.remnant(look, message);
            }
            None => {
                let message = format!("version {} has no private key: a crash came before it", self.number);
                self.found(look, Code::VersionEmpty, self.folder(), message, Remedy::Nothing);
            }
            // What can't be read of the log may name it.
            Some(HeldKey { key: Err(error), .. }) if is_named || self.known.is_broken => {
                self.found(look, Code::PrivateKeyChanged, path, error.to_string(), Remedy::Backup);
            }
            Some(HeldKey { key: Err(error), .. }) => {
                let message = format!("a crash cut the private key of version {} off: {error}", self.number);
                self.remnant(look, message);
            }
            Some(HeldKey { key: Ok(_), .. }) if self.is_cut_off_copy(look, material) => {
                let message = format!("a crash cut off the making of version {}, a copy of another key's", self.number);
                self.remnant(look, message);
            }
            Some(HeldKey { key: Ok(_), .. }) => {
                let message = "it is encrypted, and nothing says any more what it is";
                let advice = "restore version.json beside it from a backup";
                self.found(look, Code::NotIndexed, path, message, advice.into());
            }
        }
    }
}

/// How bad it is that two accounts of a version differ, of which the first is true: nothing is lost where it says all that
/// the other does.
fn differing(chosen: &VersionFacts, other: &VersionFacts) -> Code {
    if extends(chosen, other) { Code::FactsBehind } else { Code::FactsDiffer }
}

/// Whether one is the other with something added: requests, what became of them, or that it is compromised.
fn extends(longer: &VersionFacts, shorter: &VersionFacts) -> bool {
    let without = |facts: &VersionFacts| VersionFacts { requests: Vec::new(), compromised: None, ..facts.clone() };
    let goes_on = |(longer, shorter): (&RequestFacts, &RequestFacts)| {
        let without = |facts: &RequestFacts| RequestFacts { submission: None, ..facts.clone() };
        let (later, earlier) = (&longer.submission, &shorter.submission);
        let follows = || later.as_ref().zip(earlier.as_ref()).is_some_and(|(later, earlier)| later.follows(earlier));
        without(longer) == without(shorter) && (earlier.is_none() || later == earlier || follows())
    };
    without(longer) == without(shorter)
        && longer.requests.len() >= shorter.requests.len()
        && longer.requests.iter().zip(&shorter.requests).all(goes_on)
        && (shorter.compromised.is_none() || shorter.compromised == longer.compromised)
}
