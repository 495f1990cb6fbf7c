//! `export-plan`: the desired state that a keystore is in already.

use std::collections::BTreeSet;
use std::fmt::{self, Display, Write as _};

use super::key::Words;
use super::service::FILES;
use crate::model::{Fate, Hook, KeyView, Renewal, ServiceSettings};
use crate::name::{Endpoint, KeyPath, ServerName, ServicePath};
use crate::ops::Error;
use crate::pki::{KeyAlgorithm, Subject, SubjectAltName};
use crate::store::Snapshot;

/// Writes the file of everything there is, with what is staged.
///
/// # Errors
/// When the keystore can't be read.
pub fn export(snapshot: &Snapshot<'_>) -> Result<String, Error> {
    let mut page = Page::default();
    for server in snapshot.servers()? {
        export_server(snapshot, &server, &mut page)?;
    }
    Ok(page.0)
}

fn export_server(snapshot: &Snapshot<'_>, server: &ServerName, page: &mut Page) -> Result<(), Error> {
    let (facts, state) = (snapshot.facts(server)?, snapshot.server(server)?);
    let staged = snapshot.stage().changes().filter_map(|change| change.service()).map(|(service, _)| service);
    let mut services: Vec<_> = staged.filter(|service| service.server == *server).cloned().collect();
    let of = |protocol: &crate::name::Protocol| ServicePath { server: server.clone(), protocol: protocol.clone() };
    services.extend(state.services.keys().map(of));
    services.sort();
    services.dedup();
    for service in services {
        if let Some(settings) = snapshot.upcoming_settings(&service)? {
            page.service(&service, &settings);
        }
    }
    for (key, _) in facts.keys(server) {
        let Some(view) = snapshot.key(&key)?.filter(|view| !matches!(view.fate, Fate::Goes { .. })) else { continue };
        page.key(&view, &snapshot.upcoming_endpoints_of(&view)?);
    }
    Ok(())
}

/// The text so far.
#[derive(Default)]
struct Page(String);

/// Text as TOML writes it.
fn quoted(text: impl Display) -> String {
    toml::Value::String(text.to_string()).to_string()
}

fn list<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    format!("[{}]", items.into_iter().map(quoted).collect::<Vec<_>>().join(", "))
}

impl Page {
    fn line(&mut self, line: fmt::Arguments<'_>) {
        // writing to a string does not fail
        let _ = writeln!(self.0, "{line}");
    }

    fn begin(&mut self, table: &str) {
        if !self.0.is_empty() {
            self.line(format_args!(""));
        }
        self.line(format_args!("[[{table}]]"));
    }

    fn text(&mut self, name: &str, text: Option<&(impl Display + ?Sized)>) {
        if let Some(text) = text {
            self.line(format_args!("{name} = {}", quoted(text)));
        }
    }

    fn command(&mut self, name: &str, hook: Option<&Hook>) {
        match hook {
            None => {}
            Some(Hook::Nothing) => self.line(format_args!("{name} = false")),
            Some(Hook::Argv(argv)) => self.line(format_args!("{name} = {}", list(argv))),
            Some(Hook::Shell(line)) => self.line(format_args!("{name} = {}", quoted(line))),
        }
    }

    fn service(&mut self, service: &ServicePath, settings: &ServiceSettings) {
        self.begin("service");
        self.text("service", Some(service));
        self.text("profile", Some(settings.profile.as_str()));
        self.text("install-to", settings.install_to.as_ref());
        for (name, form) in FILES {
            self.text(name, settings.files.get(&form));
        }
        self.text("owner", settings.owner.as_ref());
        self.text("group", settings.group.as_ref());
        self.text("mode", settings.mode.as_ref());
        self.command("test-command", settings.test.as_ref());
        self.command("reload-command", settings.reload.as_ref());
        self.command("publish-command", settings.publish.as_ref());
        self.command("undo-command", settings.undo.as_ref());
        if !settings.probes.is_empty() {
            self.line(format_args!("probe = {}", list(&settings.probes)));
        }
        self.text("probe-name", settings.probe_name.as_ref());
        if let Some(timeout) = settings.timeout {
            self.line(format_args!("timeout = {timeout}"));
        }
        self.text("pfx-passphrase-file", settings.pfx_passphrase_file.as_ref());
        if settings.windows_2016 {
            self.line(format_args!("windows-2016 = true"));
        }
    }

    fn key(&mut self, view: &KeyView, bound: &BTreeSet<Endpoint>) {
        self.begin("key");
        self.text("key", Some::<&KeyPath>(&view.path));
        let installed = view.upcoming();
        let version = installed.and_then(|installed| view.facts.version(installed.version));
        let version = version.or(view.facts.versions.last());
        let algorithm = version.map(|version| version.algorithm);
        self.text("algorithm", algorithm.filter(|algorithm| *algorithm != KeyAlgorithm::OtherRsa).as_ref());
        let asked = match (installed, version) {
            (Some(installed), Some(version)) => Some(Words::of_certificate(version, installed)),
            _ => view.pending_request().map(|(_, request)| Words::of_request(request)),
        };
        match asked {
            Some(words) => self.words(&words),
            None => self.line(format_args!("request = false")),
        }
        if let Some(renewal) = &view.upcoming_renewal {
            self.renewal(renewal);
        }
        if !bound.is_empty() {
            self.line(format_args!("bind = {}", list(bound)));
        }
    }

    /// What a certificate should say, as far as it can be asked for here; of the rest nothing is said.
    fn words(&mut self, Words { subject, names }: &Words<'_>) {
        let text = subject.to_string();
        if text.parse::<Subject>().is_ok_and(|read| read == **subject) {
            self.text("subject", Some(&text));
        }
        if names.iter().all(|name| name.to_string().parse::<SubjectAltName>().is_ok_and(|read| read == *name)) {
            self.line(format_args!("san = {}", list(names.iter())));
        }
    }

    fn renewal(&mut self, renewal: &Renewal) {
        self.text("authority", Some(&renewal.authority));
        if !renewal.at.is_usual() {
            self.text("renew-at", Some(&renewal.at));
        }
        let Some(reuse) = renewal.reuse_key else { return };
        let limits = [("days", reuse.days), ("certificates", reuse.certificates)];
        let limits = limits.iter().filter_map(|(name, limit)| limit.map(|limit| format!("{name} = {limit}")));
        match limits.collect::<Vec<_>>().as_slice() {
            [] => self.line(format_args!("reuse-key = true")),
            limits => self.line(format_args!("reuse-key = {{ {} }}", limits.join(", "))),
        }
    }
}
