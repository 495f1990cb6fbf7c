//! What is said of each service.

use keystore::model::{CertificateSummary, Text};
use keystore::ops::probe::{Comparison, Judged};
use keystore::pki::{CertificateError, Stapled};
use keystore::timestamp::Timestamp;
use serde::Serialize;

use super::target::Target;
use crate::commands::trust::{CertificateNameJson, FetchedJson, FindingJson, Resolved};
use crate::exit::Exit;
use crate::output::{CertificateJson, CodedJson, Found, Page, Report, days_left, or_none, style, until};
use crate::probe::{Fault, Observed, Offered};

/// What a service showed, and what is to be said of it.
pub(super) struct Seen {
    pub(super) observed: Observed,
    pub(super) judged: Result<Judged, CertificateError>,
    pub(super) now: Timestamp,
}

#[derive(Serialize)]
pub(crate) struct Outcome {
    roots: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    roots_file: Option<String>,
    good: bool,
    probes: Vec<Probe>,
}

/// One service.
#[derive(Serialize)]
pub(super) struct Probe {
    endpoint: Option<String>,
    url: Option<String>,
    name: String,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<FaultJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seen: Option<SeenJson>,
    findings: Vec<FindingJson>,
}

/// Why there is nothing to see.
#[derive(Serialize)]
struct FaultJson {
    phase: &'static str,
    #[serde(flatten)]
    coded: CodedJson,
}

#[derive(Serialize)]
struct SeenJson {
    address: String,
    tls: &'static str,
    cipher: String,
    alpn: Option<String>,
    certificate: Option<CertificateJson<'static>>,
    days_left: Option<i64>,
    chain: Vec<CertificateNameJson>,
    root: Option<CertificateNameJson>,
    path: Vec<CertificateNameJson>,
    fetched: Vec<FetchedJson>,
    ocsp: Option<OcspJson>,
    keystore: Option<ComparedJson>,
    offered_before_tls: Option<OfferedJson>,
    offered_inside_tls: Option<OfferedJson>,
    #[serde(skip)]
    validity: String,
    #[serde(skip)]
    trusted_by: String,
}

#[derive(Serialize)]
struct OcspJson {
    status: &'static str,
    this_update: String,
    next_update: Option<String>,
}

#[derive(Serialize)]
struct ComparedJson {
    key: String,
    version: u32,
    served: &'static str,
}

#[derive(Serialize)]
struct OfferedJson {
    sasl: Vec<String>,
    commands: Vec<&'static str>,
}

const GOOD: &str = "good";
const FINDINGS: &str = "findings";
const UNREACHABLE: &str = "unreachable";

impl Probe {
    pub(super) fn of(target: &Target, seen: Result<Seen, Fault>, trust: &Resolved) -> Self {
        let probe = |verdict, fault, seen, findings| Self {
            endpoint: target.endpoint.as_ref().map(ToString::to_string),
            url: target.url.as_ref().map(ToString::to_string),
            name: target.name.to_string(),
            verdict,
            fault,
            seen,
            findings,
        };
        match seen {
            Ok(seen) => {
                let findings = findings(&seen);
                let verdict = if findings.iter().any(|finding| finding.fault) { FINDINGS } else { GOOD };
                probe(verdict, None, Some(SeenJson::of(target, seen, trust)), findings)
            }
            Err(fault) => {
                let coded = CodedJson { code: fault.code(), message: fault.to_string() };
                probe(UNREACHABLE, Some(FaultJson { phase: fault.phase().code(), coded }), None, Vec::new())
            }
        }
    }
}

fn findings(seen: &Seen) -> Vec<FindingJson> {
    let finding = |fault, code, message| FindingJson { fault, coded: CodedJson { code, message } };
    let mut all = match &seen.judged {
        Ok(judged) => {
            let of_judged = judged.findings.iter();
            of_judged.map(|one| finding(one.is_fault(), one.code(), one.to_string())).collect()
        }
        Err(error) => vec![finding(true, "unreadable-certificate", error.to_string())],
    };
    let passwords = seen.observed.before.as_ref().map(Offered::passwords).unwrap_or_default();
    if !passwords.is_empty() {
        let message = format!("it takes passwords in the clear: before TLS it offers {}", passwords.join(", "));
        all.push(finding(false, "passwords-in-clear", message));
    }
    if let Some(fault) = &seen.observed.unread {
        let message = format!("what it offers inside TLS is not known: {fault}");
        all.push(finding(false, "inside-unread", message));
    }
    all
}

impl SeenJson {
    fn of(target: &Target, Seen { observed, judged, now }: Seen, trust: &Resolved) -> Self {
        let judged = judged.ok();
        let names = |all: &[keystore::pki::Certificate]| all.iter().map(CertificateNameJson::of).collect();
        let not_after = judged.as_ref().map(|judged| judged.leaf.not_after());
        let examined = judged.as_ref().map(|judged| &judged.examined);
        let compared = target.expected.as_ref().zip(judged.as_ref().and_then(|judged| judged.comparison));
        Self {
            address: observed.address.to_string(),
            tls: observed.version,
            cipher: observed.cipher,
            alpn: observed.alpn,
            certificate: judged.as_ref().map(|judged| certificate(judged)),
            days_left: not_after.map(|end| days_left(end, now)),
            chain: judged.as_ref().map(|judged| names(&judged.chain)).unwrap_or_default(),
            root: examined.and_then(|examined| examined.root.as_ref()).map(CertificateNameJson::of),
            path: examined.map(|examined| names(&examined.path)).unwrap_or_default(),
            fetched: examined.map(FetchedJson::all).unwrap_or_default(),
            ocsp: judged.as_ref().and_then(|judged| judged.stapled.as_ref()).map(OcspJson::of),
            keystore: compared.map(|(expected, comparison)| ComparedJson {
                key: expected.key.to_string(),
                version: expected.version.0,
                served: comparison.as_str(),
            }),
            offered_before_tls: observed.before.map(OfferedJson::of),
            offered_inside_tls: observed.after.map(OfferedJson::of),
            validity: not_after.map(|end| until(end, now)).unwrap_or_default(),
            trusted_by: trust.trusted_by(),
        }
    }

    fn say(&self, page: &mut Page) {
        let alpn = self.alpn.as_ref().map(|alpn| format!(", {alpn}")).unwrap_or_default();
        page.field(2, "TLS", format_args!("{}, {}{alpn}, at {}", self.tls, self.cipher, self.address));
        if let Some(certificate) = &self.certificate {
            let names: Vec<_> = certificate.names.iter().map(Text::as_str).collect();
            page.field(2, "subject", or_none(certificate.subject.as_str()));
            page.field(2, "names", or_none(&names.join(", ")));
            page.field(2, "issuer", or_none(certificate.issuer.as_str()));
            page.field(2, "valid", &self.validity);
            page.field(2, "chain", format_args!("{} certificate(s) behind it", self.chain.len()));
        }
        if let Some(root) = &self.root {
            page.field(2, "root", format_args!("{}, {}", root.subject, self.trusted_by));
        }
        FetchedJson::say(&self.fetched, page);
        if let Some(ocsp) = &self.ocsp {
            page.field(2, "stapled", format_args!("{}, of {}", ocsp.status, ocsp.this_update));
        }
        if let Some(ComparedJson { key, version, served }) = &self.keystore {
            let verdict = match *served {
                same if same == Comparison::Same.as_str() => "is what is served",
                _ => "is not what is served",
            };
            page.field(2, "keystore", format_args!("{key}, version {version}, {verdict}"));
        }
        for (when, offered) in [("before TLS", &self.offered_before_tls), ("inside TLS", &self.offered_inside_tls)] {
            if let Some(offered) = offered {
                page.field(2, when, format_args!("offers {}", offered.text()));
            }
        }
    }
}

fn certificate(judged: &Judged) -> CertificateJson<'static> {
    let CertificateSummary { fingerprint, serial, subject, issuer, names, not_before, not_after } =
        CertificateSummary::of(&judged.leaf);
    CertificateJson {
        subject: Text::of(&subject),
        names: names.iter().map(Text::of).collect(),
        issuer: Text::of(&issuer),
        serial: Text::of(&serial),
        not_before,
        not_after,
        sha256: Text::of(&fingerprint),
        spki_sha256: Text::of(&judged.leaf.public_key().hash()),
        chain_length: judged.chain.len(),
    }
}

impl OcspJson {
    fn of(Stapled { status, this_update, next_update }: &Stapled) -> Self {
        Self {
            status: status.as_str(),
            this_update: this_update.to_string(),
            next_update: next_update.map(|time| time.to_string()),
        }
    }
}

impl OfferedJson {
    fn of(Offered { sasl, commands }: Offered) -> Self {
        Self { sasl, commands }
    }

    fn text(&self) -> String {
        let all: Vec<_> = self.sasl.iter().map(String::as_str).chain(self.commands.iter().copied()).collect();
        if all.is_empty() { "no authentication".to_owned() } else { all.join(", ") }
    }
}

impl Outcome {
    pub(super) fn of(probes: Vec<Probe>, trust: &Resolved) -> Self {
        let (roots, roots_file) = trust.source();
        Self { roots, roots_file, good: probes.iter().all(|probe| probe.verdict == GOOD), probes }
    }

    fn count(&self, verdict: &str) -> usize {
        self.probes.iter().filter(|probe| probe.verdict == verdict).count()
    }
}

impl Report for Outcome {
    fn report(&self, page: &mut Page) {
        for Probe { endpoint, url, name, fault, seen, findings, .. } in &self.probes {
            page.gap();
            let title: Vec<_> = endpoint.iter().chain(url).map(String::as_str).collect();
            page.styled(style::STRONG, format_args!("{}, as {name}", title.join(" at ")));
            if let Some(seen) = seen {
                seen.say(page);
            }
            if let Some(FaultJson { coded, .. }) = fault {
                page.tagged(style::BAD, "fault:", &coded.message);
            }
            for FindingJson { fault, coded } in findings {
                match fault {
                    true => page.tagged(style::BAD, "fault:", &coded.message),
                    false => page.tagged(style::WARN, "warning:", &coded.message),
                };
            }
        }
        page.gap();
        let (all, bad, unseen) = (self.probes.len(), self.count(FINDINGS), self.count(UNREACHABLE));
        let are = |count| if count == 1 { "is" } else { "are" };
        let warned = self.probes.iter().any(|probe| !probe.findings.is_empty());
        match (all, bad, unseen) {
            (0, _, _) => page.line("Nothing is bound: there is nothing to look at."),
            (_, 0, 0) if warned => page.styled(style::GOOD, "No fault was found."),
            (_, 0, 0) => page.styled(style::GOOD, "All is as it should be."),
            (_, _, 0) => page.styled(style::BAD, format_args!("{bad} of {all} {} not as it should be.", are(bad))),
            (_, 0, _) => page.styled(style::BAD, format_args!("{unseen} of {all} could not be seen.")),
            _ => page.styled(
                style::BAD,
                format_args!("{bad} of {all} {} not as it should be, and {unseen} could not be seen.", are(bad)),
            ),
        };
    }

    /// What was not seen may be anything: it is told before what was.
    fn exit(&self) -> Exit {
        match (self.count(UNREACHABLE), self.good) {
            (0, true) => Exit::Done,
            (0, false) => Exit::Findings,
            _ => Exit::Remote,
        }
    }

    fn found(&self) -> Option<Found> {
        let of_probe = |probe: &Probe| -> Vec<String> {
            let what = probe.endpoint.as_ref().or(probe.url.as_ref()).unwrap_or(&probe.name).clone();
            let faults = probe.findings.iter().filter(|finding| finding.fault).map(|finding| &finding.coded);
            let faults = probe.fault.iter().map(|fault| &fault.coded).chain(faults);
            faults.map(|coded| format!("{what}: {}", coded.message)).collect()
        };
        let messages: Vec<_> = self.probes.iter().flat_map(of_probe).collect();
        (!self.good).then(|| Found { code: "findings", message: messages.join("; ") })
    }
}
