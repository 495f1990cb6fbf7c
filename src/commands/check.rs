//! `check`: one verdict for monitoring.

mod nagios;
mod prometheus;
mod report;

use std::path::{Path, PathBuf};
use std::time::Duration;

use keystore::name::{Endpoint, KeyPath, ServicePath};
use keystore::ops::check::{self as op, Finding, Limits, Matter, Severity, Threshold};
use keystore::store::Snapshot;
use keystore::timestamp::Timestamp;

use super::live::{Eye, Live};
use super::trust::TrustArgs;
use crate::context::Context;
use crate::error::Failure;
use crate::exit::{Exit, PluginExit};
use crate::output::Problem as _;
use crate::outside::{self, NewFile};
use crate::probe::Fault;
use report::Outcome;

const HELP: &str = "\
Examples:
  keyring check
  keyring check mail01/imap --warning 21 --critical 7
  keyring check --warning 40% --no-probe
  keyring check --nagios --roots /etc/ssl/our-ca.pem
  keyring check --prometheus /var/lib/node_exporter/keyring.prom

Looks at the certificate that each key runs on, at what lies in the folder of
each endpoint, at what each service serves by a handshake, at how publishing
went, and at what waits for a commit. Nothing is changed.

Handshakes are made where a commit proves: at what `set-service --probe` said,
at the addresses of endpoints, and at the usual places of services that are
told of new files.

T is a number of days (21) or a share of the lifetime (33%): less than that has
to be left. Of a certificate that lives no longer than the days that are named,
what counts is a third of its life (--warning) or a tenth (--critical).

--nagios prints what monitoring plug-ins print and ends as they do: 0 OK,
1 WARNING, 2 CRITICAL, 3 UNKNOWN, which is also what every error ends with.
--prometheus writes metrics for the textfile collector of node_exporter, whole
or not at all, readable for all; what was found stands in them.

Exit codes:
  0    nothing, or notes alone; with --prometheus, the file is written
  1    failed
  2    usage
  3    a name, the roots or a revocation list refused
  4    no keystore, or nothing there of a SERVICE
  7    keystore damaged
  12   warnings, something critical, or something could not be looked at
  130  interrupted";

/// Say in one verdict whether all is well, for monitoring
///
/// Certificates that end soon, services that serve something else than was committed, publications that failed: for a person, as
/// JSON, as a plug-in of Nagios and Icinga, or as metrics for Prometheus.
#[derive(clap::Args, Debug)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
    /// Services: SERVER/PROTOCOL [default: all]
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// Warn when less than this is left: DAYS, or a share of the lifetime [default: a third]
    #[arg(long, value_name = "T")]
    warning: Option<Threshold>,
    /// The same for what is critical [default: a tenth]
    #[arg(long, value_name = "T")]
    critical: Option<Threshold>,
    /// Connect to nothing
    #[arg(long)]
    no_probe: bool,
    /// How long to wait for each service altogether
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
    /// Print and end as a plug-in of Nagios or Icinga
    #[arg(long, conflicts_with = "prometheus")]
    nagios: bool,
    /// Write metrics to this file, in place of one that is there
    #[arg(long, value_name = "FILE")]
    prometheus: Option<PathBuf>,
    #[command(flatten)]
    trust: TrustArgs,
}

pub(crate) fn run(context: &Context, args: &Args) -> Result<Exit, Failure> {
    if args.nagios {
        return plugin(context, args);
    }
    if let Some(file) = &args.prometheus {
        outside::refuse_existing(file, true)?;
    }
    let outcome = look(context, args)?;
    if let Some(file) = &args.prometheus {
        write_metrics(file, &outcome)?;
    }
    Ok(context.printer.finish(context.command, &outcome)?)
}

/// Whatever happens, one line that says so and an exit code of plug-ins.
fn plugin(context: &Context, args: &Args) -> Result<Exit, Failure> {
    let looked = match context.printer.is_json() {
        true => Err(Failure::Usage {
            message: "--nagios prints what plug-ins print, and --json one document".to_owned(),
            hint: "leave one of them out",
        }),
        false => look(context, args),
    };
    let (page, exit) = match looked {
        Ok(outcome) => (nagios::page(&outcome), PluginExit::of(op::verdict(&outcome.findings))),
        Err(failure) => (nagios::failed(&failure.message(), failure.hint().as_deref()), PluginExit::Unknown),
    };
    crate::output::print(&page)?;
    Ok(Exit::Plugin(exit))
}

/// What clap refused, to a plug-in's caller.
pub(crate) fn refuse_as_plugin(message: &str, hint: &str) -> std::io::Result<Exit> {
    crate::output::print(&nagios::failed(message, Some(hint)))?;
    Ok(Exit::Plugin(PluginExit::Unknown))
}

fn write_metrics(file: &Path, outcome: &Outcome) -> Result<(), Failure> {
    use std::io::Write as _;
    let text = prometheus::text(outcome);
    let mut metrics = NewFile::create(file, 0o644, true)?;
    metrics.write_all(text.as_bytes())?;
    Ok(metrics.finish()?)
}

fn limits(args: &Args) -> Result<Limits, Failure> {
    let usual = Limits::default();
    let limits =
        Limits { warning: args.warning.unwrap_or(usual.warning), critical: args.critical.unwrap_or(usual.critical) };
    if limits.are_reversed() {
        let message = format!("--critical {} would come before --warning {}", limits.critical, limits.warning);
        return Err(Failure::Usage { message, hint: "less must be left for what is critical" });
    }
    Ok(limits)
}

fn look(context: &Context, args: &Args) -> Result<Outcome, Failure> {
    let limits = limits(args)?;
    let services = args.services.iter().map(|service| service.parse()).collect::<Result<Vec<ServicePath>, _>>()?;
    let keystore = context.keystore()?;
    let snapshot = keystore.read()?;
    let outcome = look_at(context, args, &snapshot, &services, &limits)?;
    // what was committed while it was looked at is no drift
    let newer = keystore.read()?;
    match op::verdict(&outcome.findings) {
        Some(_) if newer.generation() != snapshot.generation() => look_at(context, args, &newer, &services, &limits),
        _ => Ok(outcome),
    }
}

fn look_at(
    context: &Context,
    args: &Args,
    snapshot: &Snapshot<'_>,
    services: &[ServicePath],
    limits: &Limits,
) -> Result<Outcome, Failure> {
    let now = context.world().now();
    let report = op::check(snapshot, services, limits, now)?;
    let mut findings = report.findings;
    let trust = match args.no_probe {
        true => None,
        false => Some(args.trust.resolve(false)?),
    };
    let live = match &trust {
        Some(trust) => {
            let eye = Eye { context, trust, within: Duration::from_secs(args.timeout) };
            Some(eye.look(snapshot, &report.standings)?)
        }
        None => None,
    };
    for (standing, seen) in report.standings.iter().filter_map(|one| Some((one, live.as_ref()?.get(&one.endpoint)?))) {
        let Some(committed) = &standing.committed else { continue };
        let of_door = |live| of_live(&committed.pair.key, &standing.endpoint, live, limits, now);
        findings.extend(seen.iter().flat_map(of_door));
    }
    op::sort(&mut findings);
    Ok(Outcome {
        findings,
        standings: report.standings,
        stored: report.stored,
        live,
        now,
        roots: trust.map(|trust| trust.source()),
        metrics: args.prometheus.clone(),
    })
}

/// What is to be said of what one door showed.
fn of_live(key: &KeyPath, endpoint: &Endpoint, live: &Live, limits: &Limits, now: Timestamp) -> Vec<Finding> {
    let url = live.door.url.to_string();
    let fault = match &live.seen {
        Ok(Ok(judged)) => return op::served(key, endpoint, &url, judged, limits, now),
        Ok(Err(error)) => (Severity::Critical, Matter::Unreadable { url, reason: error.to_string() }),
        Err(_) if live.is_nobody() => (Severity::Note, Matter::NobodyThere { url }),
        // that nothing was asked says nothing of the service
        Err(fault @ (Fault::Nowhere | Fault::Name { .. })) => {
            (Severity::Unknown, Matter::NotAsked { reason: fault.to_string() })
        }
        Err(fault) => (Severity::Critical, Matter::Unreachable { url, reason: fault.to_string() }),
    };
    vec![Finding::of_endpoint(fault.0, key, endpoint, fault.1)]
}
