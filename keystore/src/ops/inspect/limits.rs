//! How long public authorities may issue certificates for (CA/Browser Forum, Baseline Requirements section 6.3.2).

use crate::timestamp::Timestamp;

/// Days, since when, and that day in seconds since 1970, the newest first.
const LIMITS: [(i64, &str, i64); 4] = [
    (47, "2029-03-15", 1_868_227_200),
    (100, "2027-03-15", 1_805_068_800),
    (200, "2026-03-15", 1_773_532_800),
    (398, "2020-09-01", 1_598_918_400),
];

const DAY: i64 = 86_400;

/// The limit in days for a certificate whose time begins then, and since when it is in force.
pub(super) fn limit(not_before: Timestamp) -> Option<(i64, &'static str)> {
    let in_force = LIMITS.iter().find(|(_, _, since)| not_before.unix() >= *since);
    in_force.map(|(days, since, _)| (*days, *since))
}

/// How many days a certificate is valid, both ends included, a started day counted as one.
pub(super) fn days(not_before: Timestamp, not_after: Timestamp) -> i64 {
    let seconds = not_after.unix().saturating_sub(not_before.unix()).saturating_add(1).max(0);
    seconds.saturating_add(DAY - 1) / DAY
}

#[cfg(test)]
mod tests {
    use super::{LIMITS, days, limit};
    use crate::timestamp::Timestamp;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn limits_come_into_force_on_their_day() {
        for (_, since, seconds) in LIMITS {
            assert_eq!(time(&format!("{since}T00:00:00Z")).unix(), seconds);
        }
        assert_eq!(limit(time("2020-08-31T23:59:59Z")), None);
        assert_eq!(limit(time("2020-09-01T00:00:00Z")), Some((398, "2020-09-01")));
        assert_eq!(limit(time("2026-03-14T23:59:59Z")), Some((398, "2020-09-01")));
        assert_eq!(limit(time("2026-11-21T00:00:00Z")), Some((200, "2026-03-15")));
        assert_eq!(limit(time("2028-01-01T00:00:00Z")), Some((100, "2027-03-15")));
        assert_eq!(limit(time("2050-01-01T00:00:00Z")), Some((47, "2029-03-15")));
    }

    #[test]
    fn both_ends_of_a_validity_count() {
        let start = time("2026-01-01T00:00:00Z");
        assert_eq!(days(start, time("2026-01-01T23:59:59Z")), 1);
        assert_eq!(days(start, time("2026-01-02T00:00:00Z")), 2);
        assert_eq!(days(start, time("2025-01-01T00:00:00Z")), 0);
    }
}
