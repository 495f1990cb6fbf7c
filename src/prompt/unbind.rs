//! The question of `unbind`: which of the endpoints that are bound.

use keystore::name::Endpoint;
use keystore::ops::list::{Scope, list};
use keystore::store::Keystore;

use super::{confirm_summary, search, show_command, words};
use crate::context::Context;
use crate::error::Failure;

pub(crate) fn ask(context: &Context, keystore: &Keystore) -> Result<Endpoint, Failure> {
    let mut bound = Vec::new();
    for service in list(&keystore.read()?, &Scope::All)? {
        for (address, binding) in service.bindings {
            if let Some(key) = binding.upcoming {
                bound.push((Endpoint { service: service.path.clone(), address }, key));
            }
        }
    }
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
