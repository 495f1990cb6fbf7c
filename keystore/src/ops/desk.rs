//! The desk: takes requests to authorities, many at once, notes durably what became of each, and installs the replies.
//!
//! Who an authority is and how it is reached is its implementation's to know; here is what they all have in common.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::install_cert::{self, Input, Place, install_all};
use super::submit::{Waiting, check_free, take_note};
use super::verify::Trust;
use super::{Error, find_key};
use crate::model::Submission;
use crate::name::AuthorityName;
use crate::parallel;
use crate::pki::Certificate;
use crate::store::Keystore;
use crate::timestamp::Timestamp;

/// How many authorities are waited for at once.
const AT_ONCE: usize = 8;

/// What came of a request.
pub enum Reply {
    /// The certificate, and what else came with it.
    Issued(Vec<Input>),
    /// Nothing yet, because of this.
    Waiting(String),
}

/// A request at an authority.
pub struct Order<'a, F> {
    /// The request.
    pub waiting: &'a Waiting,
    /// What the authority calls it, as far as is known.
    pub ticket: Option<&'a str>,
    /// Takes note of what the authority calls it, durably: whatever happens from then on, the same order is taken up
    /// again.
    pub note: &'a (dyn Fn(&str) -> Result<(), F> + Sync),
}

/// Somebody who signs requests. `F` is why that failed.
pub trait Authority<F>: Sync {
    /// Hands in a request that it has not got.
    ///
    /// # Errors
    /// When it can't be reached, fails, or refuses.
    fn submit(&self, order: &Order<'_, F>) -> Result<Reply, F>;

    /// Asks after a request that was handed in. A crash may have come before the authority had it.
    ///
    /// # Errors
    /// As [`Authority::submit`].
    fn collect(&self, order: &Order<'_, F>) -> Result<Reply, F>;

    /// Signs many at once, where it is in this very keystore: it knows by itself what it has signed, answers at once,
    /// and no note is taken. None where it is elsewhere.
    fn sign_all(&self, _requests: &[&Waiting]) -> Option<Vec<Result<Reply, F>>> {
        None
    }

    /// Whether its reply stays the same however often it is asked: one that is refused here is its last word then.
    fn answers_once(&self) -> bool {
        true
    }

    /// How long to leave it alone before asking again.
    fn pause(&self) -> Duration {
        Duration::from_secs(2)
    }

    /// When it suggests to renew a certificate of its own (RFC 9773); none when it has no opinion. `chain` is what came
    /// with it.
    ///
    /// # Errors
    /// When it can't be reached or fails.
    fn suggested(&self, _leaf: &Certificate, _chain: &[Certificate]) -> Result<Option<Window>, F> {
        Ok(None)
    }
}

/// The time in which an authority suggests to renew a certificate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Window {
    /// Its begin.
    pub start: Timestamp,
    /// Its end.
    pub end: Timestamp,
}

/// Why an authority gave no certificate.
pub trait Refusal {
    /// Why it will never sign this request, if that is so.
    fn refusal(&self) -> Option<String>;
}

/// A request on its way to an authority.
pub struct Errand {
    /// The request.
    pub waiting: Waiting,
    /// Where it goes.
    pub authority: AuthorityName,
    /// What was noted of it last.
    noted: Mutex<Option<Submission>>,
}

impl Errand {
    /// On its way to `authority`, which may have it already.
    #[must_use]
    pub fn new(waiting: Waiting, authority: AuthorityName) -> Self {
        let noted = Mutex::new(waiting.submission.clone());
        Self { waiting, authority, noted }
    }

    fn noted(&self) -> MutexGuard<'_, Option<Submission>> {
        // a note is put in whole
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was noted when the authority got it; none when it has it not.
    fn handed_in(&self) -> Option<Submission> {
        self.noted().clone().filter(|it| it.is_open() && it.authority == self.authority)
    }

    /// What the authority calls it.
    #[must_use]
    pub fn ticket(&self) -> Option<String> {
        self.noted().as_ref()?.ticket.clone()
    }
}

/// What became of a request.
pub enum Settled<F> {
    /// Its certificate is installed.
    Installed(Box<install_cert::Outcome>),
    /// There is no reply yet.
    Waiting(String),
    /// The authority failed, or its reply was refused.
    Failed(F),
}

/// Takes requests to authorities.
pub struct Desk<'k, F> {
    keystore: &'k Keystore,
    authorities: BTreeMap<AuthorityName, Box<dyn Authority<F> + 'k>>,
    /// Notes are taken one by one: they change the same files.
    noting: Mutex<()>,
}

impl<'k, F: From<Error> + Refusal + Send> Desk<'k, F> {
    /// With the authorities that it knows.
    #[must_use]
    pub fn new(keystore: &'k Keystore, authorities: BTreeMap<AuthorityName, Box<dyn Authority<F> + 'k>>) -> Self {
        Self { keystore, authorities, noting: Mutex::new(()) }
    }

    /// An authority.
    ///
    /// # Errors
    /// When it is not known.
    pub fn authority(&self, name: &AuthorityName) -> Result<&(dyn Authority<F> + 'k), Error> {
        let known = self.authorities.get(name).map(AsRef::as_ref);
        known.ok_or_else(|| Error::AuthorityNotFound { name: name.clone() })
    }

    /// Takes requests to their authorities, or asks after those that are there: each once. The replies stand in the
    /// order of the requests.
    #[must_use]
    pub fn run(&self, errands: &[Errand]) -> Vec<Result<Reply, F>> {
        let mut replies: BTreeMap<usize, Result<Reply, F>> = BTreeMap::new();
        let mut by_authority: BTreeMap<&AuthorityName, Vec<usize>> = BTreeMap::new();
        for (at, errand) in errands.iter().enumerate() {
            match check_free(&errand.waiting, &errand.authority) {
                Ok(()) => by_authority.entry(&errand.authority).or_default().push(at),
                Err(error) => _ = replies.insert(at, Err(error.into())),
            }
        }
        let mut elsewhere = Vec::new();
        for (name, at) in by_authority {
            let waiting: Vec<_> = at.iter().filter_map(|at| errands.get(*at)).map(|errand| &errand.waiting).collect();
            match self.authorities.get(name).and_then(|authority| authority.sign_all(&waiting)) {
                Some(signed) => replies.extend(at.into_iter().zip(signed)),
                None => elsewhere.extend(at),
            }
        }
        let go = |at: &usize| Ok((*at, self.go(&errands[*at])));
        let Ok(others) = parallel::each::<_, _, Infallible>(AT_ONCE, &elsewhere, go);
        replies.extend(others);
        replies.into_values().collect()
    }

    fn go(&self, errand: &Errand) -> Result<Reply, F> {
        let authority = self.authority(&errand.authority)?;
        let reply = self.ask(authority, errand);
        if let Some(reason) = reply.as_ref().err().and_then(Refusal::refusal) {
            self.note(errand, |submission| submission.refused = Some(reason))?;
        }
        reply
    }

    /// Hands it in, or asks after it.
    fn ask(&self, authority: &dyn Authority<F>, errand: &Errand) -> Result<Reply, F> {
        let note = |ticket: &str| Ok(self.note(errand, |submission| submission.ticket = Some(ticket.to_owned()))?);
        let handed_in = errand.handed_in();
        let ticket = handed_in.as_ref().and_then(|submission| submission.ticket.as_deref());
        let order = Order { waiting: &errand.waiting, ticket, note: &note };
        match &handed_in {
            Some(submission) => match self.received(errand, submission)? {
                Some(reply) => Ok(reply),
                None => authority.collect(&order),
            },
            None => {
                // before the authority can have it: a crash must not make a second order of it
                self.note(errand, |_| {})?;
                authority.submit(&order)
            }
        }
    }

    /// A reply that came before, and was not committed.
    fn received(&self, errand: &Errand, submission: &Submission) -> Result<Option<Reply>, Error> {
        let Some(number) = submission.received else { return Ok(None) };
        let Waiting { key, version, .. } = &errand.waiting;
        let (leaf, chain) = self.keystore.read()?.kept_certificate(key, *version, number)?;
        let input = |bytes: Vec<u8>| Input { name: format!("certificate {number} of {key}"), bytes: bytes.into() };
        let inputs = [leaf, chain].into_iter().filter(|bytes| !bytes.trim_ascii().is_empty()).map(input);
        Ok(Some(Reply::Issued(inputs.collect())))
    }

    /// Installs the replies that came.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn settle(
        &self,
        errands: &[Errand],
        replies: Vec<Result<Reply, F>>,
        trust: &Trust<'_>,
        place: &mut Place,
    ) -> Result<Vec<Settled<F>>, F> {
        let mut issued = Vec::new();
        let mut settled = Vec::new();
        for (at, reply) in replies.into_iter().enumerate() {
            settled.push(match reply {
                Err(failure) => Settled::Failed(failure),
                Ok(Reply::Waiting(why)) => Settled::Waiting(why),
                Ok(Reply::Issued(inputs)) => {
                    issued.push((at, errands[at].waiting.key.clone(), inputs));
                    Settled::Waiting(String::new())
                }
            });
        }
        let (places, replies): (Vec<_>, Vec<_>) =
            issued.into_iter().map(|(at, key, inputs)| (at, (key, inputs))).unzip();
        let outcomes = install_all(self.keystore, place, &replies, trust)?;
        for (at, outcome) in places.into_iter().zip(outcomes) {
            settled[at] = self.installed(&errands[at], outcome, place)?;
        }
        Ok(settled)
    }

    fn installed(
        &self,
        errand: &Errand,
        outcome: Result<install_cert::Outcome, Error>,
        place: &Place,
    ) -> Result<Settled<F>, F> {
        match outcome {
            Ok(outcome) => {
                // what goes into a commit of its own is in no stage: the reply must be found again without it
                if matches!(place, Place::Apart(_)) && errand.handed_in().is_some() {
                    let number = outcome.staged.installed.certificate;
                    self.note(errand, |submission| submission.received = Some(number))?;
                }
                Ok(Settled::Installed(Box::new(outcome)))
            }
            Err(error) => {
                if errand.handed_in().is_some() && self.authority(&errand.authority)?.answers_once() {
                    let reason = format!("its reply was refused: {error}");
                    self.note(errand, |submission| submission.refused = Some(reason))?;
                }
                Ok(Settled::Failed(error.into()))
            }
        }
    }

    fn note(&self, errand: &Errand, change: impl FnOnce(&mut Submission)) -> Result<(), Error> {
        let new = || Submission {
            authority: errand.authority.clone(),
            submitted: self.keystore.world().now(),
            ticket: None,
            received: None,
            refused: None,
        };
        let mut submission = errand.handed_in().unwrap_or_else(new);
        change(&mut submission);
        {
            let _one = self.noting.lock().unwrap_or_else(PoisonError::into_inner);
            take_note(self.keystore, &errand.waiting, &submission)?;
        }
        *errand.noted() = Some(submission);
        Ok(())
    }

    /// When the authority of a key suggests to renew its certificate.
    ///
    /// # Errors
    /// When the authority is not known, can't be reached, or fails.
    pub fn suggested(&self, name: &AuthorityName, key: &crate::name::KeyPath) -> Result<Option<Window>, F> {
        let Some((leaf, chain)) = in_use(self.keystore, key)? else { return Ok(None) };
        self.authority(name)?.suggested(&leaf, &chain)
    }
}

/// The certificate that a key runs on, and its chain; none when it has none yet.
///
/// # Errors
/// When the keystore can't be read.
pub fn in_use(
    keystore: &Keystore,
    key: &crate::name::KeyPath,
) -> Result<Option<(Certificate, Vec<Certificate>)>, Error> {
    let snapshot = keystore.read()?;
    let Some(current) = find_key(&snapshot, key)?.current else { return Ok(None) };
    install_cert::certificates(&snapshot, key, &current.installed).map(Some)
}
