//! Authorities: which one signs, and what a new one is.

use std::fmt::Display;
use std::str::FromStr;

use keystore::model::{AbsolutePath, DirectoryUrl};
use keystore::name::AuthorityName;
use keystore::ops::list_authorities::list_authorities;
use keystore::store::Keystore;

use super::{choose, text};
use crate::error::Failure;

/// Asks which authority signs.
pub(crate) fn authority(keystore: &Keystore) -> Result<AuthorityName, Failure> {
    let mut names: Vec<AuthorityName> = list_authorities(&keystore.read()?)?.into_keys().collect();
    if names.is_empty() {
        return Err(Failure::Usage {
            message: "the keystore has no authorities yet".to_owned(),
            hint: "`keyring set-authority` describes one",
        });
    }
    let labels: Vec<_> = names.iter().map(ToString::to_string).collect();
    Ok(names.swap_remove(choose("Which authority", &labels, 0)?))
}

/// Asks for one of the kinds of authorities, by what they are; returns its place among them.
pub(crate) fn kind(kinds: &[String]) -> Result<usize, Failure> {
    choose("What is it", kinds, 0)
}

/// Asks for a folder of this machine.
pub(crate) fn folder(question: &str) -> Result<String, Failure> {
    text(question, None, |answer| answer.parse::<AbsolutePath>().map(drop))
}

/// Asks for the URL of an authority's directory.
pub(crate) fn directory(question: &str) -> Result<String, Failure> {
    text(question, None, |answer| answer.parse::<DirectoryUrl>().map(drop))
}

/// Asks for something that is written as text, until it can be read.
pub(crate) fn value<T: FromStr<Err: Display>>(question: &str) -> Result<String, Failure> {
    text(question, None, |answer| answer.parse::<T>().map(drop))
}

/// Asks how an authority is told who asks; returns its place among the ways.
pub(crate) fn login(ways: &[String]) -> Result<usize, Failure> {
    choose("How is it told who asks", ways, 0)
}

/// Asks for a program with its arguments.
pub(crate) fn program(question: &str) -> Result<String, Failure> {
    text(question, None, |answer| if answer.is_empty() { Err("name a program") } else { Ok(()) })
}
