//! Clients that connect all the time, while certificates are changed under their feet.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use keystore::digest::Digest;

use super::client::{Client, Target};

/// When a thread gives up although nobody stopped it.
const LIMIT: Duration = Duration::from_secs(120);

/// What the clients of one service saw.
#[derive(Default, Debug)]
pub(crate) struct Seen {
    pub(crate) served: BTreeMap<Digest, usize>,
    pub(crate) failures: Vec<String>,
}

/// One thread for each service. They end when it is dropped, also when the test panics.
pub(crate) struct Traffic {
    stop: Arc<AtomicBool>,
    threads: Vec<(Target, JoinHandle<Seen>)>,
}

impl Traffic {
    pub(crate) fn start(client: &Client, targets: &[Target]) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let start = |target: &Target| {
            let (client, stop, target) = (client.clone(), Arc::clone(&stop), *target);
            (target, std::thread::spawn(move || connect(&client, target, &stop)))
        };
        Self { threads: targets.iter().map(start).collect(), stop }
    }

    /// Ends the traffic: every service served the old certificate, then the new one, and nothing failed.
    #[track_caller]
    pub(crate) fn saw_nothing_but(mut self, old: Digest, new: Digest) {
        self.stop.store(true, Ordering::Relaxed);
        for (target, thread) in std::mem::take(&mut self.threads) {
            let Seen { served, failures } = thread.join().expect("a client ends");
            let total: usize = served.values().sum();
            assert!(failures.is_empty(), "{target:?}: {} of {total} failed: {failures:?}", failures.len());
            let kinds: Vec<&Digest> = served.keys().collect();
            assert!(kinds.iter().all(|kind| [&old, &new].contains(kind)), "{target:?} served a third: {served:?}");
            assert_eq!(kinds.len(), 2, "{target:?} served only one of them in {total} connections: {served:?}");
            println!("{target:?}: {total} connections, none failed");
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

fn connect(client: &Client, target: Target, stop: &AtomicBool) -> Seen {
    let end = Instant::now() + LIMIT;
    let mut seen = Seen::default();
    while !stop.load(Ordering::Relaxed) && Instant::now() < end {
        match client.visit(target) {
            Ok(leaf) => *seen.served.entry(leaf).or_default() += 1,
            Err(error) => seen.failures.push(error.to_string()),
        }
        // leaves the processor to the daemons, and ports to others
        std::thread::sleep(Duration::from_millis(5));
    }
    seen
}
