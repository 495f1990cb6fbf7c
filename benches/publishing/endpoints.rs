//! One commit over 1,000 endpoints.

use std::fs;
use std::path::Path;

use keystore::change::Change;
use keystore::model::{Profile, ServiceSettings};
use keystore::name::ServicePath;

use crate::large::{Large, Shape};
use crate::measure::{Contestant, compare, timed};
use crate::{keyring, openssl};

const ENDPOINTS: usize = 1_000;

/// New certificates for all of them, committed.
pub(crate) fn commit(rounds: usize) {
    let many = Shape { keys: ENDPOINTS, servers: ENDPOINTS };
    let unsaid = Large::apart("unsaid-", many);
    let files = Large::apart("files-", many);
    say_of(&files, services(), |_| ServiceSettings::of(Profile::Files));
    let outside = Large::apart("outside-", many);
    let folder = outside.root().with_file_name("outside");
    say_of(&outside, services(), |service| installed(&folder, service));
    let one = Large::apart("one-", Shape { keys: 1, servers: 1 });
    say_of(&one, services(), |_| ServiceSettings::of(Profile::Files));
    bind_all(&one);

    let renewing = |name: &str, large: &'static Large| {
        let commit = Contestant::program(name, |_| keyring(&large.root(), &["commit"]));
        commit.after(move |_| {
            timed(&mut keyring(&large.root(), &["discard"]));
            large.renew(ENDPOINTS);
            // what was staged without syncs is not the commit's to write
            rustix::fs::sync();
        })
    };
    // they live as long as the process
    let [unsaid, files, outside, one] = [unsaid, files, outside, one].map(|large| &*Box::leak(Box::new(large)));
    let contestants = [
        openssl(),
        renewing("1,000 keys, nothing is said of their services", unsaid),
        renewing("1,000 keys, 1,000 services with the profile files", files),
        renewing("the same, with --install-to: five more files each", outside),
        renewing("one key for 1,000 services with the profile files", one),
    ];
    compare("commit over 1,000 endpoints, all of them renewed", rounds, 1, &contestants);
}

fn services() -> impl Iterator<Item = ServicePath> {
    (0..ENDPOINTS).map(|number| format!("server{number:04}/https").parse().expect("the name is right"))
}

fn installed(folder: &Path, service: &ServicePath) -> ServiceSettings {
    let folder = folder.join(service.server.to_string());
    fs::create_dir_all(&folder).expect("target/ can be written to");
    let install_to = folder.display().to_string().parse().expect("it is a path");
    ServiceSettings { install_to: Some(install_to), ..ServiceSettings::of(Profile::Files) }
}

/// Says something of services, and commits that.
fn say_of(
    large: &Large,
    services: impl Iterator<Item = ServicePath>,
    settings: impl Fn(&ServicePath) -> ServiceSettings,
) {
    timed(&mut keyring(&large.root(), &["discard"]));
    let keystore = large.open();
    let mut transaction = keystore.write().expect("nobody holds the lock");
    for service in services {
        let settings = Some(Box::new(settings(&service)));
        transaction.put(Change::SetService { service, settings });
    }
    transaction.finish().expect("the stage is written");
    timed(&mut keyring(&large.root(), &["commit"]));
}

/// Binds the one key to every service.
fn bind_all(large: &Large) {
    let endpoints: Vec<_> = services().map(|service| format!("{service}@default")).collect();
    let endpoints: Vec<&str> = endpoints.iter().map(String::as_str).collect();
    timed(&mut keyring(&large.root(), &[&["bind", &large.key()], &endpoints[..]].concat()));
    timed(&mut keyring(&large.root(), &["commit"]));
}
