//! Questions on a terminal. They only fill in what the command line lacks, in the order in which the Key Manager
//! asked, and end with the command line that would have done the same. Ctrl-C at any question changes nothing:
//! nothing is written before the last answer.

pub(crate) mod authority;
pub(crate) mod bind;
mod country;
pub(crate) mod create_key;
pub(crate) mod install_cert;
pub(crate) mod make_csr;
pub(crate) mod places;
pub(crate) mod service;
pub(crate) mod unbind;

use std::fmt::Display;
use std::sync::Arc;

use anyhow::Context as _;
use dialoguer::theme::{ColorfulTheme, SimpleTheme, Theme};
use dialoguer::{Confirm, FuzzySelect, Input, Password, Select};
use keystore::model::KeyBrief;
use keystore::name::KeyPath;
use keystore::ops::list::{ListedService, Scope, list};
use keystore::pki::Passphrase;
use keystore::store::Snapshot;

use crate::context::Context;
use crate::error::Failure;
use crate::interrupt;
use crate::output::{Page, has_colour, say, style};

/// Before any question: Ctrl-C is taken over while the terminal still has the settings to go back to.
fn theme() -> Result<Box<dyn Theme>, Failure> {
    interrupt::install().context("cannot prepare for Ctrl-C")?;
    Ok(if has_colour() { Box::new(ColorfulTheme::default()) } else { Box::new(SimpleTheme) })
}

/// An answer, or the end of the command: Ctrl-C and a closed terminal both mean no.
fn answered<T>(answer: dialoguer::Result<T>) -> Result<T, Failure> {
    answer.map_err(|error| {
        let dialoguer::Error::IO(source) = &error;
        match source.kind() {
            std::io::ErrorKind::Interrupted => {
                interrupt::wait_for_end();
                Failure::Declined
            }
            std::io::ErrorKind::UnexpectedEof => Failure::Declined,
            _ => Failure::Question(error),
        }
    })
}

/// Asks for text until it is accepted.
fn text<E: Display>(
    question: &str,
    default: Option<&str>,
    accept: impl Fn(&str) -> Result<(), E>,
) -> Result<String, Failure> {
    let theme = theme()?;
    let mut input = Input::<String>::with_theme(&*theme).with_prompt(question).allow_empty(true);
    if let Some(default) = default.filter(|default| !default.is_empty()) {
        input = input.default(default.to_owned());
    }
    let accept = |answer: &String| accept(answer.trim()).map_err(|refusal| refusal.to_string());
    Ok(answered(input.validate_with(accept).interact_text())?.trim().to_owned())
}

/// Asks yes or no. The return key ends the answer: one that follows a `y` must not answer the next question.
pub(crate) fn confirm(question: &str, default: bool) -> Result<bool, Failure> {
    let theme = theme()?;
    let confirm = Confirm::with_theme(&*theme).with_prompt(question).default(default).wait_for_newline(true);
    answered(confirm.interact())
}

/// Asks for one of a few.
fn choose(question: &str, items: &[String], default: usize) -> Result<usize, Failure> {
    answered(Select::with_theme(&*theme()?).with_prompt(question).items(items).default(default).interact())
}

/// Asks for one of many, found by typing.
fn search(question: &str, items: &[String], default: usize) -> Result<usize, Failure> {
    answered(FuzzySelect::with_theme(&*theme()?).with_prompt(question).items(items).default(default).interact())
}

/// Asks for the passphrase of a private key that is encrypted.
pub(crate) fn passphrase(question: &str) -> Result<Passphrase, Failure> {
    let answer = answered(Password::with_theme(&*theme()?).with_prompt(question).interact())?;
    Passphrase::new(answer).map_err(|source| Failure::Passphrase { from: "the terminal".to_owned(), source })
}

/// Asks for a passphrase of something that may stay closed; none when the answer is empty.
pub(crate) fn passphrase_if_any(question: &str) -> Result<Option<Passphrase>, Failure> {
    let theme = theme()?;
    let password = Password::with_theme(&*theme).with_prompt(question).allow_empty_password(true);
    Ok(Passphrase::new(answered(password.interact())?).ok())
}

/// Asks twice for a new passphrase.
pub(crate) fn new_passphrase(question: &str) -> Result<Arc<Passphrase>, Failure> {
    let refused = |source| Failure::Passphrase { from: "the terminal".to_owned(), source };
    Ok(Arc::new(Passphrase::new(ask_twice(question, false)?).map_err(refused)?))
}

/// Asks twice for a new passphrase; none when both answers are empty.
fn optional_passphrase(question: &str) -> Result<Option<Arc<Passphrase>>, Failure> {
    Ok(Passphrase::new(ask_twice(question, true)?).ok().map(Arc::new))
}

fn ask_twice(question: &str, allow_empty: bool) -> Result<String, Failure> {
    let theme = theme()?;
    let password = Password::with_theme(&*theme).with_prompt(question).allow_empty_password(allow_empty);
    answered(password.with_confirmation("The same again", "The two differ.").interact())
}

/// Asks which of several private keys is meant.
pub(crate) fn choose_private_key(labels: &[String]) -> Result<usize, Failure> {
    choose("Which private key", labels, 0)
}

/// Asks for one of the keystore's keys, those first that `first` picks.
pub(crate) fn choose_key(
    snapshot: &Snapshot<'_>,
    question: &str,
    first: impl Fn(&KeyBrief<'_>) -> bool + Sync,
) -> Result<KeyPath, Failure> {
    let choice = |key: &KeyBrief<'_>| (!first(key), format!("{} ({})", key.path, key.state()), key.path.clone());
    let choices = |services: &[ListedService<'_>]| -> Vec<_> {
        services.iter().flat_map(|service| &service.keys).map(choice).collect()
    };
    let mut choices = list(snapshot, &Scope::All, |services, _| choices(&services))?.concat();
    choices.sort_by_key(|(last, ..)| *last);
    if choices.is_empty() {
        return Err(Failure::Usage {
            message: "the keystore has no keys yet".to_owned(),
            hint: "`keyring create-key` makes one",
        });
    }
    let labels: Vec<_> = choices.iter().map(|(_, label, _)| label.clone()).collect();
    let chosen = search(question, &labels, 0)?;
    Ok(choices.swap_remove(chosen).2)
}

/// Shows what will be done and asks whether to go on.
fn confirm_summary(title: &str, lines: &[(&str, String)]) -> Result<(), Failure> {
    let mut page = Page::default();
    page.gap();
    page.styled(style::STRONG, title);
    for (name, value) in lines {
        page.field(2, name, value);
    }
    say(&page)?;
    if confirm("Go on?", true)? { Ok(()) } else { Err(Failure::Declined) }
}

/// Shows the command line that does the same without questions.
pub(crate) fn show_command(context: &Context, mut words: Vec<String>) -> Result<(), Failure> {
    if let Some(store) = context.store_flag() {
        words.splice(1..1, ["--store".to_owned(), store.display().to_string()]);
    }
    context.say("The same without questions:")?;
    context.say(format_args!("  {}", shell_words::join(words)))
}

/// Words of a command line.
fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}
