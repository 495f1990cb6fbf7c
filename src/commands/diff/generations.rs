//! `diff A [B]`: what two generations differ in.

use keystore::model::{Generation, Renewal};
use keystore::ops::diff::{self as op, Differences};
use keystore::store::Snapshot;
use serde::Serialize;

use super::pair_line;
use crate::error::Failure;
use crate::output::{
    EndpointJson, Page, PairJson, RenewalJson, Report, SettingsJson, renewal_line, settings_line, style,
};

#[derive(Serialize)]
struct KeyJson {
    key: String,
    from: Option<PairJson>,
    to: Option<PairJson>,
    deleted: bool,
}

#[derive(Serialize)]
struct ServiceJson {
    service: String,
    from: Option<SettingsJson>,
    to: Option<SettingsJson>,
}

#[derive(Serialize)]
struct KeyRenewalJson {
    key: String,
    from: Option<RenewalJson>,
    to: Option<RenewalJson>,
}

#[derive(Serialize)]
pub(crate) struct Outcome {
    from: u64,
    to: u64,
    keys: Vec<KeyJson>,
    endpoints: Vec<EndpointJson>,
    services: Vec<ServiceJson>,
    renewals: Vec<KeyRenewalJson>,
    #[serde(skip)]
    differences: Differences,
}

pub(super) fn compare(newest: &Snapshot<'_>, from: u64, to: Option<u64>) -> Result<Outcome, Failure> {
    let before = newest.at(Generation(from))?;
    let past = to.map(|to| newest.at(Generation(to))).transpose()?;
    let after = past.as_ref().unwrap_or(newest);
    let differences = op::diff(&before, after)?;
    let key = |change: &op::KeyChange| KeyJson {
        key: change.key.to_string(),
        from: change.from.as_ref().map(PairJson::of),
        to: change.to.as_ref().map(PairJson::of),
        deleted: change.deleted,
    };
    let service = |change: &op::ServiceChange| ServiceJson {
        service: change.service.to_string(),
        from: change.from.as_ref().map(SettingsJson::of),
        to: change.to.as_ref().map(SettingsJson::of),
    };
    let renewal = |change: &op::RenewalChange| KeyRenewalJson {
        key: change.key.to_string(),
        from: change.from.as_deref().map(RenewalJson::of),
        to: change.to.as_deref().map(RenewalJson::of),
    };
    Ok(Outcome {
        from,
        to: after.generation().0,
        keys: differences.keys.iter().map(key).collect(),
        endpoints: differences.endpoints.iter().map(EndpointJson::of).collect(),
        services: differences.services.iter().map(service).collect(),
        renewals: differences.renewals.iter().map(renewal).collect(),
        differences,
    })
}

impl Report for Outcome {
    fn report(&self, page: &mut Page) {
        for change in &self.differences.keys {
            let gone = if change.deleted { "deleted" } else { "without a certificate" };
            sides(page, &change.key, change.from.as_ref().map(pair_line), change.to.as_ref().map(pair_line), gone);
        }
        for change in &self.differences.endpoints {
            let (from, to) = (change.from.as_ref().map(pair_line), change.to.as_ref().map(pair_line));
            sides(page, &change.endpoint, from, to, "bound to nothing");
        }
        for change in &self.differences.services {
            let (from, to) = (change.from.as_ref().map(settings_line), change.to.as_ref().map(settings_line));
            sides(page, &change.service, from, to, "without settings");
        }
        for change in &self.differences.renewals {
            let line =
                |renewal: &Option<Box<Renewal>>| renewal.as_deref().map(|it| format!("renewed {}", renewal_line(it)));
            sides(page, &change.key, line(&change.from), line(&change.to), "renewed by nobody");
        }
    }

    fn notes(&self, page: &mut Page) {
        let same =
            [self.keys.is_empty(), self.endpoints.is_empty(), self.services.is_empty(), self.renewals.is_empty()];
        if same == [true; 4] {
            page.line(format_args!("Generations {} and {} do not differ.", self.from, self.to));
        }
    }
}

fn sides(page: &mut Page, what: impl std::fmt::Display, from: Option<String>, to: Option<String>, gone: &str) {
    page.gap();
    page.styled(style::STRONG, what);
    if let Some(from) = from {
        page.styled(style::BAD, format_args!("  - {from}"));
    }
    match to {
        Some(to) => page.styled(style::GOOD, format_args!("  + {to}")),
        None => page.line(format_args!("  {gone}")),
    };
}
