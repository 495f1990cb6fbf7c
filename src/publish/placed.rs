//! Where the files of a service stand outside the keystore, for whoever looks whether they are still there.

use keystore::model::{AbsolutePath, Profile, ServiceSettings};
use keystore::name::Endpoint;
use keystore::store::Placed;

use super::service::Service;
use super::{account, exchange, plan};

/// The files of an endpoint outside the keystore. What has no path that could be written down was never put anywhere.
pub(crate) fn placed(endpoint: &Endpoint, settings: &ServiceSettings) -> Vec<Placed> {
    let service = Service::new(endpoint.service.clone(), settings.clone());
    let secret = service.mode(account::is_root()).bits();
    let copies = service.outside(endpoint).into_iter().filter_map(|(form, path)| {
        let path = path.display().to_string().parse::<AbsolutePath>().ok()?;
        Some(Placed::Form { path, form, mode: plan::mode(form, secret) })
    });
    let mut placed: Vec<_> = copies.collect();
    if settings.profile == Profile::Exchange {
        let one_of = |extension| Placed::OneOf(exchange::paths(&service, extension));
        placed.extend(["pfx", "ps1"].map(one_of).into_iter().filter(|one_of| *one_of != Placed::OneOf(Vec::new())));
    }
    placed
}
