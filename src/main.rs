//! `keyring`, the command-line key manager.

mod authority;
mod cli;
mod commands;
mod context;
mod deadline;
mod demo;
mod error;
mod exit;
mod fetch;
mod hook;
mod interrupt;
mod output;
mod outside;
mod probe;
mod prompt;
mod publish;
mod usage;

use std::process::ExitCode;

use clap::Parser as _;

use crate::cli::Cli;
use crate::error::Failure;
use crate::exit::Exit;
use crate::output::Printer;

fn main() -> ExitCode {
    let exit = match Cli::try_parse_from(outside::arguments()) {
        Ok(cli) => run(cli),
        Err(error) => usage::refuse(&error),
    };
    match exit {
        Ok(exit) => exit.into(),
        // Whoever reads the output has gone: there is nobody to tell.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Exit::Failed.into(),
        Err(error) => {
            let failure = Failure::Output(error);
            Printer::Human.fail("keyring", &failure).unwrap_or(Exit::Failed).into()
        }
    }
}

fn run(cli: Cli) -> std::io::Result<Exit> {
    let printer = Printer::new(cli.global.json, cli.global.quiet);
    let name = cli.command.name();
    if printer.is_json() {
        interrupt::tell_in_json(name);
    }
    match commands::run(cli) {
        Ok(exit) => Ok(exit),
        Err(Failure::Output(error)) => Err(error),
        Err(failure) => printer.fail(name, &failure),
    }
}
