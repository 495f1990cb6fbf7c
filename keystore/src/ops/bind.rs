//! `bind`: endpoints to a key, in place of what was bound there.

use super::warning::covers;
use super::{Error, Warning, lasting};
use crate::model::KeyView;
use crate::name::{Endpoint, KeyPath};
use crate::store::Keystore;

/// What happened to one endpoint.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bound {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// What would have been bound there without this.
    pub before: Option<KeyPath>,
}

impl Bound {
    /// Whether it was bound to this key already.
    #[must_use]
    pub fn is_unchanged(&self, key: &KeyPath) -> bool {
        self.before.as_ref() == Some(key)
    }
}

/// What was bound.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The key.
    pub key: KeyPath,
    /// Its endpoints, in the order given.
    pub endpoints: Vec<Bound>,
    /// What to look at.
    pub warnings: Vec<Warning>,
}

/// Stages bindings of endpoints, on whatever server, to a key.
///
/// # Errors
/// When there is no such key, or the disk refuses.
pub fn bind(keystore: &Keystore, key: &KeyPath, endpoints: &[Endpoint]) -> Result<Outcome, Error> {
    let mut transaction = keystore.write()?;
    let view = lasting(transaction.key(key)?.ok_or_else(|| Error::KeyNotFound { key: key.clone() })?)?;
    let mut bound = Vec::new();
    for endpoint in endpoints {
        let before = transaction.upcoming_binding(endpoint)?;
        transaction.want_binding(endpoint, Some(key))?;
        bound.push(Bound { endpoint: endpoint.clone(), before });
    }
    let warnings = warnings(&view, endpoints);
    transaction.finish()?;
    Ok(Outcome { key: key.clone(), endpoints: bound, warnings })
}

fn warnings(view: &KeyView, endpoints: &[Endpoint]) -> Vec<Warning> {
    let key = || view.path.clone();
    let names = match (view.upcoming(), view.last_request()) {
        (Some(installed), _) => &installed.summary.names,
        (None, Some(request)) => &request.names,
        (None, None) => return vec![Warning::NoCertificate { key: key() }],
    };
    let uncovered = endpoints.iter().filter(|endpoint| !covers(names, endpoint));
    let not_covered =
        |endpoint: &Endpoint| Warning::NotCovered { endpoint: endpoint.clone(), key: key(), names: names.clone() };
    let missing = view.upcoming().is_none().then(|| Warning::NoCertificate { key: key() });
    missing.into_iter().chain(uncovered.map(not_covered)).collect()
}
