//! What to do when a private key cannot be imported.

use keystore::ops::import_key::ImportError;
use keystore::pki::{JavaKeystore, OpenError};

use super::hint::recognise_hint;
use crate::exit::Exit;

pub(super) fn exit(error: &ImportError) -> Exit {
    match error {
        ImportError::PassphraseNeeded { .. } | ImportError::Several { .. } => Exit::Usage,
        _ => Exit::Rejected,
    }
}

pub(super) fn hint(files: &[String], error: &ImportError) -> Option<String> {
    let text = match error {
        ImportError::NotRecognised(source) => recognise_hint(source),
        ImportError::PassphraseNeeded { .. } => {
            "give --passphrase-file or --passphrase-env, or run this on a terminal to be asked"
        }
        ImportError::WrongPassphrase { .. } => "try the passphrase again: nothing was changed",
        ImportError::Unreadable { error: OpenError::Damaged { .. }, .. } => {
            "copy the file again; text from its BEGIN line to its END line, the rest as binary"
        }
        ImportError::Unreadable { .. } => "convert it with the program that made it: nothing was changed",
        ImportError::JavaKeystore { kind } => {
            let file = files.first().map_or("FILE", String::as_str);
            return Some(format!(
                "`{}`, then import that file",
                JavaKeystore::conversion(kind, &shell_words::quote(file))
            ));
        }
        ImportError::NoPrivateKey { .. } => {
            "`keyring inspect FILE` shows what is in a file; a certificate alone goes to `keyring install-cert`"
        }
        ImportError::Several { .. } => "choose one with --friendly-name, or with --certificate and its certificate",
        ImportError::NoSuchName { .. } => "choose one of these with --friendly-name",
        ImportError::Weak { .. } => {
            "say --legacy to keep it all the same: it stays marked as weak, and makes no requests"
        }
        ImportError::NoCertificate { .. } => "leave that file out, or name the one with the certificate",
        ImportError::Mismatch { .. } => "give the certificate of this private key, or say --key-only to leave it out",
        ImportError::Expired { .. } | ImportError::NotYetValid { .. } => {
            "say --key-only to import the private key without it"
        }
        ImportError::PrivateKey(_) => return None,
    };
    Some(text.to_owned())
}
