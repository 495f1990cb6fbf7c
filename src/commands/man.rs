//! `man`: manual pages.

use std::path::PathBuf;

use clap::CommandFactory as _;

use crate::cli::Cli;
use crate::error::Failure;
use crate::exit::Exit;
use crate::{output, outside};

const HELP: &str = "\
Examples:
  keyring man | man -l -
  keyring man make-csr | man -l -
  keyring man --out-dir /usr/local/share/man/man1

Exit codes:
  0 done   1 a file can't be written   2 usage, or no such command   4 a page is there already";

/// Print a manual page
///
/// That of the program, or of one command; or all of them, each to a file.
#[derive(clap::Args, Debug)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
    /// A command
    command: Option<String>,
    /// Write all pages to this folder
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    out_dir: Option<PathBuf>,
    /// Replace pages that are there
    #[arg(long, requires = "out_dir")]
    force: bool,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let mut root = Cli::command();
    root.build();
    if let Some(folder) = &args.out_dir {
        for command in root.get_subcommands().filter(|command| command.get_name() != "help").chain([&root]) {
            let (name, page) = page(command)?;
            outside::write(&folder.join(format!("{name}.1")), &page, args.force)?;
        }
        return Ok(Exit::Done);
    }
    let command = match &args.command {
        None => &root,
        Some(name) => root.find_subcommand(name).ok_or_else(|| Failure::Usage {
            message: format!("there is no command {name}"),
            hint: "`keyring help` names the commands",
        })?,
    };
    output::plain(&page(command)?.1)?;
    Ok(Exit::Done)
}

/// The name and the text of a command's page.
fn page(command: &clap::Command) -> Result<(String, Vec<u8>), Failure> {
    let name = match command.get_name() {
        "keyring" => "keyring".to_owned(),
        command => format!("keyring-{command}"),
    };
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).title(name.to_uppercase()).render(&mut page)?;
    Ok((name, page))
}
