//! `[[service]]`: how a service is published to.

use super::desired::{field, list};
use super::document::{Data, Table, Value};
use super::mistake::Mistakes;
use super::servers::fill_known;
use crate::model::{FileForm, Hook, Profile, ServiceSettings};
use crate::name::ServerName;

/// The fields of files, and what they hold.
pub(super) const FILES: [(&str, FileForm); 5] = [
    ("private-key-file", FileForm::PrivateKey),
    ("certificate-file", FileForm::Certificate),
    ("chain-file", FileForm::Chain),
    ("fullchain-file", FileForm::FullChain),
    ("combined-file", FileForm::Combined),
];

/// What is said of a service; none when its profile is not.
pub(super) fn settings(
    table: &Table,
    server: Option<&ServerName>,
    mistakes: &mut Mistakes<'_>,
) -> Option<ServiceSettings> {
    let profile = table.get("profile").and_then(Value::text);
    let profile = Profile::ALL.into_iter().find(|known| Some(known.as_str()) == profile);
    let mut settings = ServiceSettings::of(profile.unwrap_or(Profile::Files));
    settings.install_to = field(table, "install-to", server, mistakes);
    for (name, form) in FILES {
        settings.files.extend(field(table, name, server, mistakes).map(|path| (form, path)));
    }
    settings.owner = field(table, "owner", server, mistakes);
    settings.group = field(table, "group", server, mistakes);
    settings.mode = field(table, "mode", server, mistakes);
    settings.test = command(table, "test-command", server, mistakes);
    settings.reload = command(table, "reload-command", server, mistakes);
    settings.publish = command(table, "publish-command", server, mistakes);
    settings.undo = command(table, "undo-command", server, mistakes);
    settings.probes = table.get("probe").map(|value| list(value, server, mistakes)).unwrap_or_default();
    settings.probe_name = field(table, "probe-name", server, mistakes);
    settings.timeout = table.get("timeout").and_then(|value| match value.data {
        Data::Number(seconds) => u32::try_from(seconds).ok(),
        _ => None,
    });
    settings.pfx_passphrase_file = field(table, "pfx-passphrase-file", server, mistakes);
    settings.windows_2016 = matches!(table.get("windows-2016").map(|value| &value.data), Some(Data::Truth(true)));
    profile.map(|_| settings)
}

fn command(table: &Table, name: &str, server: Option<&ServerName>, mistakes: &mut Mistakes<'_>) -> Option<Hook> {
    let value = table.get(name)?;
    match &value.data {
        Data::Truth(false) => Some(Hook::Nothing),
        Data::Text(line) if line.trim().is_empty() => {
            mistakes.add(value.place, "it names no program; false says that there is none");
            None
        }
        Data::Text(line) => Some(Hook::Shell(fill_known(line, server))),
        Data::List(_) => {
            let argv: Vec<_> = value.texts().into_iter().map(|(_, word)| fill_known(word, server)).collect();
            if argv.first().is_none_or(String::is_empty) {
                mistakes.add(value.place, "it names no program; false says that there is none");
                return None;
            }
            Some(Hook::Argv(argv))
        }
        _ => None,
    }
}
