//! Questions on a terminal: they only fill in what the command line lacks.
#![cfg_attr(not(test), expect(dead_code, reason = "until the wizards use it"))]

mod country;
