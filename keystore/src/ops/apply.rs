//! `apply`: the desired state of many servers, from files. `read` tells what is said, `plan` what that asks for beyond
//! what there is; private keys and requests are made as for renewals, `stage` stages the rest.

mod desired;
mod document;
mod export;
mod key;
mod mistake;
mod plan;
mod prune;
mod schema;
mod servers;
mod service;
mod shape;
mod stage;

pub use desired::{Desired, DesiredKey, Said, read};
pub use export::export;
pub use mistake::{Mistake, Mistakes, Place, Source};
pub use plan::{Action, Item, Plan, Task, Thing, Way, plan};
pub use schema::schema;
pub use stage::{Staged, stage};

#[cfg(test)]
mod tests;
