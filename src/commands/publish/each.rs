//! Publishing service by service: each succeeds or is taken back on its own.

use std::collections::BTreeSet;

use keystore::name::{Endpoint, ServicePath};
use keystore::ops::publish::{Unlocked, unpublished_or_differing};
use keystore::store::Keystore;
use serde::Serialize;

use super::publish_all;
use crate::error::Failure;
use crate::exit::Exit;
use crate::output::{CodedJson, Found, Page, Problem as _, style};
use crate::publish::{self, Table};

/// What became of each service.
#[derive(Serialize, Default)]
pub(in crate::commands) struct Each {
    #[serde(skip)]
    pub(in crate::commands) endpoints: Vec<Endpoint>,
    #[serde(rename = "services")]
    told: Table,
    /// Services that are as they were, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failed: Vec<CodedJson>,
}

impl Each {
    /// All of them have their new files.
    pub(in crate::commands) fn all(endpoints: Vec<Endpoint>, told: Table) -> Self {
        Self { endpoints, told, failed: Vec::new() }
    }

    /// Whether there was nothing to do.
    pub(super) fn is_nothing(&self) -> bool {
        self.endpoints.is_empty() && self.failed.is_empty() && self.told.0.is_empty()
    }

    /// Says what was done with each service, and what failed.
    pub(in crate::commands) fn say(&self, page: &mut Page) {
        self.told.say(page);
        for CodedJson { message, .. } in &self.failed {
            page.tagged(style::BAD, "failed:", message);
        }
    }

    pub(in crate::commands) fn exit(&self) -> Exit {
        match &self.failed[..] {
            [] => Exit::Done,
            failed if failed.iter().any(|it| it.code == "undo-incomplete") => Exit::UndoIncomplete,
            _ => Exit::PartlyDone,
        }
    }

    pub(in crate::commands) fn found(&self) -> Option<Found> {
        let first = self.failed.first()?;
        Some(Found { code: "partly-done", message: first.message.clone() })
    }
}

/// Publishes what is behind of these services, or of all when none is named, one service at a time. A failure keeps none
/// of the others from their turn.
pub(in crate::commands) fn publish_each(
    keystore: &Keystore,
    services: &[ServicePath],
    unlocked: &Unlocked,
) -> Result<Each, Failure> {
    let behind = unpublished_or_differing(&keystore.read()?, services, Some(publish::placed))?;
    let services: BTreeSet<_> = behind.into_iter().map(|it| it.endpoint.service).collect();
    let mut each = Each::default();
    for service in services {
        match publish_all(keystore, std::slice::from_ref(&service), unlocked) {
            Ok((endpoints, told)) => {
                each.endpoints.extend(endpoints);
                each.told.0.extend(told.0);
            }
            Err(failure @ Failure::Publishing(_)) => {
                let code = failure.code();
                each.failed.push(CodedJson { code, message: format!("{service}: {}", failure.message()) });
                each.failed.extend(failure.details());
            }
            Err(failure) => {
                each.failed
                    .push(CodedJson { code: failure.code(), message: format!("{service}: {}", failure.message()) });
            }
        }
    }
    Ok(each)
}
