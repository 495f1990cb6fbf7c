//! How a key is renewed, and where a request of it is, as JSON and in a line.

use keystore::model::{RenewAt, Renewal, ReuseKey, Submission};
use serde::Serialize;

/// How a key is renewed.
#[derive(Serialize, Clone, Debug)]
pub(crate) struct RenewalJson {
    authority: String,
    at: String,
    reuse_key: Option<ReuseKeyJson>,
}

#[derive(Serialize, Clone, Debug)]
struct ReuseKeyJson {
    days: Option<u32>,
    certificates: Option<u32>,
}

impl RenewalJson {
    pub(crate) fn of(renewal: &Renewal) -> Self {
        let reuse_key = |ReuseKey { days, certificates }: ReuseKey| ReuseKeyJson { days, certificates };
        Self {
            authority: renewal.authority.to_string(),
            at: renewal.at.to_string(),
            reuse_key: renewal.reuse_key.map(reuse_key),
        }
    }
}

/// `by internal, after 2/3 of the lifetime, with a new private key`
pub(crate) fn renewal_line(renewal: &Renewal) -> String {
    let at = match renewal.at {
        RenewAt::Fraction(_) => format!("after {} of the lifetime", renewal.at),
        RenewAt::DaysLeft(days) => format!("{days} days before the end"),
        RenewAt::Suggested => "when the authority suggests it".to_owned(),
    };
    let with = match renewal.reuse_key {
        None => "with a new private key".to_owned(),
        Some(ReuseKey { days, certificates }) => {
            let days = days.map(|days| format!(" for {days} days"));
            let certificates = certificates.map(|most| format!(" for {most} certificates"));
            let limits: Vec<_> = days.into_iter().chain(certificates).collect();
            format!("with the same private key{}", limits.join(" and"))
        }
    };
    format!("by {}, {at}, {with}", renewal.authority)
}

/// A request at an authority.
#[derive(Serialize, Clone, Debug)]
pub(crate) struct SubmissionJson {
    authority: String,
    submitted: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<String>,
}

impl SubmissionJson {
    pub(crate) fn of(submission: &Submission) -> Self {
        Self {
            authority: submission.authority.to_string(),
            submitted: submission.submitted.to_string(),
            ticket: submission.ticket.clone(),
            refused: submission.refused.clone(),
        }
    }
}

/// `internal, 2026-11-21T12:00:00Z, as 42`
pub(crate) fn submission_line(submission: &Submission) -> String {
    let ticket = submission.ticket.as_ref().map(|ticket| format!(", as {ticket}")).unwrap_or_default();
    let refused = submission.refused.as_ref().map(|reason| format!(", refused: {reason}")).unwrap_or_default();
    format!("{}, {}{ticket}{refused}", submission.authority, submission.submitted)
}
