//! Stored records of a keystore: its configuration, facts, stage, intent, commits and state.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| keystore_fuzz::house::check(bytes));
