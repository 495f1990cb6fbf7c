//! Where an endpoint stands, for people and programs: for `check` and `status`.

use keystore::ops::standing::{FileState, OnDisk, Standing};
use keystore::store::Pair;
use keystore::timestamp::Timestamp;
use serde::Serialize;

use super::live::{Live, LiveJson};
use crate::output::{Page, PairJson, style};

/// What lies in the folder of an endpoint.
#[derive(Serialize)]
pub(crate) struct OnDiskJson {
    generation: u64,
    state: &'static str,
    sha256: Option<String>,
    not_after: Option<Timestamp>,
}

/// Where an endpoint stands.
#[derive(Serialize)]
pub(crate) struct StandingJson {
    endpoint: String,
    /// Left out where a commit would leave it alone; null where it would be free.
    #[serde(skip_serializing_if = "Option::is_none")]
    staged: Option<Option<PairJson>>,
    committed: Option<PairJson>,
    published: Option<OnDiskJson>,
    /// Left out where nobody connected.
    #[serde(skip_serializing_if = "Option::is_none")]
    live: Option<Vec<LiveJson>>,
}

impl StandingJson {
    pub(super) fn of(standing: &Standing, live: Option<&[Live]>) -> Self {
        Self {
            endpoint: standing.endpoint.to_string(),
            staged: standing.staged.as_ref().map(|staged| staged.as_ref().map(PairJson::of)),
            committed: standing.committed.as_ref().map(|committed| PairJson::of(&committed.pair)),
            published: standing.published.as_ref().map(OnDiskJson::of),
            live: live.map(|live| live.iter().map(Live::json).collect()),
        }
    }
}

impl OnDiskJson {
    fn of(OnDisk { generation, state, certificate }: &OnDisk) -> Self {
        Self {
            generation: generation.0,
            state: state.as_str(),
            sha256: certificate.map(|found| found.fingerprint.to_string()),
            not_after: certificate.map(|found| found.validity.not_after),
        }
    }
}

/// Where an endpoint stands, a line for each place.
pub(super) fn say(standing: &Standing, live: Option<&[Live]>, page: &mut Page) {
    page.styled(style::WARN, format_args!("  {}", standing.endpoint));
    match &standing.staged {
        None => {}
        Some(Some(pair)) => _ = page.field(4, "staged", pair_line(pair)),
        Some(None) => _ = page.field(4, "staged", "nothing: it would be free"),
    }
    match &standing.committed {
        Some(committed) => page.field(4, "committed", pair_line(&committed.pair)),
        None => page.field(4, "committed", "nothing"),
    };
    match &standing.published {
        Some(on_disk) => page.field(4, "on disk", disk_line(on_disk)),
        None => page.field(4, "on disk", "nothing"),
    };
    for live in live.unwrap_or_default() {
        page.field(4, "live", live.json().line());
    }
}

fn pair_line(pair: &Pair) -> String {
    format!("{}, version {}, until {}", pair.key, pair.version, pair.not_after.date())
}

fn disk_line(OnDisk { generation, state, certificate }: &OnDisk) -> String {
    let end = certificate.map(|found| format!(", until {}", found.validity.not_after.date())).unwrap_or_default();
    match state {
        FileState::Same => format!("generation {generation}{end}"),
        FileState::Behind => format!("generation {generation}{end}: to be published"),
        FileState::Ahead => format!("generation {generation}{end}: not recorded"),
        FileState::Differs => format!("generation {generation}{end}: not the files that were committed"),
    }
}
