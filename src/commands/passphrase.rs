//! Where passphrases come from: a file, an environment variable, or the terminal. Never from the command line.

use std::sync::Arc;

use keystore::name::KeyPath;
use keystore::ops;
use keystore::ops::publish::{ToPublish, Unlocked};
use keystore::pki::{Passphrase, PrivateKey, PrivateKeyError, PrivateKeyFile};
use keystore::store::Snapshot;
use zeroize::Zeroizing;

use crate::context::Context;
use crate::error::Failure;
use crate::{outside, prompt};

/// The flags that name a passphrase's source.
#[derive(clap::Args, Debug, Default, Clone)]
pub(crate) struct PassphraseArgs {
    /// Take the passphrase from the first line of FILE; with KEY=, that of one key
    #[arg(long, value_name = "[KEY=]FILE")]
    pub(crate) passphrase_file: Vec<String>,
    /// Take the passphrase from the environment variable NAME; with KEY=, that of one key
    #[arg(long, value_name = "[KEY=]NAME")]
    pub(crate) passphrase_env: Vec<String>,
    /// What a wizard has asked for already.
    #[arg(skip)]
    pub(crate) known: Option<Arc<Passphrase>>,
}

/// The flags that name passphrases of files outside the keystore.
#[derive(clap::Args, Debug, Default, Clone)]
pub(crate) struct FilePassphraseArgs {
    /// Take a passphrase from the first line of FILE; repeatable, each is tried
    #[arg(long, value_name = "FILE")]
    passphrase_file: Vec<String>,
    /// Take a passphrase from the environment variable NAME; repeatable, each is tried
    #[arg(long, value_name = "NAME")]
    passphrase_env: Vec<String>,
}

impl FilePassphraseArgs {
    /// All that are named, the files' first.
    pub(crate) fn all(&self) -> Result<Vec<Passphrase>, Failure> {
        let files = self.passphrase_file.iter().map(|file| Ok((file.clone(), outside::first_line(file)?)));
        let names = self.passphrase_env.iter().map(|name| Ok((format!("${name}"), outside::secret_variable(name)?)));
        let passphrase = |read: Result<(String, Zeroizing<String>), Failure>| {
            let (from, text) = read?;
            Passphrase::new(text.to_string()).map_err(|source| Failure::Passphrase { from, source })
        };
        files.chain(names).map(passphrase).collect()
    }
}

/// `KEY=REST` when what stands before `=` is a key.
fn for_key(text: &str) -> (Option<KeyPath>, &str) {
    match text.split_once('=').map(|(key, rest)| (key.parse(), rest)) {
        Some((Ok(key), rest)) => (Some(key), rest),
        _ => (None, text),
    }
}

/// The source for a key: the one that names it, else the one that names none.
fn choose<'a>(sources: &'a [String], key: &KeyPath) -> Option<&'a str> {
    let sources = || sources.iter().map(|source| for_key(source));
    let own = sources().find(|(named, _)| named.as_ref() == Some(key));
    own.or_else(|| sources().find(|(named, _)| named.is_none())).map(|(_, rest)| rest)
}

impl PassphraseArgs {
    /// The flags again, for a command line that does the same; with a placeholder where a wizard asked.
    pub(crate) fn flags(&self, encrypted: bool) -> Vec<String> {
        let files = self.passphrase_file.iter().map(|file| ["--passphrase-file", file]);
        let names = self.passphrase_env.iter().map(|name| ["--passphrase-env", name]);
        let given: Vec<_> = files.chain(names).flatten().map(str::to_owned).collect();
        if given.is_empty() && encrypted {
            return vec!["--passphrase-file".to_owned(), "PASSPHRASE-FILE".to_owned()];
        }
        given
    }

    /// The passphrase that the command line names for a key.
    pub(crate) fn get(&self, key: &KeyPath) -> Result<Option<Arc<Passphrase>>, Failure> {
        if self.known.is_some() {
            return Ok(self.known.clone());
        }
        match (choose(&self.passphrase_file, key), choose(&self.passphrase_env, key)) {
            (Some(_), Some(_)) => Err(Failure::Usage {
                message: format!("two passphrases are named for {key}"),
                hint: "give --passphrase-file or --passphrase-env, not both",
            }),
            (file, variable) => named(file, variable),
        }
    }

    /// Opens a private key: at once when it is in the clear, else with the passphrase that is named or asked for.
    pub(crate) fn open(&self, context: &Context, key: &KeyPath, file: PrivateKeyFile) -> Result<PrivateKey, Failure> {
        let encrypted = match file {
            PrivateKeyFile::Plain(private_key) => return Ok(private_key),
            PrivateKeyFile::Encrypted(encrypted) => encrypted,
        };
        let wrong = |source| Failure::from(ops::Error::PrivateKey { key: key.clone(), source });
        if let Some(passphrase) = self.get(key)? {
            return encrypted.decrypt(&passphrase).map_err(wrong);
        }
        if !context.can_ask() {
            return Err(Failure::PassphraseMissing { key: key.clone() });
        }
        let mut tries = 3;
        loop {
            let passphrase = prompt::passphrase(&format!("Passphrase of {key}"))?;
            match encrypted.decrypt(&passphrase) {
                Err(PrivateKeyError::WrongPassphrase) if tries > 1 => {
                    tries -= 1;
                    context.say("That is not its passphrase.")?;
                }
                opened => return opened.map_err(wrong),
            }
        }
    }
}

/// Opens every private key that must be opened before it can be published, but for those that are `unlocked`. No lock
/// is held meanwhile.
pub(crate) fn unlock(
    context: &Context,
    snapshot: &Snapshot<'_>,
    to_publish: &ToPublish,
    passphrases: &PassphraseArgs,
    unlocked: &mut Unlocked,
) -> Result<(), Failure> {
    let mut closed = to_publish.locked_keys();
    closed.retain(|locked| !unlocked.contains_key(locked));
    for locked in closed {
        let file = to_publish.locked_key_file(snapshot, &locked)?;
        let private_key = passphrases.open(context, &locked.0, file)?;
        unlocked.insert(locked, private_key);
    }
    Ok(())
}

/// The passphrase in the first line of a file, or in an environment variable.
fn named(file: Option<&str>, variable: Option<&str>) -> Result<Option<Arc<Passphrase>>, Failure> {
    let (text, from) = match (file, variable) {
        (Some(file), _) => (outside::first_line(file)?, file.to_owned()),
        (None, Some(name)) => (outside::secret_variable(name)?, format!("${name}")),
        (None, None) => return Ok(None),
    };
    let passphrase = Passphrase::new(text.to_string());
    passphrase.map(|passphrase| Some(Arc::new(passphrase))).map_err(|source| Failure::Passphrase { from, source })
}

/// The flags that name the source of one passphrase: of a backup, of an authority.
#[derive(clap::Args, Debug, Default, Clone)]
pub(crate) struct OnePassphraseArgs {
    /// Take the passphrase from the first line of FILE
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase_env")]
    pub(crate) passphrase_file: Option<String>,
    /// Take the passphrase from the environment variable NAME
    #[arg(long, value_name = "NAME")]
    pub(crate) passphrase_env: Option<String>,
}

impl OnePassphraseArgs {
    /// The passphrase that the command line names.
    pub(crate) fn get(&self) -> Result<Option<Arc<Passphrase>>, Failure> {
        named(self.passphrase_file.as_deref(), self.passphrase_env.as_deref())
    }
}

/// The flags that name what a private key shall be encrypted with.
#[derive(clap::Args, Debug, Default, Clone)]
pub(crate) struct NewPassphraseArgs {
    /// Encrypt the private key that is kept, with a passphrase that is asked for, twice
    #[arg(long, conflicts_with_all = ["new_passphrase_file", "new_passphrase_env"])]
    encrypt: bool,
    /// Encrypt it with a passphrase from the first line of FILE
    #[arg(long, value_name = "FILE", conflicts_with = "new_passphrase_env")]
    new_passphrase_file: Option<String>,
    /// Encrypt it with a passphrase from the environment variable NAME
    #[arg(long, value_name = "NAME")]
    new_passphrase_env: Option<String>,
}

impl NewPassphraseArgs {
    /// The passphrase that the command line names, or asks for.
    pub(crate) fn get(&self, context: &Context, question: &str) -> Result<Option<Arc<Passphrase>>, Failure> {
        if !self.encrypt {
            return named(self.new_passphrase_file.as_deref(), self.new_passphrase_env.as_deref());
        }
        if !context.can_ask() {
            let flag = "--new-passphrase-file or --new-passphrase-env";
            return Err(Failure::Missing { what: "the passphrase to encrypt the private key with", flag });
        }
        prompt::new_passphrase(question).map(Some)
    }
}

/// The flags that name what an exported file shall be encrypted with.
#[derive(clap::Args, Debug, Default, Clone)]
pub(crate) struct ExportPassphraseArgs {
    /// Encrypt the file with a passphrase that is asked for, twice
    #[arg(long, conflicts_with_all = ["new_passphrase_file", "new_passphrase_env", "no_passphrase"])]
    encrypt: bool,
    /// Encrypt the file with a passphrase from the first line of FILE
    #[arg(long, value_name = "FILE", conflicts_with_all = ["new_passphrase_env", "no_passphrase"])]
    new_passphrase_file: Option<String>,
    /// Encrypt the file with a passphrase from the environment variable NAME
    #[arg(long, value_name = "NAME", conflicts_with = "no_passphrase")]
    new_passphrase_env: Option<String>,
    /// Do not encrypt a PKCS#12 file: whoever reads it has the private key
    #[arg(long)]
    no_passphrase: bool,
}

impl ExportPassphraseArgs {
    /// Whether the command line says anything of it.
    pub(crate) fn is_given(&self) -> bool {
        self.encrypt || self.new_passphrase_file.is_some() || self.new_passphrase_env.is_some() || self.no_passphrase
    }

    /// The passphrase that the command line names, or asks for. `must`: none is only taken when that is said.
    pub(crate) fn get(&self, context: &Context, must: bool) -> Result<Option<Arc<Passphrase>>, Failure> {
        let named = named(self.new_passphrase_file.as_deref(), self.new_passphrase_env.as_deref())?;
        if named.is_some() || !(self.encrypt || must && !self.no_passphrase) {
            return Ok(named);
        }
        if !context.can_ask() {
            let flag = if self.encrypt {
                "--new-passphrase-file or --new-passphrase-env"
            } else {
                "--new-passphrase-file, --new-passphrase-env or --no-passphrase"
            };
            return Err(Failure::Missing { what: "the passphrase to encrypt the file with", flag });
        }
        prompt::new_passphrase("Passphrase of the file").map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::choose;

    #[test]
    fn a_source_that_names_the_key_beats_one_that_names_none() {
        let sources = ["all.txt".to_owned(), "a/imap/main=own.txt".to_owned(), "odd=name.txt".to_owned()];
        assert_eq!(choose(&sources, &"a/imap/main".parse().unwrap()), Some("own.txt"));
        assert_eq!(choose(&sources, &"b/imap/main".parse().unwrap()), Some("all.txt"));
        assert_eq!(choose(&sources[2..], &"b/imap/main".parse().unwrap()), Some("odd=name.txt"));
        assert_eq!(choose(&sources[1..2], &"b/imap/main".parse().unwrap()), None);
    }
}
