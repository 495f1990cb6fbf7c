//! What is to be done for one key.

use std::collections::BTreeSet;

use super::desired::DesiredKey;
use crate::model::{Installed, KeyView, Next, RequestFacts, VersionFacts, VersionNumber};
use crate::name::KeyPath;
use crate::ops::Error;
use crate::ops::make_csr::{RequestPlan, SubjectFields, merge};
use crate::ops::renew::{Step, may_reuse};
use crate::ops::submit::waiting_of;
use crate::pki::{KeyAlgorithm, RequestTemplate, Subject, SubjectAltName};
use crate::store::{Defaults, Snapshot};
use crate::timestamp::Timestamp;

/// What is to be done for a key.
#[derive(Debug)]
pub(super) enum Verdict {
    /// Nothing: it is as it should be.
    Leave,
    /// It is made.
    Create(Step),
    /// It is made without a request.
    CreateBare(KeyAlgorithm),
    /// It gets another certificate, because of this.
    Replace(Step, String),
    /// Its request waits for its certificate.
    Waits(Step),
    /// Somebody has staged a certificate for it.
    Staged,
    /// A request would say nothing.
    Nameless,
}

/// A look at one key.
pub(super) struct Look<'a> {
    pub(super) snapshot: &'a Snapshot<'a>,
    pub(super) defaults: &'a Defaults,
    pub(super) now: Timestamp,
    pub(super) key: &'a KeyPath,
    pub(super) desired: &'a DesiredKey,
    /// The names that it should have, where anything says so.
    pub(super) names: Option<Vec<SubjectAltName>>,
    /// The newest version there ever was under its name.
    pub(super) newest: Option<VersionNumber>,
    /// Whether administrators have staged a certificate for it.
    pub(super) taken: bool,
}

/// What a request or a certificate says.
pub(super) struct Words<'a> {
    pub(super) subject: &'a Subject,
    pub(super) names: &'a [SubjectAltName],
}

impl<'a> Words<'a> {
    pub(super) fn of_request(request: &'a RequestFacts) -> Self {
        Self { subject: &request.subject, names: &request.names }
    }

    /// What was asked for, as authorities change what they are asked for; else what the certificate says.
    pub(super) fn of_certificate(version: &'a VersionFacts, installed: &'a Installed) -> Self {
        let asked = installed.requests.checked_sub(1).and_then(|last| version.requests.get(last));
        let summary = &installed.summary;
        asked.map_or(Self { subject: &summary.subject, names: &summary.names }, Self::of_request)
    }
}

/// The names with the host of the common name, which requests add.
fn whole(subject: &Subject, names: &[SubjectAltName]) -> BTreeSet<String> {
    let host = subject.common_name().and_then(SubjectAltName::host_name_of_common_name);
    names.iter().chain(&host).map(ToString::to_string).collect()
}

impl Look<'_> {
    pub(super) fn verdict(&self, view: Option<&KeyView>) -> Result<Verdict, Error> {
        let Some(view) = view else { return self.create() };
        let why = match view.upcoming() {
            Some(installed) => match view.facts.version(installed.version) {
                Some(version) => self.differs(version, &Words::of_certificate(version, installed)),
                None => None,
            },
            None => Some("it has no certificate".to_owned()),
        };
        let Some(why) = why.filter(|_| self.desired.request) else { return Ok(Verdict::Leave) };
        if self.taken {
            return Ok(Verdict::Staged);
        }
        if let Some((version, request)) = view.pending_request() {
            let is_refused = request.submission.as_ref().is_some_and(|submission| !submission.is_open());
            if self.is_usable(version) && !is_refused && self.differs(version, &Words::of_request(request)).is_none() {
                return Ok(Verdict::Waits(Step::HandIn(Box::new(waiting_of(self.snapshot, view)?))));
            }
        }
        let Some(template) = self.template(Some(view))? else { return Ok(Verdict::Nameless) };
        Ok(Verdict::Replace(self.step(view, template), why))
    }

    fn create(&self) -> Result<Verdict, Error> {
        let algorithm = self.desired.algorithm.unwrap_or(self.defaults.algorithm);
        if !self.desired.request {
            return Ok(Verdict::CreateBare(algorithm));
        }
        let Some(template) = self.template(None)? else { return Ok(Verdict::Nameless) };
        let template = Box::new(template);
        Ok(Verdict::Create(Step::NewKey { algorithm, encrypted: false, after: self.newest, template }))
    }

    /// Whether a private key is of the kind that is wanted, and may make a request.
    fn is_usable(&self, version: &VersionFacts) -> bool {
        let is_wanted = self.desired.algorithm.is_none_or(|algorithm| algorithm == version.algorithm);
        is_wanted && version.compromised.is_none() && version.weaknesses.is_empty()
    }

    /// How it differs from what is wanted.
    fn differs(&self, version: &VersionFacts, words: &Words<'_>) -> Option<String> {
        let mut why = Vec::new();
        if let Some(algorithm) = self.desired.algorithm.filter(|algorithm| *algorithm != version.algorithm) {
            why.push(format!("{algorithm} instead of {}", version.algorithm));
        }
        let subject = self.desired.subject.as_ref().unwrap_or(words.subject);
        if subject != words.subject {
            why.push(format!("subject {subject} instead of {}", words.subject));
        }
        if let Some(names) = &self.names {
            let (wanted, there) = (whole(subject, names), whole(words.subject, words.names));
            let list = |names: BTreeSet<&String>| names.into_iter().cloned().collect::<Vec<_>>().join(", ");
            let (more, less) = (wanted.difference(&there).collect(), there.difference(&wanted).collect());
            let (more, less) = (list(more), list(less));
            why.extend((!more.is_empty()).then(|| format!("with {more}")));
            why.extend((!less.is_empty()).then(|| format!("without {less}")));
        }
        (!why.is_empty()).then(|| why.join(", "))
    }

    /// What a request says; none when that is nothing.
    fn template(&self, view: Option<&KeyView>) -> Result<Option<RequestTemplate>, Error> {
        let last = view.and_then(KeyView::last_request);
        let certificate = view.and_then(|view| Some(&view.current.as_ref()?.installed.summary));
        let words = last.map(Words::of_request);
        let words =
            words.or_else(|| certificate.map(|summary| Words { subject: &summary.subject, names: &summary.names }));
        let subject = match (&self.desired.subject, &words) {
            (Some(subject), _) => subject.clone(),
            (None, Some(words)) => words.subject.clone(),
            (None, None) => merge(None, &self.defaults.subject, &SubjectFields::default())?,
        };
        let names = self.names.clone().or_else(|| words.map(|words| words.names.to_vec())).unwrap_or_default();
        if subject.is_empty() && names.is_empty() {
            return Ok(None);
        }
        let certificate_template = last.and_then(|last| last.certificate_template.as_deref()?.parse().ok());
        let extensions = last.and_then(|last| last.extensions.clone());
        Ok(Some(RequestTemplate { subject, names, certificate_template, extensions }))
    }

    /// A request with a private key that is there, where that may be; else with a new one.
    fn step(&self, view: &KeyView, template: RequestTemplate) -> Step {
        let waits = match &view.next {
            Some(Next::New(version)) => Some((version, false)),
            Some(Next::Pending { version, reused }) => Some((version, *reused)),
            _ => None,
        };
        let in_use = view.current.as_ref().and_then(|current| view.facts.version(current.installed.version));
        let wanted = self.desired.renewal.as_ref().map_or(view.renewal.as_ref(), |said| said.value.as_ref());
        let again = || {
            let renewal = wanted.filter(|renewal| may_reuse(view, renewal, self.now));
            in_use.filter(|_| renewal.is_some()).map(|version| (version, true))
        };
        if let Some((version, reused)) = waits.or_else(again).filter(|(version, _)| self.is_usable(version)) {
            let plan = RequestPlan { key: self.key.clone(), version: version.clone(), reused, template };
            return Step::Request(Box::new(plan));
        }
        let like = in_use.or(view.facts.versions.last());
        // what is not made here can't be made again
        let algorithm = like.map(|like| like.algorithm).filter(|algorithm| *algorithm != KeyAlgorithm::OtherRsa);
        Step::NewKey {
            algorithm: self.desired.algorithm.or(algorithm).unwrap_or(self.defaults.algorithm),
            encrypted: like.is_some_and(|like| like.encrypted),
            after: self.newest,
            template: Box::new(template),
        }
    }
}
