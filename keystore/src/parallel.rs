//! The same work on many items, on as many threads as the caller's world has.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

/// How many wait for the disk at a time, for each thread.
const WAITING_PER_THREAD: usize = 4;

/// Does `work` on every item. The results stand in the order of the items; on one thread, so does the work. After a
/// failure nothing more is begun.
///
/// # Errors
/// Of several failures, the one of the first item.
pub fn each<T, R, E>(threads: usize, items: &[T], work: impl Fn(&T) -> Result<R, E> + Sync) -> Result<Vec<R>, E>
where
    T: Sync,
    R: Send,
    E: Send,
{
    let threads = threads.min(items.len());
    if threads <= 1 {
        return items.iter().map(work).collect();
    }
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let run = || {
        let mut done = Vec::with_capacity(items.len() / threads + 1);
        while !failed.load(Ordering::Relaxed) {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(index) else { break };
            let result = work(item);
            failed.fetch_or(result.is_err(), Ordering::Relaxed);
            done.push((index, result));
        }
        done
    };
    let mut results = thread::scope(|scope| {
        let workers: Vec<_> = (1..threads).map(|_| scope.spawn(run)).collect();
        let mut results = run();
        for worker in workers {
            match worker.join() {
                Ok(done) => results.extend(done),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        results
    });
    results.sort_unstable_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

/// [`each`] for work that waits for the disk more than it keeps a core busy: some items of each thread wait at a time. A file
/// that is not in memory is read so, and a file is removed so where that tells the disk, before it returns, what is free now.
///
/// # Errors
/// As [`each`].
pub fn each_at_disk<T, R, E>(threads: usize, items: &[T], work: impl Fn(&T) -> Result<R, E> + Sync) -> Result<Vec<R>, E>
where
    T: Sync,
    R: Send,
    E: Send,
{
    each(if threads <= 1 { 1 } else { threads * WAITING_PER_THREAD }, items, work)
}

#[cfg(test)]
mod tests {
    use super::each;

    #[test]
    fn results_stand_in_the_order_of_the_items() {
        let items: Vec<u32> = (0..1000).collect();
        for threads in [0, 1, 3, 5000] {
            let doubled = each(threads, &items, |item| Ok::<_, ()>(item * 2)).unwrap();
            assert!(doubled.iter().copied().eq(items.iter().map(|item| item * 2)), "{threads} threads");
        }
    }

    #[test]
    fn the_first_failure_is_the_one_that_is_told() {
        let items: Vec<u32> = (0..1000).collect();
        let fails = |item: &u32| if *item == 0 || *item > 900 { Err(*item) } else { Ok(()) };
        for threads in [1, 4] {
            assert_eq!(each(threads, &items, fails), Err(0), "{threads} threads");
        }
    }
}
