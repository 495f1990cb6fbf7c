//! Which keys are to be renewed, and what has to be done for each.

use std::collections::BTreeSet;

use crate::change::Stage;
use crate::model::{Installed, KeyView, Next, Renewal, Submission, VersionFacts, VersionNumber};
use crate::name::KeyPath;
use crate::ops::make_csr::{self, Base, MakeCsr, RequestPlan, SubjectChoice, SubjectFields};
use crate::ops::submit::{Waiting, waiting_of};
use crate::ops::{Error, find_key};
use crate::pki::{KeyAlgorithm, RequestTemplate};
use crate::store::{Keystore, Snapshot, SubjectDefaults};
use crate::timestamp::Timestamp;

/// Which keys are meant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Scope {
    /// Those that are due, and those whose request waits for a reply: of these, or of all when none is named.
    Due(Vec<KeyPath>),
    /// These, due or not.
    Now(Vec<KeyPath>),
}

/// A key that is to be renewed.
#[derive(Debug)]
pub struct Task {
    /// The key.
    pub key: KeyPath,
    /// How.
    pub renewal: Renewal,
    /// What is to be done next.
    pub step: Step,
}

/// What has to be done for a key.
#[derive(Debug)]
pub enum Step {
    /// A request waits: it is handed in, or asked after.
    HandIn(Box<Waiting>),
    /// A request is made with a private key that is there.
    Request(Box<RequestPlan>),
    /// A private key is made, and a request with it.
    NewKey {
        /// What kind of key.
        algorithm: KeyAlgorithm,
        /// Whether the one in use needs a passphrase: then the new one gets the same.
        encrypted: bool,
        /// The newest version, which it comes after; none for the first.
        after: Option<VersionNumber>,
        /// What the request says.
        template: Box<RequestTemplate>,
    },
}

/// A key that is to be renewed: its task, or why there can be none.
pub type Planned = (KeyPath, Result<Task, Error>);

/// What is planned on.
pub struct Ground<'a> {
    /// The keystore.
    pub keystore: &'a Keystore,
    /// Whether the renewals go into a commit of their own: then what administrators have staged is theirs. Otherwise
    /// it joins what is staged, and a key for which a certificate is staged needs no other.
    pub apart: bool,
    /// Tells when an authority suggests to renew a certificate; a suggestion that can't be had is none.
    pub suggested: &'a dyn Fn(&KeyPath, &Renewal) -> Option<Timestamp>,
}

/// Finds the keys that are to be renewed, and what each needs.
///
/// # Errors
/// When a key that is named is not there, or nothing is said of how it is renewed; when the keystore can't be read.
/// What is wrong with one key is its own.
pub fn plan(ground: &Ground<'_>, scope: &Scope) -> Result<Vec<Planned>, Error> {
    let (keystore, now) = (ground.keystore, ground.keystore.world().now());
    let snapshot = keystore.read()?;
    let staged = snapshot.stage().clone();
    let snapshot = snapshot.with_stage(Stage::default());
    let keys = match scope {
        Scope::Due(keys) if keys.is_empty() => candidates(&snapshot, now)?,
        Scope::Due(keys) | Scope::Now(keys) => keys.iter().cloned().collect(),
    };
    let mut tasks = Vec::new();
    for key in keys {
        let view = find_key(&snapshot, &key)?;
        let renewal = view.renewal.clone().ok_or_else(|| Error::NoRenewal { key: key.clone() })?;
        let taken = staged.certificate(&key).map(|staged| staged.version);
        let is_wanted = match scope {
            _ if taken.is_some() && !ground.apart => false,
            Scope::Now(_) => true,
            Scope::Due(_) => waits(&view, taken) || is_due(&view, &renewal, now, ground.suggested),
        };
        if is_wanted {
            let look = Look { snapshot: &snapshot, defaults: &keystore.config().defaults.subject, view: &view, taken };
            let step = look.step(&renewal, now);
            tasks.push((key.clone(), step.map(|step| Task { key, renewal, step })));
        }
    }
    Ok(tasks)
}

/// The keys that may be due or wait for a reply, by what is said of all keys of a server at once: most are neither, and
/// are not looked at whole.
fn candidates(snapshot: &Snapshot<'_>, now: Timestamp) -> Result<BTreeSet<KeyPath>, Error> {
    let mut keys = BTreeSet::new();
    for server in snapshot.servers()? {
        let state = snapshot.server(&server)?;
        let renewed: Vec<_> = state.keys(&server).filter(|(_, entry)| entry.renewal.is_some()).collect();
        let facts = if renewed.is_empty() { continue } else { snapshot.facts(&server)? };
        for (key, entry) in renewed {
            let by_itself = entry.current.as_ref().zip(entry.renewal.as_ref()).is_some_and(|(current, renewal)| {
                let summary = &current.installed.summary;
                renewal.at.is_suggested() || renewal.at.due(summary.not_before, summary.not_after) <= now
            });
            let last = facts.key(&key).and_then(|facts| facts.versions.iter().rev().find_map(|it| it.requests.last()));
            let is_open = || last.and_then(|request| request.submission.as_ref()).is_some_and(Submission::is_open);
            if by_itself || entry.current.is_none() || is_open() {
                keys.insert(key);
            }
        }
    }
    Ok(keys)
}

/// Whether a request of the key waits for its reply: one that was handed in, or the first of all. One whose
/// certificate is staged waits for its administrator.
fn waits(view: &KeyView, taken: Option<VersionNumber>) -> bool {
    let Some((version, request)) = view.pending_request() else { return false };
    let is_open = request.submission.as_ref().is_some_and(Submission::is_open);
    taken != Some(version.number) && (is_open || view.current.is_none())
}

fn is_due(
    view: &KeyView,
    renewal: &Renewal,
    now: Timestamp,
    suggested: &dyn Fn(&KeyPath, &Renewal) -> Option<Timestamp>,
) -> bool {
    let Some(Installed { summary, .. }) = view.current.as_ref().map(|current| &current.installed) else { return false };
    let by_itself = renewal.at.due(summary.not_before, summary.not_after);
    let due = if renewal.at.is_suggested() { suggested(&view.path, renewal).unwrap_or(by_itself) } else { by_itself };
    due <= now
}

/// A look at one key.
struct Look<'a> {
    snapshot: &'a Snapshot<'a>,
    defaults: &'a SubjectDefaults,
    view: &'a KeyView,
    /// The version that an administrator has staged a certificate for, which is his to commit.
    taken: Option<VersionNumber>,
}

impl Look<'_> {
    fn step(&self, renewal: &Renewal, now: Timestamp) -> Result<Step, Error> {
        let view = self.view;
        let refused = view.submission().is_some_and(|submission| !submission.is_open());
        let is_usable = |version: &VersionFacts| Some(version.number) != self.taken && version.compromised.is_none();
        match &view.next {
            Some(Next::Pending { version, .. }) if is_usable(version) && !refused => {
                Ok(Step::HandIn(Box::new(waiting_of(self.snapshot, view)?)))
            }
            Some(Next::New(version)) if is_usable(version) => self.request(false),
            _ if may_reuse(view, renewal, now) => self.request(true),
            _ => self.new_key(),
        }
    }

    fn asked(&self, reuse_key: bool) -> Result<MakeCsr, Error> {
        let view = self.view;
        // a key that came with its certificate never had a request: its certificate says what the next one is about
        let base = match (view.last_request(), &view.current) {
            (None, Some(current)) => {
                let (leaf, _) = self.snapshot.certificate_files(&view.path, &current.installed)?;
                Some(Base { extensions: None, ..make_csr::from_certificate(&view.path.to_string(), &leaf)?.base })
            }
            _ => None,
        };
        Ok(MakeCsr {
            key: view.path.clone(),
            subject: SubjectChoice::Fields(SubjectFields::default()),
            names: Vec::new(),
            certificate_template: None,
            base,
            reuse_key,
        })
    }

    fn request(&self, reuse_key: bool) -> Result<Step, Error> {
        let asked = self.asked(reuse_key)?;
        Ok(Step::Request(Box::new(make_csr::plan(self.snapshot, self.defaults, &asked)?)))
    }

    fn new_key(&self) -> Result<Step, Error> {
        let view = self.view;
        let newest = view.facts.versions.last().ok_or_else(|| Error::KeyNotFound { key: view.path.clone() })?;
        let template = make_csr::template(Some(view), self.defaults, &self.asked(false)?)?;
        let in_use = view.current.as_ref().and_then(|current| view.facts.version(current.installed.version));
        let like = in_use.unwrap_or(newest);
        Ok(Step::NewKey {
            algorithm: like.algorithm,
            encrypted: like.encrypted,
            after: Some(newest.number),
            template: Box::new(template),
        })
    }
}

/// Whether the private key in use may have another certificate, and is the newest.
pub(in crate::ops) fn may_reuse(view: &KeyView, renewal: &Renewal, now: Timestamp) -> bool {
    let (Some(reuse), Some(current)) = (renewal.reuse_key, &view.current) else { return false };
    let version = view.facts.versions.last().filter(|newest| newest.number == current.installed.version);
    version.is_some_and(|version| {
        let is_sound = version.compromised.is_none() && version.weaknesses.is_empty();
        is_sound && reuse.allows(version.made, version.requests.len(), now)
    })
}
