//! Names, addresses, URLs to probe and the settings of services: what is parsed is written back, and is safe as a file name.
#![no_main]

use keystore::model::{AbsolutePath, AccountName, FileMode};
use keystore::name::{Address, Endpoint, Host, KeyName, KeyPath, ProbeUrl, Protocol, ServerName, ServicePath};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(path) = text.parse::<KeyPath>() {
        assert_eq!(path.to_string(), text);
    }
    if let Ok(path) = text.parse::<ServicePath>() {
        assert_eq!(path.to_string(), text);
    }
    let names = [
        text.parse::<ServerName>().map(|name| name.to_string()).ok(),
        text.parse::<Protocol>().map(|name| name.to_string()).ok(),
        text.parse::<KeyName>().map(|name| name.to_string()).ok(),
    ];
    for name in names.into_iter().flatten() {
        assert_eq!(name, text);
        assert!(name.bytes().all(|octet| matches!(octet, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.')));
        assert!(!name.starts_with(['.', '-']) && !name.contains("..") && (1..=253).contains(&name.len()));
    }
    if let Ok(endpoint) = text.parse::<Endpoint>() {
        assert_eq!(endpoint.to_string().parse().as_ref(), Ok(&endpoint));
    }
    if let Ok(url) = text.parse::<ProbeUrl>() {
        assert_eq!(url.to_string().parse().as_ref(), Ok(&url));
    }
    if let Ok(host) = text.parse::<Host>() {
        assert_eq!(host.to_string().parse().as_ref(), Ok(&host));
    }
    if let Ok(path) = text.parse::<AbsolutePath>() {
        assert_eq!(path.to_string(), text);
        assert!(path.as_path().is_absolute() && text.split('/').all(|part| part != ".."));
    }
    if let Ok(name) = text.parse::<AccountName>() {
        assert_eq!(name.to_string(), text);
    }
    if let Ok(mode) = text.parse::<FileMode>() {
        assert_eq!(mode.bits() & 0o7007, 0);
        assert_eq!(mode.to_string().parse().as_ref(), Ok(&mode));
    }
    if let Ok(address) = text.parse::<Address>() {
        assert_eq!(address.to_string().parse().as_ref(), Ok(&address));
    }
});
