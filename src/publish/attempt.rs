//! Keeps how publishing went, service by service.

use keystore::model::Generation;
use keystore::store::{Attempt, AttemptOutcome, Keystore, ServiceAttempt};

use super::table::{Table, is_left_behind};

/// Keeps how it went, beside what is kept of other services in the same generation. Nothing rests on it, so that a disk
/// that refuses it is no reason to fail.
pub(super) fn keep(keystore: &Keystore, generation: Generation, table: &Table) {
    let mut services = table.kept();
    if services.is_empty() {
        return;
    }
    let before = keystore.read().and_then(|snapshot| snapshot.attempt(generation)).ok().flatten();
    for other in before.into_iter().flat_map(|attempt| attempt.services) {
        if services.iter().all(|service| service.service != other.service) {
            services.push(other);
        }
    }
    services.sort_by(|a, b| a.service.cmp(&b.service));
    let (world, outcome) = (keystore.world(), outcome(&services));
    let attempt = Attempt { generation, time: world.now(), actor: world.actor.clone(), outcome, services };
    let _ = keystore.keep_attempt(&attempt);
}

fn outcome(services: &[ServiceAttempt]) -> AttemptOutcome {
    let is_left = |service: &ServiceAttempt| is_left_behind(&Vec::from_iter(&service.phases));
    let is_back = |service: &&ServiceAttempt| service.phases.iter().any(|did| did.phase.is_back() || did.has_failed());
    match services.iter().filter(is_back).count() {
        _ if services.iter().any(is_left) => AttemptOutcome::UndoIncomplete,
        0 => AttemptOutcome::Published,
        back if back == services.len() => AttemptOutcome::Undone,
        _ => AttemptOutcome::PartlyPublished,
    }
}
