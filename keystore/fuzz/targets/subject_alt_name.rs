//! Names to be certified: what is parsed is written back.
#![no_main]

use keystore::pki::SubjectAltName;
use keystore_fuzz::material::check_names;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(name) = text.parse::<SubjectAltName>() {
        check_names(&[name.clone()]);
        // a host that it names, it is good for
        if let SubjectAltName::Dns(dns) = &name
            && !dns.to_string().starts_with('*')
        {
            assert!(name.matches_host(&dns.to_string()), "{name}");
        }
    }
    if let Some(name) = SubjectAltName::host_name_of_common_name(text) {
        check_names(&[name]);
    }
});
