//! Files of the desired state.
#![no_main]

use keystore::ops::apply::{Mistakes, Source, read};
use keystore::store::SubjectDefaults;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let sources = [Source { name: "fleet.toml".to_owned(), text: text.to_owned() }];
    let mut mistakes = Mistakes::new(&sources);
    let desired = read(&sources, &SubjectDefaults::default(), &mut mistakes);
    match mistakes.check() {
        Ok(()) => assert!(desired.keys.values().flat_map(|key| &key.bind).all(|it| desired.bindings.contains_key(it))),
        Err(mistakes) => {
            assert!(!mistakes.is_empty());
            let lines = text.split('\n').count();
            assert!(mistakes.iter().all(|mistake| (1..=lines).contains(&mistake.line) && mistake.column > 0));
        }
    }
});
