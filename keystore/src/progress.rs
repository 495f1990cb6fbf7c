//! How far long work has come: an argument, as the library prints nothing.

/// Told how far long work has come. Threads may tell at once.
pub trait Progress: Sync {
    /// Work of `total` steps begins; `what` says what for, as in "checking private keys". An earlier work has ended.
    fn begin(&self, what: &'static str, total: u64);
    /// So many steps more are done.
    fn advance(&self, by: u64);
}

/// Nobody watches.
#[derive(Clone, Copy, Debug)]
pub struct Unwatched;

impl Progress for Unwatched {
    fn begin(&self, _what: &'static str, _total: u64) {}
    fn advance(&self, _by: u64) {}
}
