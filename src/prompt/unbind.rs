//! The question of `unbind`: which of the endpoints that are bound.

use keystore::name::Endpoint;
use keystore::ops::list::{ListedService, Scope, list};
use keystore::store::Keystore;

use super::{confirm_summary, search, show_command, words};
use crate::context::Context;
use crate::error::Failure;

pub(crate) fn ask(context: &Context, keystore: &Keystore) -> Result<Endpoint, Failure> {
    let bound = |services: &[ListedService<'_>]| {
        let mut bound = Vec::new();
        for service in services {
            for (address, binding) in &service.bindings {
                let endpoint = Endpoint { service: service.path.clone(), address: *address };
                bound.extend(binding.upcoming.clone().map(|key| (endpoint, key)));
            }
        }
        bound
    };
    let mut bound = list(&keystore.read()?, &Scope::All, |services, _| bound(&services))?.concat();
    if bound.is_empty() {
        return Err(Failure::Usage {
            message: "no endpoint is bound".to_owned(),
            hint: "`keyring list` shows what there is",
        });
    }
    let labels: Vec<_> = bound.iter().map(|(endpoint, key)| format!("{endpoint} -> {key}")).collect();
    let (endpoint, key) = bound.swap_remove(search("Endpoint", &labels, 0)?);
    confirm_summary("To be freed", &[("endpoint", endpoint.to_string()), ("from", key.to_string())])?;
    show_command(context, words(&["keyring", "unbind", &endpoint.to_string()]))?;
    Ok(endpoint)
}
