//! The commands: one file each, named as its use case in `keystore::ops`. Each has its flags (`Args`), turns them
//! into a request, and reports the outcome.

pub(crate) mod apply;
pub(crate) mod backup;
pub(crate) mod bind;
pub(crate) mod check;
pub(crate) mod collect;
pub(crate) mod commit;
pub(crate) mod completions;
pub(crate) mod copy_key;
pub(crate) mod create_ca;
pub(crate) mod create_key;
pub(crate) mod delete_key;
pub(crate) mod demo;
mod destination;
pub(crate) mod diff;
pub(crate) mod discard;
pub(crate) mod doctor;
mod errand;
pub(crate) mod export_crl;
pub(crate) mod export_csr;
pub(crate) mod export_key;
pub(crate) mod export_plan;
pub(crate) mod import_key;
pub(crate) mod init;
pub(crate) mod inspect;
pub(crate) mod install_cert;
pub(crate) mod list;
pub(crate) mod list_authorities;
pub(crate) mod list_issued;
mod live;
mod local_ca;
pub(crate) mod log;
pub(crate) mod make_csr;
pub(crate) mod man;
pub(crate) mod mark_compromised;
mod opening;
mod passphrase;
pub(crate) mod probe;
pub(crate) mod prune;
pub(crate) mod publish;
pub(crate) mod rename_key;
pub(crate) mod renew;
pub(crate) mod restore;
pub(crate) mod revoke;
pub(crate) mod rollback;
pub(crate) mod self_sign;
pub(crate) mod set_authority;
pub(crate) mod set_renewal;
pub(crate) mod set_service;
pub(crate) mod show;
pub(crate) mod show_service;
pub(crate) mod sign_csr;
mod standing;
pub(crate) mod status;
mod subject;
pub(crate) mod submit;
mod trust;
pub(crate) mod unbind;
pub(crate) mod verify;
mod word;

use crate::cli::{Cli, Command};
use crate::context::Context;
use crate::error::Failure;
use crate::exit::Exit;

impl Command {
    /// The command's name, as it is typed and as JSON and records name it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Init(_) => "init",
            Self::CreateKey(_) => "create-key",
            Self::MakeCsr(_) => "make-csr",
            Self::ExportCsr(_) => "export-csr",
            Self::ExportKey(_) => "export-key",
            Self::InstallCert(_) => "install-cert",
            Self::CreateCa(_) => "create-ca",
            Self::SignCsr(_) => "sign-csr",
            Self::Revoke(_) => "revoke",
            Self::ExportCrl(_) => "export-crl",
            Self::ListIssued(_) => "list-issued",
            Self::SelfSign(_) => "self-sign",
            Self::ImportKey(_) => "import-key",
            Self::SetAuthority(_) => "set-authority",
            Self::ListAuthorities(_) => "list-authorities",
            Self::Submit(_) => "submit",
            Self::Collect(_) => "collect",
            Self::SetRenewal(_) => "set-renewal",
            Self::Renew(_) => "renew",
            Self::Apply(_) => "apply",
            Self::ExportPlan(_) => "export-plan",
            Self::Inspect(_) => "inspect",
            Self::Bind(_) => "bind",
            Self::Unbind(_) => "unbind",
            Self::Status(_) => "status",
            Self::Diff(_) => "diff",
            Self::Commit(_) => "commit",
            Self::Publish(_) => "publish",
            Self::SetService(_) => "set-service",
            Self::ShowService(_) => "show-service",
            Self::Discard(_) => "discard",
            Self::CopyKey(_) => "copy-key",
            Self::RenameKey(_) => "rename-key",
            Self::DeleteKey(_) => "delete-key",
            Self::MarkCompromised(_) => "mark-compromised",
            Self::Rollback(_) => "rollback",
            Self::List(_) => "list",
            Self::Show(_) => "show",
            Self::Verify(_) => "verify",
            Self::Probe(_) => "probe",
            Self::Check(_) => "check",
            Self::Log(_) => "log",
            Self::Doctor(_) => "doctor",
            Self::Backup(_) => "backup",
            Self::Restore(_) => "restore",
            Self::Prune(_) => "prune",
            Self::Demo(_) => "demo",
            Self::Completions(_) => "completions",
            Self::Man(_) => "man",
        }
    }
}

/// Runs a command and prints what it reports.
pub(crate) fn run(cli: Cli) -> Result<Exit, Failure> {
    let context = Context::new(cli.global, cli.command.name());
    dispatch(&context, cli.command)
}

/// Runs a command in a context.
pub(crate) fn dispatch(context: &Context, command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Init(args) => report(context, &init::run(context, &args)?),
        Command::CreateKey(args) => create_key::run(context, &args),
        Command::MakeCsr(args) => report(context, &make_csr::run(context, &args)?),
        Command::ExportCsr(args) => report(context, &export_csr::run(context, &args)?),
        Command::ExportKey(args) => report(context, &export_key::run(context, &args)?),
        Command::InstallCert(args) => report(context, &install_cert::run(context, &args)?),
        Command::SelfSign(args) => report(context, &self_sign::run(context, &args)?),
        Command::ImportKey(args) => report(context, &import_key::run(context, &args)?),
        Command::SetAuthority(args) => report(context, &set_authority::run(context, &args)?),
        Command::ListAuthorities(args) => report(context, &list_authorities::run(context, &args)?),
        Command::Submit(args) => report(context, &submit::run(context, &args)?),
        Command::Collect(args) => report(context, &collect::run(context, &args)?),
        Command::CreateCa(args) => report(context, &create_ca::run(context, &args)?),
        Command::SignCsr(args) => report(context, &sign_csr::run(context, &args)?),
        Command::ListIssued(args) => report(context, &list_issued::run(context, &args)?),
        Command::Revoke(args) => report(context, &revoke::run(context, &args)?),
        Command::ExportCrl(args) => report(context, &export_crl::run(context, &args)?),
        Command::SetRenewal(args) => report(context, &set_renewal::run(context, &args)?),
        Command::Renew(args) => report(context, &renew::run(context, &args)?),
        Command::Apply(args) if args.schema => report(context, &apply::schema()),
        Command::Apply(args) => report(context, &apply::run(context, &args)?),
        Command::ExportPlan(args) => report(context, &export_plan::run(context, &args)?),
        Command::Inspect(args) => report(context, &inspect::run(context, &args)?),
        Command::Bind(args) => report(context, &bind::run(context, &args)?),
        Command::Unbind(args) => report(context, &unbind::run(context, &args)?),
        Command::Status(args) => report(context, &status::run(context, &args)?),
        Command::Diff(args) => report(context, &diff::run(context, &args)?),
        Command::Commit(args) => report(context, &commit::run(context, &args)?),
        Command::Publish(args) => report(context, &publish::run(context, &args)?),
        Command::SetService(args) => report(context, &set_service::run(context, &args)?),
        Command::ShowService(args) => report(context, &show_service::run(context, &args)?),
        Command::Discard(args) => report(context, &discard::run(context, &args)?),
        Command::CopyKey(args) => report(context, &copy_key::run(context, &args)?),
        Command::RenameKey(args) => report(context, &rename_key::run(context, &args)?),
        Command::DeleteKey(args) => report(context, &delete_key::run(context, &args)?),
        Command::MarkCompromised(args) => report(context, &mark_compromised::run(context, &args)?),
        Command::Rollback(args) => report(context, &rollback::run(context, &args)?),
        Command::List(args) => list::run(context, &args),
        Command::Show(args) => report(context, &show::run(context, &args)?),
        Command::Verify(args) => report(context, &verify::run(context, &args)?),
        Command::Probe(args) => report(context, &probe::run(context, &args)?),
        Command::Check(args) => check::run(context, &args),
        Command::Log(args) if args.head => report(context, &log::head(context)?),
        Command::Log(log::Args { keys_read: Some(key), limit, .. }) => {
            report(context, &log::keys_read(context, key.as_deref(), limit)?)
        }
        Command::Log(args) => report(context, &log::run(context, &args)?),
        Command::Doctor(args) => report(context, &doctor::run(context, &args)?),
        Command::Backup(args) => report(context, &backup::run(context, &args)?),
        Command::Restore(args) => report(context, &restore::run(context, &args)?),
        Command::Prune(args) => report(context, &prune::run(context, &args)?),
        Command::Demo(args) => demo::run(context, &args),
        Command::Completions(args) => report(context, &completions::run(&args)?),
        Command::Man(args) => report(context, &man::run(&args)?),
    }
}

fn report(context: &Context, report: &(impl crate::output::Report + serde::Serialize)) -> Result<Exit, Failure> {
    Ok(context.printer.finish(context.command, report)?)
}
