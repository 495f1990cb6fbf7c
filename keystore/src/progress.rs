//! How far long work has come. The library says it to whoever watches; it prints nothing itself.

/// Someone who watches long work.
pub trait Progress: Sync {
    /// A part of the work begins, of so many steps.
    fn begin(&self, what: &'static str, total: u64);
    /// So many more steps are done.
    fn advance(&self, by: u64);
}

/// Nobody watches.
#[derive(Clone, Copy, Debug)]
pub struct Unwatched;

impl Progress for Unwatched {
    fn begin(&self, _what: &'static str, _total: u64) {}
    fn advance(&self, _by: u64) {}
}
