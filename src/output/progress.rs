//! A bar for long work: on a terminal, on standard error, and nothing anywhere else.

use std::sync::Mutex;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use keystore::progress::Progress;

/// Shows how far long work has come. Nothing of it stays on the terminal.
pub(crate) struct Bar {
    shown: bool,
    bar: Mutex<ProgressBar>,
}

impl Bar {
    /// A bar, to be seen or not. indicatif itself hides it where standard error is no terminal.
    pub(super) fn new(shown: bool) -> Self {
        Self { shown, bar: Mutex::new(ProgressBar::hidden()) }
    }

    fn bar(&self) -> std::sync::MutexGuard<'_, ProgressBar> {
        // A bar is never left half-changed in a way that matters.
        self.bar.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Progress for Bar {
    fn begin(&self, what: &'static str, total: u64) {
        let mut bar = self.bar();
        bar.finish_and_clear();
        if self.shown {
            // indicatif draws at most so many times a second
            let target = ProgressDrawTarget::stderr_with_hz(10);
            *bar = ProgressBar::with_draw_target(Some(total), target).with_style(style()).with_message(what);
        }
    }

    fn advance(&self, by: u64) {
        self.bar().inc(by);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar().finish_and_clear();
    }
}

const TEMPLATE: &str = "{msg} [{bar:30}] {human_pos} of {human_len}, {eta} left";

fn style() -> ProgressStyle {
    let style = ProgressStyle::with_template(TEMPLATE);
    style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> ")
}

#[cfg(test)]
mod tests {
    use indicatif::ProgressStyle;
    use keystore::progress::Progress as _;

    use super::{Bar, TEMPLATE};

    #[test]
    fn the_template_is_well_formed() {
        assert!(ProgressStyle::with_template(TEMPLATE).is_ok());
    }

    #[test]
    fn each_work_has_a_bar_of_its_own_length() {
        let bar = Bar::new(true);
        // one guard at a time: two in one expression would wait for each other
        let at = || {
            let bar = bar.bar();
            (bar.position(), bar.length())
        };
        bar.begin("checking private keys", 10);
        bar.advance(3);
        assert_eq!(at(), (3, Some(10)));
        bar.begin("writing", 5);
        assert_eq!(at(), (0, Some(5)));
    }
}
