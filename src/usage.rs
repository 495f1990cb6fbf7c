//! What clap has to say: help and version as they are; a mistake as an error, in JSON when that was asked for.

use std::ffi::OsString;
use std::io;

use clap::CommandFactory as _;
use clap::builder::Styles;
use clap::error::ErrorKind;

use crate::cli::Cli;
use crate::commands::check;
use crate::error::Failure;
use crate::exit::Exit;
use crate::output::{self, Page, Printer, Problem as _, steers};
use crate::outside;

/// Reports what clap returned instead of a command.
pub(crate) fn refuse(error: &clap::Error) -> io::Result<Exit> {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        error.print()?;
        return Ok(Exit::Done);
    }
    let arguments = outside::arguments();
    if arguments.iter().any(|argument| argument == "--nagios") && command(&arguments).as_deref() == Some("check") {
        let failure = failure(error, Some("check"));
        return check::refuse_as_plugin(&failure.message(), &failure.hint().unwrap_or_default());
    }
    if !arguments.iter().any(|argument| argument == "--json") {
        tell(error, &arguments)?;
        return Ok(Exit::Usage);
    }
    let command = command(&arguments);
    Printer::Json.fail(command.as_deref().unwrap_or("keyring"), &failure(error, command.as_deref()))
}

/// Tells a person, in clap's own words. It repeats the arguments, which others may have written: where they would steer
/// the terminal, it says it again without styles, which could not be told from theirs.
fn tell(error: &clap::Error, arguments: &[OsString]) -> io::Result<()> {
    if !arguments.iter().any(|argument| argument.to_string_lossy().contains(steers)) {
        return error.print();
    }
    let unstyled = Cli::command().styles(Styles::plain()).try_get_matches_from(arguments).err();
    let text = unstyled.map_or_else(|| error.render().to_string(), |error| error.render().ansi().to_string());
    let mut page = Page::default();
    for line in text.lines() {
        page.line(line);
    }
    output::say(&page)
}

/// The command that is meant, as far as the arguments tell.
fn command(arguments: &[OsString]) -> Option<String> {
    let root = Cli::command();
    let mut words = arguments.iter().skip(1).filter_map(|argument| argument.to_str());
    while let Some(word) = words.next() {
        if matches!(word, "--store" | "--lock-wait") {
            words.next();
        } else if !word.starts_with('-') {
            return root.find_subcommand(word).map(|command| command.get_name().to_owned());
        }
    }
    None
}

/// What is wrong in one sentence, and what to do in another: clap writes paragraphs for a terminal.
fn failure(error: &clap::Error, command: Option<&str>) -> Failure {
    let help = match command {
        Some(command) => format!("`keyring {command} --help` shows what it takes"),
        None => "`keyring --help` names the commands".to_owned(),
    };
    if matches!(error.kind(), ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand) {
        return Failure::Arguments { message: "no command is given".to_owned(), hint: help };
    }
    let text = error.render().to_string();
    let mut paragraphs = text.split("\n\n").map(|paragraph| paragraph.split_whitespace().collect::<Vec<_>>().join(" "));
    let message = paragraphs.next().unwrap_or_default();
    let tip = paragraphs.find_map(|paragraph| Some(paragraph.strip_prefix("tip: ")?.to_owned()));
    let hint = tip.map_or_else(|| help.clone(), |tip| format!("{tip}; {help}"));
    Failure::Arguments { message: message.trim_start_matches("error: ").to_owned(), hint }
}
