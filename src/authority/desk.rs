//! The desk: takes requests to authorities, many at once, notes durably what became of each, and brings replies back.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use keystore::model::{self, Submission};
use keystore::name::AuthorityName;
use keystore::ops::list_authorities::list_authorities;
use keystore::ops::submit::{Waiting, check_free, take_note};
use keystore::store::Keystore;
use keystore::{ops, parallel};

use super::{Authority, Order, Reply, open};
use crate::error::Failure;
use crate::interrupt;

/// How many authorities' replies are waited for at once.
const AT_ONCE: usize = 8;
/// How often a person's Ctrl-C is looked for while nothing else is done.
const BLINK: Duration = Duration::from_millis(100);

/// A request on its way to an authority.
pub(crate) struct Errand {
    /// The request.
    pub(crate) waiting: Waiting,
    /// Where it goes.
    pub(crate) authority: AuthorityName,
    /// What was noted of it last.
    noted: Mutex<Option<Submission>>,
}

impl Errand {
    pub(crate) fn new(waiting: Waiting, authority: AuthorityName) -> Self {
        let noted = Mutex::new(waiting.submission.clone());
        Self { waiting, authority, noted }
    }

    fn noted(&self) -> MutexGuard<'_, Option<Submission>> {
        // a note is put in whole
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the authority, which has it, was noted to say of it; none when it has it not.
    fn handed_in(&self) -> Option<Submission> {
        self.noted().clone().filter(|it| it.is_open() && it.authority == self.authority)
    }

    /// What the authority calls it.
    pub(crate) fn ticket(&self) -> Option<String> {
        self.noted().as_ref()?.ticket.clone()
    }
}

/// Takes requests to authorities.
pub(crate) struct Desk<'k> {
    keystore: &'k Keystore,
    authorities: BTreeMap<AuthorityName, Box<dyn Authority>>,
    /// Notes are taken one by one: they change the same files.
    noting: Mutex<()>,
}

impl<'k> Desk<'k> {
    /// With every authority that is known.
    pub(crate) fn open(keystore: &'k Keystore) -> Result<Self, Failure> {
        let known = list_authorities(&keystore.read()?)?;
        let open =
            |(name, authority): (AuthorityName, model::Authority)| (name.clone(), open(&name, authority.settings));
        Ok(Self { keystore, authorities: known.into_iter().map(open).collect(), noting: Mutex::new(()) })
    }

    /// Takes requests to their authorities, or asks after those that are there. With a time to wait, asks again until
    /// there is a reply.
    pub(crate) fn run(&self, errands: &[Errand], within: Option<Duration>) -> Vec<Result<Reply, Failure>> {
        let deadline = within.map(|within| Instant::now() + within);
        let Ok(replies) = parallel::each::<_, _, Infallible>(AT_ONCE, errands, |errand| Ok(self.go(errand, deadline)));
        replies
    }

    fn go(&self, errand: &Errand, deadline: Option<Instant>) -> Result<Reply, Failure> {
        let authority = self.authority(errand)?;
        check_free(&errand.waiting, &errand.authority)?;
        loop {
            let reply = self.ask(authority, errand);
            match (&reply, deadline) {
                (Err(Failure::Authority(fault)), _) => {
                    if let Some(reason) = fault.refusal() {
                        self.note(errand, errand.ticket(), Some(reason.to_owned()))?;
                    }
                    return reply;
                }
                (Ok(Reply::Waiting(_)), Some(deadline)) if rest(authority.pause(), deadline) => {}
                _ => return reply,
            }
        }
    }

    /// Once: hands it in, or asks after it.
    fn ask(&self, authority: &dyn Authority, errand: &Errand) -> Result<Reply, Failure> {
        let note = |ticket: &str| self.note(errand, Some(ticket.to_owned()), None);
        let handed_in = errand.handed_in();
        let ticket = handed_in.as_ref().and_then(|submission| submission.ticket.as_deref());
        let order = Order { waiting: &errand.waiting, ticket, note: &note };
        if handed_in.is_some() {
            return authority.collect(&order);
        }
        // before the authority can have it: a crash must not make a second order of it
        self.note(errand, None, None)?;
        authority.submit(&order)
    }

    fn authority(&self, errand: &Errand) -> Result<&dyn Authority, ops::Error> {
        let known = self.authorities.get(&errand.authority).map(AsRef::as_ref);
        known.ok_or_else(|| ops::Error::AuthorityNotFound { name: errand.authority.clone() })
    }

    /// Takes note that the reply of an authority was refused here, where it is its last word.
    pub(crate) fn refuse(&self, errand: &Errand, failure: &Failure) -> Result<(), Failure> {
        if !self.authority(errand)?.answers_once() {
            return Ok(());
        }
        let reason = format!("its reply was refused: {}", Failure::whole_message(failure));
        self.note(errand, errand.ticket(), Some(reason))
    }

    fn note(&self, errand: &Errand, ticket: Option<String>, refused: Option<String>) -> Result<(), Failure> {
        let submitted = errand.handed_in().map_or_else(|| self.keystore.world().now(), |earlier| earlier.submitted);
        let submission = Submission { authority: errand.authority.clone(), submitted, ticket, refused };
        {
            let _one = self.noting.lock().unwrap_or_else(PoisonError::into_inner);
            take_note(self.keystore, &errand.waiting, &submission)?;
        }
        *errand.noted() = Some(submission);
        Ok(())
    }
}

/// Waits a while. Says whether there is time left, and nobody has had enough.
fn rest(pause: Duration, deadline: Instant) -> bool {
    let until = (Instant::now() + pause).min(deadline);
    while Instant::now() < until && !interrupt::requested() {
        std::thread::sleep(BLINK.min(until.saturating_duration_since(Instant::now())));
    }
    Instant::now() < deadline && !interrupt::requested()
}
