//! What is known of each kind of software: which files it reads and as whom, how its configuration is tested, how it
//! is told of new files. One file per kind; whatever an administrator says of a service goes before it.

mod apache;
mod dovecot;
mod exchange;
mod exim;
mod haproxy;
mod inn;
mod nginx;
mod openldap;
mod plain;
mod postfix;
mod stunnel;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use keystore::model::{FileForm, FileMode, Profile};

/// Where the files of an endpoint are read.
pub(crate) struct Files(pub(super) BTreeMap<FileForm, PathBuf>);

impl Files {
    /// The path of a form. Every endpoint has them all.
    pub(crate) fn path(&self, form: FileForm) -> &Path {
        self.0.get(&form).map_or(Path::new(form.file_name()), PathBuf::as_path)
    }

    /// The same as text in a configuration.
    fn text(&self, form: FileForm) -> String {
        self.path(form).display().to_string()
    }
}

/// What is known of one kind of software.
pub(crate) struct Knowledge {
    /// The files that it reads.
    pub(crate) forms: &'static [FileForm],
    /// The account that it reads them as, on the systems that this was measured on.
    pub(crate) owner: Option<&'static str>,
    /// The group that it reads them as.
    pub(crate) group: Option<&'static str>,
    /// The permission bits of files with the private key.
    pub(crate) mode: FileMode,
    /// Tests its configuration.
    pub(crate) test: Option<&'static [&'static str]>,
    /// Has it read its files again.
    pub(crate) reload: Option<&'static [&'static str]>,
    /// What that program is given on standard input.
    pub(crate) reload_input: Option<fn(&Files) -> String>,
    /// Where its lines go.
    pub(crate) configuration: &'static str,
    /// The lines that have it read the files.
    pub(crate) lines: fn(&Files) -> Vec<String>,
    /// What else its administrator should know.
    pub(crate) remarks: &'static [&'static str],
}

/// What holds where nothing else is known.
const UNKNOWN: Knowledge = Knowledge {
    forms: &[],
    owner: None,
    group: None,
    mode: FileMode::PRIVATE,
    test: None,
    reload: None,
    reload_input: None,
    configuration: "",
    lines: |_| Vec::new(),
    remarks: &[],
};

impl Knowledge {
    /// What is known of a profile.
    pub(crate) fn of(profile: Profile) -> &'static Self {
        match profile {
            Profile::Files | Profile::Command => &plain::KNOWLEDGE,
            Profile::Exchange => &exchange::KNOWLEDGE,
            Profile::Nginx => &nginx::KNOWLEDGE,
            Profile::Apache => &apache::KNOWLEDGE,
            Profile::Haproxy => &haproxy::KNOWLEDGE,
            Profile::Dovecot => &dovecot::KNOWLEDGE,
            Profile::Postfix => &postfix::KNOWLEDGE,
            Profile::Exim => &exim::KNOWLEDGE,
            Profile::Openldap => &openldap::KNOWLEDGE,
            Profile::Inn => &inn::KNOWLEDGE,
            Profile::Stunnel => &stunnel::KNOWLEDGE,
        }
    }
}
