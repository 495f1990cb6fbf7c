//! Clients that connect all the time, while certificates are changed under their feet.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use keystore::digest::Digest;

use super::client::{Client, Target};
use super::daemon::wait_until;

/// When a thread gives up although nobody stopped it.
const LIMIT: Duration = Duration::from_secs(120);

/// One visit: when it began and what was served.
type Visit = (Instant, Result<Digest, String>);

/// Whether a daemon's own reload lets clients down.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gap {
    /// It does not: every single connection succeeds.
    None,
    /// It breaks off a connection whose beginning meets the change: seldom, and before the proof.
    Meeting,
    /// It closes its port for a moment: clients that are not yet accepted are turned away, before TLS and before the proof.
    Port,
    /// It does, for a moment: failures are counted, and none may follow the proof.
    Own,
}

/// A rotation under the feet of clients.
#[derive(Clone, Copy)]
pub(crate) struct Rotation {
    pub(crate) old: Digest,
    pub(crate) new: Digest,
    /// When `keyring commit` had proven it and returned.
    pub(crate) proven: Instant,
}

/// One thread for each service. They end when it is dropped, also when the test panics.
pub(crate) struct Traffic {
    stop: Arc<AtomicBool>,
    threads: Vec<(Target, JoinHandle<Vec<Visit>>)>,
    /// How many visits each thread has made.
    counts: Vec<Arc<AtomicUsize>>,
}

impl Traffic {
    pub(crate) fn start(client: &Client, targets: &[Target]) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let counts: Vec<_> = targets.iter().map(|_| Arc::default()).collect();
        let start = |(target, count): (&Target, &Arc<AtomicUsize>)| {
            let (client, stop, count, target) = (client.clone(), Arc::clone(&stop), Arc::clone(count), *target);
            (target, std::thread::spawn(move || connect(&client, target, &stop, &count)))
        };
        Self { threads: targets.iter().zip(&counts).map(start).collect(), stop, counts }
    }

    /// Waits until each service has had this many more visits, and the one under way.
    #[track_caller]
    pub(crate) fn wait_for(&self, visits: usize) {
        let now: Vec<_> = self.counts.iter().map(|count| count.load(Ordering::Relaxed) + visits).collect();
        wait_until("be visited", || {
            self.counts.iter().zip(&now).all(|(count, wanted)| count.load(Ordering::Relaxed) > *wanted)
        });
    }

    /// Ends the traffic: every service served the old certificate, then the new one, and no other; what failed is what
    /// its daemon may fail at.
    #[track_caller]
    pub(crate) fn saw_nothing_but(mut self, gap: Gap, rotation: impl Fn(Target) -> Rotation) {
        self.stop.store(true, Ordering::Relaxed);
        for (target, thread) in std::mem::take(&mut self.threads) {
            let Rotation { old, new, proven } = rotation(target);
            let visits = thread.join().expect("a client ends");
            let total = visits.len();
            let failures: Vec<_> =
                visits.iter().filter_map(|(began, seen)| Some((began, seen.as_ref().err()?))).collect();
            let late: Vec<_> = failures.iter().filter(|(began, _)| **began > proven).collect();
            assert!(late.is_empty(), "{target:?}: failed after the proof: {late:?}");
            let may_fail = |said: &str| match gap {
                Gap::None => false,
                Gap::Meeting => said.contains("without sending TLS close_notify") || said.ends_with("(os error 104)"),
                // ECONNRESET and ECONNREFUSED
                Gap::Port => said.ends_with("(os error 104)") || said.ends_with("(os error 111)"),
                Gap::Own => true,
            };
            assert!(gap != Gap::Meeting || failures.len() < 2, "{target:?}: of {total} failed: {failures:?}");
            assert!(failures.iter().all(|(_, said)| may_fail(said)), "{target:?}: of {total} failed: {failures:?}");
            let served: BTreeSet<_> = visits.iter().filter_map(|(_, seen)| seen.as_ref().ok()).collect();
            assert_eq!(served, BTreeSet::from([&old, &new]), "{target:?}, in {total} connections");
            let is_late = |(began, seen): &&Visit| *began > proven && *seen == Ok(old);
            let outlived = visits.iter().filter(is_late).count();
            say(&format!(
                "{target:?}: {total} connections, {} failed, {outlived} after the proof got the old certificate",
                failures.len()
            ));
        }
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for (_, thread) in std::mem::take(&mut self.threads) {
            let _ = thread.join();
        }
    }
}

/// Past the test harness, which keeps what is printed: the figures are wanted of tests that pass, too.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn connect(client: &Client, target: Target, stop: &AtomicBool, count: &AtomicUsize) -> Vec<Visit> {
    let end = Instant::now() + LIMIT;
    let mut visits = Vec::new();
    while !stop.load(Ordering::Relaxed) && Instant::now() < end {
        let began = Instant::now();
        visits.push((began, client.visit(target).map_err(|error| error.to_string())));
        count.fetch_add(1, Ordering::Relaxed);
        // leaves the processor to the daemons, and ports to others
        std::thread::sleep(Duration::from_millis(5));
    }
    visits
}
