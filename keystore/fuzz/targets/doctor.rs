//! Stored records of a keystore, in the hands of the doctor.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| keystore_fuzz::house::check_doctor(bytes));
