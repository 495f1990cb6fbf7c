//! The proof: what a service serves to new connections, none of them resumed.

use std::thread;
use std::time::{Duration, Instant};

use keystore::digest::Digest;
use keystore::name::Host;

use super::service::Door;
use crate::interrupt;
use crate::probe::{self, Fault};

/// How many connections in a row must serve what is wanted.
const IN_A_ROW: u32 = 3;
/// The pause between them: for a moment after a reload, 100 ms with nginx, old workers and new ones take connections in
/// turn, and the old ones must be gone.
const BETWEEN: Duration = Duration::from_millis(100);
/// How long one connection may take.
const CONNECTION: Duration = Duration::from_secs(10);
/// How long what is served beforehand is waited for.
pub(super) const GLANCE: Duration = Duration::from_secs(3);
/// The pause after a connection that served something else, which grows to the longer one.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(400));

/// One place to prove.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) door: Door,
    /// The name that is asked for.
    pub(crate) name: Option<Host>,
    /// The certificates that shall be served, leaf first, by their SHA-256.
    pub(crate) wanted: Vec<Digest>,
    /// How long until they are.
    pub(crate) within: Duration,
}

/// Why something is not proven.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProofFault {
    /// No handshake came about.
    #[error("{url}: {fault}")]
    Unseen { url: String, fault: Fault },
    /// Another certificate is served.
    #[error("{url} serves the certificate {} and not {}{}", .served.short(), .wanted.short(), still(*.before))]
    Other { url: String, served: Digest, wanted: Digest, before: bool },
    /// The certificate is served without its whole chain.
    #[error("{url} serves the certificate without {missing} of its {of} intermediates")]
    Chain { url: String, missing: usize, of: usize },
    /// Somebody pressed Ctrl-C.
    #[error("{url}: interrupted")]
    Interrupted { url: String },
}

fn still(before: bool) -> &'static str {
    if before { ": it is the one from before, as if it had not been told" } else { "" }
}

impl ProofFault {
    /// Whether nobody listens there at all.
    pub(crate) fn is_nobody(&self) -> bool {
        matches!(self, Self::Unseen { fault: Fault::Refused { .. } | Fault::NotResolved { .. }, .. })
    }
}

/// What is served at each target now; none where there is nothing to see.
pub(crate) fn look(targets: &[Target]) -> Vec<Option<Vec<Digest>>> {
    probe::each(targets, |target| {
        let glance = || probe::handshake(&target.door.url, target.name.as_ref(), GLANCE.min(target.within));
        let seen = match glance() {
            // some daemons break off what meets the end of a reload
            Err(Fault::Closed { .. } | Fault::Connection { .. }) => glance(),
            seen => seen,
        };
        seen.ok().map(|observed| digests(&observed.chain))
    })
}

/// Proves every target, with what each served before; the results stand in their order.
pub(crate) fn prove(targets: &[(Target, Option<Vec<Digest>>)], interruptible: bool) -> Vec<Result<(), ProofFault>> {
    probe::each(targets, |(target, before)| prove_one(target, before.as_deref(), interruptible))
}

/// Three new connections in a row serve what is wanted, or the time is over.
fn prove_one(target: &Target, before: Option<&[Digest]>, interruptible: bool) -> Result<(), ProofFault> {
    let deadline = Instant::now() + target.within;
    let url = || target.door.url.to_string();
    let (mut in_a_row, mut pause) = (0, PAUSES.0);
    loop {
        if interruptible && interrupt::requested() {
            return Err(ProofFault::Interrupted { url: url() });
        }
        let left = deadline.saturating_duration_since(Instant::now());
        let seen = probe::handshake(&target.door.url, target.name.as_ref(), CONNECTION.min(left.max(PAUSES.1)));
        let fault = match seen {
            Ok(observed) => judge(target, &digests(&observed.chain), before),
            Err(fault) => Some(ProofFault::Unseen { url: url(), fault }),
        };
        let Some(fault) = fault else {
            in_a_row += 1;
            if in_a_row == IN_A_ROW {
                return Ok(());
            }
            thread::sleep(BETWEEN);
            continue;
        };
        if Instant::now() + pause >= deadline {
            return Err(fault);
        }
        in_a_row = 0;
        thread::sleep(pause);
        pause = (pause * 2).min(PAUSES.1);
    }
}

/// What is wrong with what was served.
fn judge(target: &Target, served: &[Digest], before: Option<&[Digest]>) -> Option<ProofFault> {
    let url = target.door.url.to_string();
    let (wanted, rest) = target.wanted.split_first()?;
    // a handshake without a certificate does not come about
    let leaf = served.first().copied().unwrap_or(*wanted);
    if leaf != *wanted {
        let before = before.is_some_and(|before| before.first() == Some(&leaf));
        return Some(ProofFault::Other { url, served: leaf, wanted: *wanted, before });
    }
    let missing = rest.iter().filter(|intermediate| !served.contains(intermediate)).count();
    (missing > 0).then_some(ProofFault::Chain { url, missing, of: rest.len() })
}

fn digests(chain: &[Vec<u8>]) -> Vec<Digest> {
    chain.iter().map(|certificate| Digest::of(certificate)).collect()
}
