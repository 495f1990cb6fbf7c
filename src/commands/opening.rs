//! Files from outside, recognised, and opened with the passphrases that are named or asked for.

use keystore::pki::{Budget, Item, Passphrase};

use crate::context::Context;
use crate::error::Failure;
use crate::prompt;

/// How a file is called to people.
pub(super) fn shown(name: &str) -> String {
    if name == "-" { "standard input".to_owned() } else { name.to_owned() }
}

/// Refuses a list of files that names standard input twice.
pub(super) fn refuse_two_inputs<'a>(files: impl IntoIterator<Item = &'a String>) -> Result<(), Failure> {
    if files.into_iter().filter(|file| *file == "-").count() > 1 {
        return Err(Failure::Usage { message: "standard input is named twice".to_owned(), hint: "give - once" });
    }
    Ok(())
}

/// Opens what is encrypted: with no passphrase, with those that are named, with one that is asked for.
pub(super) fn open(
    context: &Context,
    name: &str,
    items: Vec<Item>,
    passphrases: &[Passphrase],
) -> Result<Vec<Item>, Failure> {
    let (mut opened, mut budget) = (Vec::new(), Budget::default());
    for item in items {
        let place = item.place;
        let mut tried = item.unlock(None, &mut budget);
        for passphrase in passphrases {
            tried = retry(tried, passphrase, &mut budget);
        }
        // standard input holds the file and no answers
        let mut tries = if context.can_ask() && name != "-" { 3 } else { 0 };
        while tries > 0 && is_closed(&tried) {
            let question = format!("Passphrase of {name}, {place} (empty: leave it closed)");
            let Some(passphrase) = prompt::passphrase_if_any(&question)? else { break };
            tried = retry(tried, &passphrase, &mut budget);
            tries -= 1;
        }
        opened.extend(tried);
    }
    Ok(opened)
}

fn is_closed(items: &[Item]) -> bool {
    matches!(items, [item] if item.is_closed())
}

fn retry(items: Vec<Item>, passphrase: &Passphrase, budget: &mut Budget) -> Vec<Item> {
    if !is_closed(&items) {
        return items;
    }
    items.into_iter().flat_map(|item| item.unlock(Some(passphrase), budget)).collect()
}
