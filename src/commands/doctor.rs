//! `doctor`: is everything in the keystore what it must be?

use std::collections::BTreeMap;

use keystore::model::Mark;
use keystore::ops::doctor::{Code, Counts, Finding, Mended, Remedy, Request, Severity, doctor};
use serde::Serialize;

use crate::context::Context;
use crate::error::Failure;
use crate::exit::Exit;
use crate::output::{Found, Page, Report, style};
use crate::publish;

const HELP: &str = "\
Examples:
  keyring doctor
  keyring doctor --repair
  keyring doctor --expect \"$(cat head.txt)\"
  keyring doctor --json | jq '.result.findings'

Checked are the hashes and the chain of the log, every committed state against
the changes that made it, every private key, request, certificate and chain
against what is known of it, the indexes, the stage, permissions and owners,
and what services read against what was committed, with the copies of it that
set-service has installed outside the keystore.

--repair loses nothing: what it takes out of its place goes to set-aside/ in
the keystore. What services read is mended by `keyring publish`.

Hashes in the keystore do not show that all of it was put back to what it was
before, or that its newest record was rewritten. `keyring log --head`, kept
elsewhere, and --expect do.

Exit codes:
  0    nothing is wrong, or everything that was wrong is repaired
  1    failed
  2    usage
  3    --expect is no GENERATION:HASH, or not your keystore
  4    no keystore, or one in a newer format
  5    in use, so that nothing could be repaired
  7    something is wrong
  130  interrupted";

/// Say whether anything in the keystore is damaged, and repair it
///
/// Everything is checked, and everything that is wrong is named, with what mends it. Nothing is changed without --repair.
#[derive(clap::Args, Debug)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
    /// Repair what can be repaired without losing anything
    #[arg(long)]
    repair: bool,
    /// Verify that the log holds this record, as `keyring log --head` printed it
    #[arg(long, value_name = "GENERATION:HASH")]
    expect: Option<String>,
}

#[derive(Serialize)]
struct CheckedJson {
    generations: u64,
    state_objects: u64,
    keys: u64,
    private_keys: u64,
    requests: u64,
    certificates: u64,
    endpoints: u64,
    entries: u64,
}

#[derive(Serialize)]
struct FindingJson {
    severity: &'static str,
    code: &'static str,
    message: String,
    paths: Vec<String>,
    key: Option<String>,
    endpoint: Option<String>,
    generation: Option<u64>,
    remedy: Option<&'static str>,
    advice: Option<String>,
}

#[derive(Serialize)]
struct RepairedJson {
    code: &'static str,
    paths: Vec<String>,
    /// What was done, or was to be done.
    done: String,
    ok: bool,
    error: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct Outcome {
    sound: bool,
    first_broken_generation: Option<u64>,
    checked: CheckedJson,
    findings: Vec<FindingJson>,
    repaired: Vec<RepairedJson>,
    #[serde(skip)]
    found: Vec<Finding>,
}

pub(crate) fn run(context: &Context, args: &Args) -> Result<Outcome, Failure> {
    let expected = args.expect.as_deref().map(str::parse::<Mark>).transpose()?;
    let request = Request { repair: args.repair, expected, placing: Some(publish::placed) };
    let outcome = doctor(&context.disk()?, &context.world(), &request, &context.progress())?;
    let diagnosis = outcome.diagnosis;
    Ok(Outcome {
        sound: diagnosis.is_sound(),
        first_broken_generation: diagnosis.first_broken().map(|generation| generation.0),
        checked: checked(diagnosis.counts),
        findings: diagnosis.findings.iter().map(finding).collect(),
        repaired: outcome.mended.iter().map(repaired).collect(),
        found: diagnosis.findings,
    })
}

fn checked(counts: Counts) -> CheckedJson {
    let Counts { generations, state_objects, keys, private_keys, requests, certificates, endpoints, entries } = counts;
    CheckedJson { generations, state_objects, keys, private_keys, requests, certificates, endpoints, entries }
}

/// The paths of a finding, relative to the keystore.
fn paths(finding: &Finding) -> Vec<String> {
    let text = |path: String| if path.is_empty() { ".".to_owned() } else { path };
    finding.paths.iter().map(|path| text(path.as_path().display().to_string())).collect()
}

fn finding(found: &Finding) -> FindingJson {
    FindingJson {
        severity: found.severity().as_str(),
        code: found.code.as_str(),
        message: found.message.clone(),
        paths: paths(found),
        key: found.key.as_ref().map(ToString::to_string),
        endpoint: found.endpoint.as_ref().map(ToString::to_string),
        generation: found.generation.map(|generation| generation.0),
        remedy: match &found.remedy {
            Remedy::Automatic(_) => Some("automatic"),
            Remedy::ByHand(_) => Some("by-hand"),
            Remedy::Backup => Some("backup"),
            Remedy::Nothing => None,
        },
        advice: advice(&found.remedy),
    }
}

fn advice(remedy: &Remedy) -> Option<String> {
    match remedy {
        Remedy::Automatic(repair) => Some(format!("`keyring doctor --repair` can {repair}")),
        Remedy::ByHand(advice) => Some(advice.clone()),
        Remedy::Backup => Some("nothing in the keystore can make it again: restore it from a backup".to_owned()),
        Remedy::Nothing => None,
    }
}

fn repaired(mended: &Mended) -> RepairedJson {
    let error = mended.result.as_ref().err().map(|error| Failure::whole_message(error));
    RepairedJson {
        code: mended.finding.code.as_str(),
        paths: paths(&mended.finding),
        done: mended.repair.done(),
        ok: error.is_none(),
        error,
    }
}

/// How many findings of one kind a person is shown.
const FEW: usize = 10;

impl Report for Outcome {
    fn report(&self, page: &mut Page) {
        for RepairedJson { paths, done, error, .. } in &self.repaired {
            let path = paths.first().map_or(".", String::as_str);
            match error {
                None => page.tagged(style::GOOD, "repaired", format_args!("{path}: {done}")),
                Some(error) => page.tagged(style::BAD, "not repaired", format_args!("{path}: {error}")),
            };
        }
        for (severity, title, style) in [
            (Severity::Damage, "Damage:", style::BAD),
            (Severity::Trouble, "Trouble:", style::WARN),
            (Severity::Note, "Notes:", style::STRONG),
        ] {
            self.group(page, severity, title, style);
        }
        page.gap();
        page.line(self.summary());
    }

    fn exit(&self) -> Exit {
        if self.sound { Exit::Done } else { Exit::Damaged }
    }

    fn found(&self) -> Option<Found> {
        (!self.sound).then(|| Found { code: "findings", message: self.verdict() })
    }
}

impl Outcome {
    fn group(&self, page: &mut Page, severity: Severity, title: &str, style: anstyle::Style) {
        let found: Vec<_> = self.found.iter().filter(|finding| finding.severity() == severity).collect();
        if found.is_empty() {
            return;
        }
        page.gap();
        page.styled(style, title);
        let mut shown: BTreeMap<Code, usize> = BTreeMap::new();
        for finding in found {
            let count = shown.entry(finding.code).or_default();
            *count += 1;
            if *count > FEW {
                continue;
            }
            page.line(format_args!("  {}: {}", paths(finding).join(", "), finding.message));
            if let Some(advice) = advice(&finding.remedy) {
                page.styled(style::FAINT, format_args!("    {advice}"));
            }
        }
        for (code, count) in shown.into_iter().filter(|(_, count)| *count > FEW) {
            page.line(format_args!("  and {} more of the kind {code}: --json lists them all", count - FEW));
        }
    }

    fn count(&self, severity: Severity) -> usize {
        self.found.iter().filter(|finding| finding.severity() == severity).count()
    }

    /// What is wrong, in a sentence.
    fn verdict(&self) -> String {
        let cases = match (self.count(Severity::Damage), self.count(Severity::Trouble)) {
            (0, trouble) => of(trouble, "trouble"),
            (damage, 0) => of(damage, "damage"),
            (damage, trouble) => format!("{} and {trouble} of trouble", of(damage, "damage")),
        };
        match self.first_broken_generation {
            Some(generation) => format!("{cases}; the log is broken at generation {generation}"),
            None => cases,
        }
    }

    fn summary(&self) -> String {
        let verdict = match (self.sound, self.repaired.is_empty()) {
            (true, true) => "nothing is wrong.".to_owned(),
            (true, false) => "nothing is wrong any more.".to_owned(),
            (false, _) => format!("{}.", self.verdict()),
        };
        let CheckedJson { generations, private_keys, requests, certificates, endpoints, .. } = &self.checked;
        let parts = [
            (*generations, "generation"),
            (*private_keys, "private key"),
            (*requests, "request"),
            (*certificates, "certificate"),
            (*endpoints, "endpoint"),
        ];
        let part = |(count, name): (u64, &str)| format!("{count} {name}{}", if count == 1 { "" } else { "s" });
        format!("Checked {}: {verdict}", parts.map(part).join(", "))
    }
}

fn of(count: usize, kind: &str) -> String {
    format!("{count} case{} of {kind}", if count == 1 { "" } else { "s" })
}
