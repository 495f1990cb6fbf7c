//! `show-service`: what is said of a service, what its profile knows, and the lines for its software.

use std::collections::BTreeMap;

use keystore::model::{FileForm, Hook};
use keystore::name::{Address, Endpoint, ServicePath};
use keystore::ops::Error;
use serde::Serialize;

use crate::context::Context;
use crate::error::Failure;
use crate::output::{HookJson, Page, Report, SettingsJson, form_name, hook_line, style};
use crate::publish::Service;

const HELP: &str = "\
Examples:
  keyring show-service mail01/imap
  keyring show-service mail01/imap --json | jq -r '.result.lines[]'

What is staged counts as said.

Exit codes:
  0  done
  1  failed
  2  usage
  3  a name refused
  4  no keystore, or nothing is said of the service
  7  keystore damaged";

/// Show how a service is published to
///
/// Where its files are, how it is tested, told and proven, and the lines that have its software read the files.
#[derive(clap::Args, Debug)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
    /// The service: SERVER/PROTOCOL
    service: String,
}

#[derive(Serialize)]
struct PlaceJson {
    endpoint: String,
    files: BTreeMap<&'static str, String>,
    probes: Vec<String>,
}

#[derive(Serialize)]
pub(crate) struct Outcome {
    service: String,
    staged: bool,
    settings: SettingsJson,
    owner: Option<String>,
    group: Option<String>,
    mode: String,
    test: Option<HookJson>,
    reload: Option<HookJson>,
    publish: Option<HookJson>,
    undo: Option<HookJson>,
    timeout: u64,
    endpoints: Vec<PlaceJson>,
    configuration: &'static str,
    lines: Vec<String>,
    remarks: &'static [&'static str],
    #[serde(skip)]
    profile: &'static str,
    #[serde(skip)]
    hooks: [(&'static str, Option<Hook>); 4],
}

pub(crate) fn run(context: &Context, args: &Args) -> Result<Outcome, Failure> {
    let path: ServicePath = args.service.parse()?;
    let keystore = context.keystore()?;
    let snapshot = keystore.read()?;
    let nothing = || Failure::from(Error::NothingSaid { service: path.clone() });
    let settings = snapshot.upcoming_settings(&path)?.ok_or_else(nothing)?;
    let staged = snapshot.committed_settings(&path)?.as_ref() != Some(&settings);
    let service = Service::new(path.clone(), settings);
    let mut endpoints = snapshot.upcoming_endpoints(&path)?;
    if endpoints.is_empty() {
        endpoints.push(Endpoint { service: path.clone(), address: Address::Default });
    }
    let place = |endpoint: &Endpoint| {
        let files = service.files(&keystore, endpoint);
        let path = |form: &FileForm| (form_name(*form), files.path(*form).display().to_string());
        PlaceJson {
            endpoint: endpoint.to_string(),
            files: service.knowledge().forms.iter().map(path).collect(),
            probes: service.doors(endpoint, &endpoints).iter().map(|door| door.url.to_string()).collect(),
        }
    };
    let lines = |endpoint: &Endpoint| (service.knowledge().lines)(&service.files(&keystore, endpoint));
    let hooks = [
        ("test", service.test()),
        ("reload", service.reload()),
        ("publish", service.publish()),
        ("undo", service.undo()),
    ];
    let json = |hook: &(&str, Option<Hook>)| hook.1.as_ref().map(HookJson::of);
    Ok(Outcome {
        service: path.to_string(),
        staged,
        settings: SettingsJson::of(&service.settings),
        owner: service.owner(true).map(|name| name.to_string()),
        group: service.group(true).map(|name| name.to_string()),
        mode: service.mode(true).to_string(),
        test: json(&hooks[0]),
        reload: json(&hooks[1]),
        publish: json(&hooks[2]),
        undo: json(&hooks[3]),
        timeout: service.timeout().as_secs(),
        endpoints: endpoints.iter().map(place).collect(),
        configuration: service.knowledge().configuration,
        lines: endpoints.first().map(lines).unwrap_or_default(),
        remarks: service.knowledge().remarks,
        profile: service.settings.profile.as_str(),
        hooks,
    })
}

impl Report for Outcome {
    fn report(&self, page: &mut Page) {
        page.styled(style::STRONG, &self.service);
        let staged = if self.staged { " (staged)" } else { "" };
        page.field(2, "profile", format_args!("{}{staged}", self.profile));
        for PlaceJson { endpoint, files, probes } in &self.endpoints {
            page.field(2, "endpoint", endpoint);
            for path in files.values() {
                page.field(4, "file", path);
            }
            for url in probes {
                page.field(4, "proven at", url);
            }
        }
        let owner = self.owner.as_deref().unwrap_or("whoever commits");
        let group = self.group.as_ref().map(|group| format!(", group {group}")).unwrap_or_default();
        page.field(2, "owner", format_args!("{owner}{group}, private keys {}", self.mode));
        for (what, hook) in &self.hooks {
            if let Some(hook) = hook {
                page.field(2, what, hook_line(hook));
            }
        }
        page.field(2, "within", format_args!("{} s each", self.timeout));
        if !self.lines.is_empty() {
            page.gap();
            page.line(format_args!("For {}:", self.configuration));
            for line in &self.lines {
                page.line(format_args!("  {line}"));
            }
        }
        for remark in self.remarks {
            page.line(remark);
        }
    }
}
