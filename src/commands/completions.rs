//! `completions`: for the shell.

use clap::CommandFactory as _;
use clap_complete::Shell;
use serde::Serialize;

use crate::cli::Cli;
use crate::error::Failure;
use crate::output::{Page, Report};

const HELP: &str = "\
Examples:
  keyring completions bash > /etc/bash_completion.d/keyring
  keyring completions zsh > ~/.zfunc/_keyring
  keyring completions fish > ~/.config/fish/completions/keyring.fish

Exit codes:
  0  done
  1  failed
  2  usage";

/// Print a completion script for a shell
///
/// Standard output gets the script, to be put where the shell looks for such.
#[derive(clap::Args, Debug)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

#[derive(Serialize)]
pub(crate) struct Outcome {
    shell: String,
    script: String,
}

impl Report for Outcome {
    fn report(&self, page: &mut Page) {
        page.block(&self.script);
    }
}

pub(crate) fn run(args: &Args) -> Result<Outcome, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "keyring", &mut script);
    Ok(Outcome { shell: args.shell.to_string(), script: String::from_utf8_lossy(&script).into_owned() })
}
