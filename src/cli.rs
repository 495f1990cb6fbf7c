//! The command line: its root, the flags that every command has, the commands.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::commands;

/// The key manager for every TLS service you run
///
/// Keeps private keys, requests and certificates by server and protocol. Changes are staged, listed, thrown away or
/// committed all at once to what your services read.
#[derive(Parser, Debug)]
#[command(name = "keyring", version, max_term_width = 100, after_long_help = ROOT_HELP)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const ROOT_HELP: &str = "\
Addresses:
  KEY       SERVER/PROTOCOL/NAME      mail01/imap/main
  SERVICE   SERVER/PROTOCOL           mail01/imap
  ENDPOINT  SERVER/PROTOCOL@default   mail01/imap@default
            SERVER/PROTOCOL@IP:PORT   mail01/imap@192.0.2.7:993
                                      mail01/imap@[2001:db8::7]:993

The workflow:
  keyring init
  keyring create-key mail01/imap/main
  keyring make-csr mail01/imap/main --cn mail01.example.com --out mail01.csr
  keyring install-cert mail01/imap/main reply.pem
  keyring bind mail01/imap/main mail01/imap@default
  keyring commit

Exit codes:
  0    done or nothing to do
  1    failed
  2    usage
  3    input or plan rejected
  4    conflict with what is there
  5    in use by another process
  6    publishing failed and was undone
  7    keystore damaged
  8    undo incomplete
  9    a remote side failed or refused
  10   waiting for a person or an authority
  11   partly done
  12   findings, where the exit code was to tell of them
  130  interrupted";

/// Flags of every command.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// The keystore's folder [default: $KEYRING_STORE, or /var/lib/keyring for root, or your data folder]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) store: Option<PathBuf>,
    /// Print exactly one JSON document on standard output; ask nothing
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Ask nothing, even on a terminal: fail with exit code 2 where something is missing
    #[arg(long, global = true)]
    pub(crate) no_input: bool,
    /// How long to wait for another process to release the keystore
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 10)]
    pub(crate) lock_wait: u64,
    /// Say nothing but errors and what was asked for
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Say more: which keystore is used
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
}

/// What to do.
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    Init(commands::init::Args),
    CreateKey(commands::create_key::Args),
    MakeCsr(Box<commands::make_csr::Args>),
    ExportCsr(commands::export_csr::Args),
    ExportKey(commands::export_key::Args),
    InstallCert(commands::install_cert::Args),
    SelfSign(Box<commands::self_sign::Args>),
    ImportKey(Box<commands::import_key::Args>),
    SetAuthority(Box<commands::set_authority::Args>),
    ListAuthorities(commands::list_authorities::Args),
    Submit(commands::submit::Args),
    Collect(commands::collect::Args),
    CreateCa(Box<commands::create_ca::Args>),
    SignCsr(commands::sign_csr::Args),
    ListIssued(commands::list_issued::Args),
    Revoke(commands::revoke::Args),
    ExportCrl(commands::export_crl::Args),
    SetRenewal(commands::set_renewal::Args),
    Renew(commands::renew::Args),
    Apply(Box<commands::apply::Args>),
    ExportPlan(commands::export_plan::Args),
    Inspect(commands::inspect::Args),
    Bind(commands::bind::Args),
    Unbind(commands::unbind::Args),
    Status(commands::status::Args),
    Diff(commands::diff::Args),
    Commit(commands::commit::Args),
    Publish(commands::publish::Args),
    SetService(Box<commands::set_service::Args>),
    ShowService(commands::show_service::Args),
    Discard(commands::discard::Args),
    CopyKey(commands::copy_key::Args),
    RenameKey(commands::rename_key::Args),
    DeleteKey(commands::delete_key::Args),
    MarkCompromised(commands::mark_compromised::Args),
    Rollback(commands::rollback::Args),
    List(commands::list::Args),
    Show(commands::show::Args),
    Verify(commands::verify::Args),
    Probe(commands::probe::Args),
    Check(commands::check::Args),
    Log(commands::log::Args),
    Backup(commands::backup::Args),
    Restore(commands::restore::Args),
    Prune(commands::prune::Args),
    Doctor(commands::doctor::Args),
    Demo(commands::demo::Args),
    Completions(commands::completions::Args),
    Man(commands::man::Args),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_well_formed() {
        super::Cli::command().debug_assert();
    }

    #[test]
    fn every_command_shows_examples_and_exit_codes() {
        for command in super::Cli::command().get_subcommands() {
            let help = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains("Examples:\n"), "{} lacks examples", command.get_name());
            assert!(help.contains("Exit codes:"), "{} lacks exit codes", command.get_name());
            assert!(help.lines().all(|line| line.len() <= 80), "{} is too wide for a terminal", command.get_name());
            assert!(command.get_about().is_some(), "{} says not what it does", command.get_name());
        }
    }
}
