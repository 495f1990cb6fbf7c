//! `prune`: what no kept generation needs is removed.

use std::collections::BTreeSet;
use std::num::NonZeroU64;

use keystore::model::{Generation, VersionNumber};
use keystore::name::KeyPath;
use keystore::ops::prune as op;
use keystore::store::{PrunePlan, PruneRequest, ServerCut, Snapshot};
use serde::Serialize;

use crate::context::Context;
use crate::error::Failure;
use crate::output::{Page, Report, say, style};
use crate::{prompt, publish};

const HELP: &str = "\
Examples:
  keyring prune --keep 20 --dry-run
  keyring prune --keep 20 --keys --yes
  keyring prune --keep 1 --pending mail01/imap/old --live

The newest generations stay, with everything that they or the stage need.
Records before them give way to one that keeps their last hash, so that the
log can still be verified. What was removed is gone: `keyring backup
--history` first keeps it.

A private key that may wait for a certificate goes only when it is named with
--pending. Numbers of versions are never used again.

Exit codes:
  0    done, or nothing to remove
  1    failed
  2    usage, or --yes is missing
  3    a name refused
  4    no keystore, no such key, or nothing of it that waits
  5    in use
  7    keystore damaged: nothing is removed
  130  interrupted";

/// Remove what no kept generation needs
///
/// Shows what would go, and asks.
#[derive(clap::Args, Debug)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
    /// How many of the newest generations stay
    #[arg(long, value_name = "N")]
    keep: NonZeroU64,
    /// Remove private keys too that none of them needs
    #[arg(long)]
    keys: bool,
    /// Remove the private key of KEY that waits for a certificate; repeatable
    #[arg(long, value_name = "KEY")]
    pending: Vec<String>,
    /// Remove the files of endpoints that are bound to nothing
    #[arg(long)]
    live: bool,
    /// Say what would go, and do nothing
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

#[derive(Serialize)]
struct VersionJson {
    key: String,
    version: u32,
}

#[derive(Serialize)]
struct CertificateJson {
    key: String,
    version: u32,
    certificate: u32,
}

#[derive(Serialize, Clone)]
struct InstalledJson {
    endpoint: String,
    path: String,
}

#[derive(Serialize)]
pub(crate) struct Outcome {
    pruned: bool,
    generation: u64,
    cut_off_through: Option<u64>,
    records: Vec<u64>,
    state_files: usize,
    certificates: Vec<CertificateJson>,
    private_keys: Vec<VersionJson>,
    pending: Vec<VersionJson>,
    waiting: Vec<VersionJson>,
    left_over: Vec<VersionJson>,
    endpoints: Vec<String>,
    /// Files outside the keystore that stay.
    installed: Vec<InstalledJson>,
    #[serde(skip)]
    is_empty: bool,
}

type Version = (KeyPath, VersionNumber);

fn versions(plan: &PrunePlan, which: fn(&ServerCut) -> &BTreeSet<Version>) -> Vec<VersionJson> {
    let all = plan.servers.values().flat_map(which);
    all.map(|(key, version)| VersionJson { key: key.to_string(), version: version.0 }).collect()
}

impl Outcome {
    fn of(plan: &PrunePlan, installed: &[InstalledJson], pruned: bool) -> Self {
        let certificates = plan.servers.values().flat_map(|cut| &cut.certificates);
        Self {
            pruned,
            generation: plan.generation.0,
            cut_off_through: (plan.through > Generation::EMPTY).then_some(plan.through.0),
            records: plan.records.iter().map(|generation| generation.0).collect(),
            state_files: plan.objects.len(),
            certificates: certificates
                .map(|(key, version, number)| CertificateJson {
                    key: key.to_string(),
                    version: version.0,
                    certificate: number.0,
                })
                .collect(),
            private_keys: versions(plan, |cut| &cut.private_keys),
            pending: versions(plan, |cut| &cut.pending),
            waiting: if plan.request.keys { versions(plan, |cut| &cut.waiting) } else { Vec::new() },
            left_over: versions(plan, |cut| &cut.left_over),
            endpoints: plan.live.iter().map(ToString::to_string).collect(),
            installed: installed.to_vec(),
            is_empty: plan.is_empty(),
        }
    }

    fn list(&self, page: &mut Page) {
        match self.records[..] {
            [] => {}
            [only] => _ = page.line(format_args!("  the record of generation {only}")),
            [first, .., last] => _ = page.line(format_args!("  the records of generations {first} to {last}")),
        }
        let mut counted = |count: usize, one: &str, more: &str| match count {
            0 => {}
            1 => _ = page.line(format_args!("  1 {one}")),
            _ => _ = page.line(format_args!("  {count} {more}")),
        };
        counted(self.state_files, "file of the state", "files of the state");
        counted(self.certificates.len(), "certificate with its chain", "certificates with their chains");
        counted(self.left_over.len(), "folder that an earlier prune left", "folders that an earlier prune left");
        few(page, &self.private_keys, |VersionJson { key, version }| {
            format!("  the private key of {key}, version {version}")
        });
        for VersionJson { key, version } in &self.pending {
            page.line(format_args!("  the private key of {key}, version {version}, which may wait for a certificate"));
        }
        few(page, &self.endpoints, |endpoint| format!("  the files of {endpoint}"));
    }
}

/// The first of many; `--json` has all.
fn few<T>(page: &mut Page, items: &[T], line: impl Fn(&T) -> String) {
    const FEW: usize = 20;
    for item in items.iter().take(FEW) {
        page.line(line(item));
    }
    if items.len() > FEW {
        page.line(format_args!("  and {} more", items.len() - FEW));
    }
}

impl Report for Outcome {
    fn notes(&self, page: &mut Page) {
        if self.is_empty {
            page.line("There is nothing to remove.");
        } else {
            if self.pruned {
                page.tagged(style::GOOD, "Removed", "for good:");
            } else {
                page.line("A prune would remove this for good:");
            }
            self.list(page);
        }
        for InstalledJson { endpoint, path } in &self.installed {
            page.line(format_args!("Left: {path}, of {endpoint}. Remove it when nothing reads it any more."));
        }
        match &self.waiting[..] {
            [] => {}
            [VersionJson { key, version }] => {
                let text =
                    format_args!("Kept: the private key of {key}, version {version}, may wait for a certificate.");
                page.line(text);
            }
            more => _ = page.line(format_args!("Kept: {} private keys that may wait for a certificate.", more.len())),
        }
    }
}

pub(crate) fn run(context: &Context, args: &Args) -> Result<Outcome, Failure> {
    let pending = args.pending.iter().map(|key| key.parse()).collect::<Result<_, _>>()?;
    let request = PruneRequest { keep: args.keep, keys: args.keys, pending, live: args.live };
    let keystore = context.keystore()?;
    let snapshot = keystore.read()?;
    let plan = op::plan(&snapshot, &request, &context.progress())?;
    let installed = installed(&snapshot, &plan)?;
    drop(snapshot);
    if plan.is_empty() || args.dry_run {
        return Ok(Outcome::of(&plan, &installed, false));
    }
    if !args.yes {
        agree(context, &plan, &installed)?;
    }
    Ok(Outcome::of(&op::prune(&keystore, &plan, &context.progress())?, &installed, true))
}

/// The files outside the keystore of the endpoints whose files go: others may read them by now, and they stay.
fn installed(snapshot: &Snapshot<'_>, plan: &PrunePlan) -> Result<Vec<InstalledJson>, Failure> {
    let mut installed = Vec::new();
    for endpoint in &plan.live {
        let files = snapshot.installed_files(endpoint, publish::placed)?;
        installed
            .extend(files.iter().map(|path| InstalledJson { endpoint: endpoint.to_string(), path: path.to_string() }));
    }
    Ok(installed)
}

/// Shows what would go, and asks.
fn agree(context: &Context, plan: &PrunePlan, installed: &[InstalledJson]) -> Result<(), Failure> {
    if !context.can_ask() {
        return Err(Failure::Missing { what: "a confirmation", flag: "--yes (--dry-run shows what would go)" });
    }
    let mut page = Page::default();
    Outcome::of(plan, installed, false).notes(&mut page);
    say(&page)?;
    if prompt::confirm("Remove it?", false)? { Ok(()) } else { Err(Failure::Declined) }
}
