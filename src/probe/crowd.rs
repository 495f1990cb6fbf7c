//! Many at once: a probe waits more than it works.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// The most connections at a time.
const MOST: usize = 32;

/// Does `work` on every item, several at a time. The results stand in the order of the items.
pub(crate) fn each<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let run = || {
        let mut done = Vec::new();
        while let Some((at, item)) =
            Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| Some((at, items.get(at)?)))
        {
            done.push((at, work(item)));
        }
        done
    };
    let mut results = thread::scope(|scope| {
        // where no thread is to be had, fewer do it
        let workers = (1..items.len().min(MOST)).map_while(|_| thread::Builder::new().spawn_scoped(scope, run).ok());
        let workers: Vec<_> = workers.collect();
        let mut results = run();
        for worker in workers {
            match worker.join() {
                Ok(done) => results.extend(done),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        results
    });
    results.sort_unstable_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::each;

    #[test]
    fn results_stand_in_the_order_of_the_items() {
        let items: Vec<u32> = (0..100).collect();
        assert_eq!(each(&items, |item| item * 2), items.iter().map(|item| item * 2).collect::<Vec<_>>());
        assert!(each(&[], |item: &u32| *item).is_empty());
    }
}
