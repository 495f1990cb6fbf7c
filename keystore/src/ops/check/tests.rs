use proptest::prelude::*;

use super::{Finding, Limits, Matter, Severity, Source, Threshold, in_one_line, of_standing, sort, span, verdict};
use crate::digest::Digest;
use crate::model::{CertificateNumber, Generation, VersionNumber};
use crate::ops::standing::{Committed, FileState, Found, OnDisk, Standing, Validity};
use crate::store::Pair;
use crate::timestamp::Timestamp;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

fn time(seconds: i64) -> Timestamp {
    Timestamp::from_unix(seconds)
}

/// A certificate that is good for so long, from the beginning of time.
fn good_for(seconds: i64) -> Validity {
    Validity { not_before: time(0), not_after: time(seconds) }
}

fn limits(warning: &str, critical: &str) -> Limits {
    Limits { warning: warning.parse().unwrap(), critical: critical.parse().unwrap() }
}

/// What is said when so much is left of a certificate.
fn with_left(limits: Limits, life: i64, left: i64) -> Option<Severity> {
    limits.severity(good_for(life), time(life - left))
}

const WARNING: Option<Severity> = Some(Severity::Warning);
const CRITICAL: Option<Severity> = Some(Severity::Critical);

#[test]
fn a_third_and_a_tenth_of_the_life_are_the_limits_when_nobody_said() {
    for life in [6 * HOUR, 6 * DAY, 90 * DAY, 3_650 * DAY] {
        let limits = Limits::default();
        assert_eq!(with_left(limits, life, life / 3), None, "{life}");
        assert_eq!(with_left(limits, life, life / 3 - 1), WARNING, "{life}");
        assert_eq!(with_left(limits, life, life / 10), WARNING, "{life}");
        assert_eq!(with_left(limits, life, life / 10 - 1), CRITICAL, "{life}");
        assert_eq!(with_left(limits, life, -1), CRITICAL, "{life}");
    }
}

#[test]
fn days_count_for_certificates_that_live_longer() {
    let limits = limits("21", "7");
    assert_eq!(with_left(limits, 90 * DAY, 21 * DAY), None);
    assert_eq!(with_left(limits, 90 * DAY, 21 * DAY - 1), WARNING);
    assert_eq!(with_left(limits, 90 * DAY, 7 * DAY), WARNING);
    assert_eq!(with_left(limits, 90 * DAY, 7 * DAY - 1), CRITICAL);
    assert_eq!(with_left(limits, 3_650 * DAY, 21 * DAY), None);
}

#[test]
fn days_that_are_longer_than_a_life_leave_it_to_the_usual_share() {
    let limits = limits("21", "7");
    // of six days two are a third: from the first hour on it would be warned of otherwise
    assert_eq!(with_left(limits, 6 * DAY, 6 * DAY), None);
    assert_eq!(with_left(limits, 6 * DAY, 2 * DAY), None);
    assert_eq!(with_left(limits, 6 * DAY, 2 * DAY - 1), WARNING);
    assert_eq!(with_left(limits, 6 * DAY, 6 * DAY / 10 - 1), CRITICAL);
    // each limit for itself: seven days are shorter than this life, and 21 are not
    assert_eq!(with_left(limits, 21 * DAY, 7 * DAY), None);
    assert_eq!(with_left(limits, 21 * DAY, 7 * DAY - 1), CRITICAL);
}

#[test]
fn shares_count_for_every_life() {
    let limits = limits("50%", "5%");
    for life in [2 * HOUR, 90 * DAY, 3_650 * DAY] {
        assert_eq!(with_left(limits, life, life / 2), None);
        assert_eq!(with_left(limits, life, life / 2 - 1), WARNING);
        assert_eq!(with_left(limits, life, life / 20 - 1), CRITICAL);
    }
    assert_eq!(with_left(Limits { critical: "0%".parse().unwrap(), ..limits }, DAY, 1), WARNING);
    assert_eq!(with_left(Limits { critical: "0".parse().unwrap(), ..limits }, DAY, -1), CRITICAL);
}

#[test]
fn thresholds_are_days_or_shares_and_nothing_else() {
    for text in ["0", "21", "36500", "0%", "33%", "100%"] {
        assert_eq!(text.parse::<Threshold>().unwrap().to_string(), text);
    }
    for text in ["", "%", "-1", "+1", "21d", "1.5", "36501", "101%", "33 %", "99999999999", "٣"] {
        assert!(text.parse::<Threshold>().is_err(), "{text:?}");
    }
    assert_eq!(Limits::default().warning.to_string(), "1/3");
}

#[test]
fn what_is_critical_never_comes_before_the_warning() {
    for (warning, critical, reversed) in
        [("21", "7", false), ("7", "21", true), ("33%", "10%", false), ("5%", "33%", true)]
    {
        assert_eq!(limits(warning, critical).are_reversed(), reversed, "{warning} {critical}");
    }
    // days and shares: that depends on the certificate
    assert!(!limits("7", "50%").are_reversed());
    assert!(Limits { warning: "5%".parse().unwrap(), ..Limits::default() }.are_reversed());
}

proptest! {
    #[test]
    fn the_less_is_left_the_worse_it_is(
        life in 0..4_000 * DAY, left in 0..4_000 * DAY, less in 0..4_000 * DAY,
        warning in prop_oneof![(0..400u32).prop_map(|days| days.to_string()), (0..=100u32).prop_map(|share| format!("{share}%"))],
        critical in prop_oneof![(0..400u32).prop_map(|days| days.to_string()), (0..=100u32).prop_map(|share| format!("{share}%"))],
    ) {
        let limits = limits(&warning, &critical);
        let (left, less) = (left.max(less), left.min(less));
        prop_assert!(with_left(limits, life, left) <= with_left(limits, life, less));
        prop_assert_eq!(with_left(limits, life, -1), CRITICAL);
    }
}

#[test]
fn lengths_of_time_are_told_in_the_unit_that_fits() {
    let spans =
        [(47 * DAY, "47 days"), (47 * HOUR, "47 hours"), (90 * 60, "90 minutes"), (90, "less than two minutes")];
    for (seconds, text) in spans {
        assert_eq!(span(time(seconds).since(time(0))), text);
    }
}

/// An endpoint whose certificate, of 90 days, was committed in generation 5.
fn standing(published: Option<(u64, FileState, Option<Found>)>) -> Standing {
    let validity = good_for(90 * DAY);
    let pair = Pair {
        key: "mail01/imap/main".parse().unwrap(),
        version: VersionNumber(2),
        certificate: CertificateNumber(1),
        fingerprint: Digest::of(b"committed"),
        not_after: validity.not_after,
    };
    Standing {
        endpoint: "mail01/imap@default".parse().unwrap(),
        staged: None,
        committed: Some(Committed { pair, validity, generation: Generation(5) }),
        published: published.map(|(generation, state, certificate)| OnDisk {
            generation: Generation(generation),
            state,
            certificate,
        }),
    }
}

fn found(what: &str, seconds: i64) -> Option<Found> {
    Some(Found { fingerprint: Digest::of(what.as_bytes()), validity: good_for(seconds) })
}

/// Severities and codes of what is said of an endpoint, ten days after its certificate began.
fn said(standing: &Standing) -> Vec<(Severity, &'static str)> {
    let findings = of_standing(standing, &Limits::default(), time(10 * DAY));
    findings.iter().map(|finding| (finding.severity, finding.matter.code())).collect()
}

#[test]
fn the_folder_of_an_endpoint_is_held_against_what_is_committed() {
    use FileState::{Ahead, Behind, Differs, Same};
    assert_eq!(said(&standing(Some((5, Same, found("committed", 90 * DAY))))), []);
    assert_eq!(said(&standing(None)), [(Severity::Warning, "unpublished")]);
    assert_eq!(said(&standing(Some((4, Behind, found("before", 90 * DAY))))), [(Severity::Warning, "unpublished")]);
    assert_eq!(said(&standing(Some((6, Ahead, found("after", 90 * DAY))))), [(Severity::Warning, "unrecorded")]);
    assert_eq!(said(&standing(Some((5, Differs, None)))), [(Severity::Critical, "files-differ")]);
    // what services read in its place has an end of its own
    let old = (4, Behind, found("before", 9 * DAY));
    assert_eq!(
        said(&standing(Some(old))),
        [(Severity::Warning, "unpublished"), (Severity::Critical, "published-expired")]
    );
    let old = (4, Behind, found("before", 12 * DAY));
    assert_eq!(
        said(&standing(Some(old))),
        [(Severity::Warning, "unpublished"), (Severity::Warning, "published-expires")]
    );
    let again = (4, Behind, found("committed", 9 * DAY));
    assert_eq!(said(&standing(Some(again))), [(Severity::Warning, "unpublished")], "of that its key tells");
    assert_eq!(said(&Standing { committed: None, ..standing(None) }), []);
}

#[test]
fn the_worst_decides_and_stands_first_and_notes_decide_nothing() {
    let key = "mail01/imap/main".parse().unwrap();
    let finding = |severity| Finding::of_key(severity, &key, Matter::FilesDiffer);
    assert_eq!(verdict(&[]), None);
    assert_eq!(verdict(&[finding(Severity::Note)]), None);
    let mut all = [Severity::Note, Severity::Warning, Severity::Critical, Severity::Unknown].map(finding);
    assert_eq!(verdict(&all[..2]), WARNING);
    assert_eq!(verdict(&all), CRITICAL);
    assert_eq!(
        verdict(&[all[1].clone(), all[3].clone()]),
        Some(Severity::Unknown),
        "what was not seen may be anything"
    );
    sort(&mut all);
    assert_eq!(all.map(|finding| finding.severity), Severity::ALL);
}

#[test]
fn an_expiry_is_told_with_where_and_when() {
    let matter = |source, validity, now| Matter::Expiry { source, validity, now: time(now), has_successor: false };
    let soon = matter(Source::Live, good_for(5 * HOUR), 0);
    assert_eq!(
        (soon.code(), soon.to_string().as_str()),
        ("live-expires", "the certificate that it serves expires in 5 hours, 1970-01-01T05:00:00Z")
    );
    let over = matter(Source::Stored, good_for(5 * DAY), 8 * DAY);
    assert_eq!(
        (over.code(), over.to_string().as_str()),
        ("expired", "its certificate expired 3 days ago, 1970-01-06T00:00:00Z")
    );
}

#[test]
fn what_programs_say_is_cut_to_a_line() {
    assert_eq!(in_one_line("it failed:\n  line 7\tis wrong\n"), "it failed: line 7 is wrong");
    assert_eq!(in_one_line(&"ä".repeat(201)), format!("{}...", "ä".repeat(200)));
}
