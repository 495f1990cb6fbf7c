//! `man`: manual pages.

use std::path::PathBuf;

use clap::CommandFactory as _;
use serde::Serialize;

use crate::cli::Cli;
use crate::error::Failure;
use crate::output::{Page, Report};
use crate::outside;

const HELP: &str = "\
Examples:
  keyring man | man -l -
  keyring man make-csr | man -l -
  keyring man --out-dir /usr/local/share/man/man1

Exit codes:
  0  done
  1  a file can't be written
  2  usage, or no such command
  4  a page is there already";

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

#[derive(Serialize, Default)]
pub(crate) struct Outcome {
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<Vec<String>>,
}

impl Report for Outcome {
    fn report(&self, page: &mut Page) {
        if let Some(text) = &self.page {
            page.block(text);
        }
    }

    fn notes(&self, page: &mut Page) {
        if let Some(files) = &self.files {
            page.line(format_args!("Wrote {} pages.", files.len()));
        }
    }
}

pub(crate) fn run(args: &Args) -> Result<Outcome, Failure> {
    let mut root = Cli::command();
    root.build();
    if let Some(folder) = &args.out_dir {
        let commands = root.get_subcommands().filter(|command| command.get_name() != "help").chain([&root]);
        let pages = commands.map(page).collect::<Result<Vec<_>, _>>()?;
        let file = |name: &String| folder.join(format!("{name}.1"));
        pages.iter().try_for_each(|(name, _)| outside::refuse_existing(&file(name), args.force))?;
        pages.iter().try_for_each(|(name, page)| outside::write(&file(name), page.as_bytes(), args.force))?;
        let files = pages.iter().map(|(name, _)| file(name).display().to_string()).collect();
        return Ok(Outcome { files: Some(files), ..Outcome::default() });
    }
    let command = match &args.command {
        None => &root,
        Some(name) => root.find_subcommand(name).ok_or_else(|| Failure::Usage {
            message: format!("there is no command {name}"),
            hint: "`keyring help` names the commands",
        })?,
    };
    Ok(Outcome { page: Some(page(command)?.1), ..Outcome::default() })
}

/// The name and the text of a command's page.
fn page(command: &clap::Command) -> Result<(String, String), Failure> {
    let name = match command.get_name() {
        "keyring" => "keyring".to_owned(),
        command => format!("keyring-{command}"),
    };
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).title(name.to_uppercase()).render(&mut page)?;
    Ok((name, String::from_utf8_lossy(&page).into_owned()))
}
