//! `keyring`, the command-line key manager.

mod cli;
mod commands;
mod context;
mod demo;
mod error;
mod exit;
mod interrupt;
mod output;
mod outside;
mod prompt;
mod publish;

use std::process::ExitCode;

use anyhow::Context as _;
use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser as _};

use crate::cli::Cli;
use crate::error::Failure;
use crate::exit::Exit;
use crate::output::Printer;

fn main() -> ExitCode {
    let exit = match Cli::try_parse_from(outside::arguments()) {
        Ok(cli) => run(cli),
        Err(error) => refuse(&error),
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
    let result = interrupt::install()
        .context("cannot prepare for Ctrl-C")
        .map_err(Failure::from)
        .and_then(|_| commands::run(cli));
    match result {
        Ok(exit) => Ok(exit),
        Err(Failure::Output(error)) => Err(error),
        Err(failure) => printer.fail(name, &failure),
    }
}

/// What clap has to say: help and version as they are; a mistake as an error, in JSON when that was asked for.
fn refuse(error: &clap::Error) -> std::io::Result<Exit> {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        error.print()?;
        return Ok(Exit::Done);
    }
    let arguments = outside::arguments();
    if arguments.iter().any(|argument| argument == "--json") {
        let text = error.render().to_string();
        let message = text.trim().trim_start_matches("error: ").to_owned();
        let root = Cli::command();
        let command = root.get_subcommands().map(clap::Command::get_name);
        let command = command.into_iter().find(|name| arguments.iter().any(|argument| argument == name));
        return Printer::Json.fail(command.unwrap_or("keyring"), &Failure::Arguments(message));
    }
    error.print()?;
    Ok(Exit::Usage)
}
