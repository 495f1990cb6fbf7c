//! What is said of a service, as JSON and in words.

use std::collections::BTreeMap;

use keystore::model::{FileForm, Hook, Profile, ServiceSettings};
use keystore::name::ServicePath;
use keystore::store::{PhaseAttempt, PhaseOutcome, ServiceAttempt};
use serde::{Serialize, Serializer};

/// The software that a profile is for, in words.
pub(crate) fn software(profile: Profile) -> &'static str {
    match profile {
        Profile::Files => "Files alone; nobody is told of them",
        Profile::Nginx => "nginx",
        Profile::Apache => "Apache's httpd",
        Profile::Haproxy => "HAProxy",
        Profile::Dovecot => "Dovecot",
        Profile::Postfix => "Postfix",
        Profile::Exim => "Exim",
        Profile::Openldap => "OpenLDAP's slapd",
        Profile::Inn => "INN's nnrpd",
        Profile::Stunnel => "stunnel",
        Profile::Exchange => "Microsoft Exchange: a PFX file and a script for it",
        Profile::Command => "Commands that take the files to another machine",
    }
}

/// A program that publishing runs: `argv`, a line for a `shell`, or neither for none.
#[derive(Serialize, Clone, PartialEq, Eq, Debug)]
pub(crate) struct HookJson {
    #[serde(skip_serializing_if = "Option::is_none")]
    argv: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shell: Option<String>,
}

impl HookJson {
    pub(crate) fn of(hook: &Hook) -> Self {
        match hook {
            Hook::Nothing => Self { argv: None, shell: None },
            Hook::Argv(argv) => Self { argv: Some(argv.clone()), shell: None },
            Hook::Shell(line) => Self { argv: None, shell: Some(line.clone()) },
        }
    }
}

/// A program as it would be typed.
pub(crate) fn hook_line(hook: &Hook) -> String {
    match hook {
        Hook::Nothing => "none".to_owned(),
        Hook::Argv(argv) => shell_words::join(argv),
        Hook::Shell(line) => format!("sh -c {}", shell_words::quote(line)),
    }
}

/// What is said of a service. What is not said is its profile's to know, and absent.
#[derive(Serialize, Clone, PartialEq, Eq, Debug)]
pub(crate) struct SettingsJson {
    profile: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    install_to: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    files: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    test: Option<HookJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reload: Option<HookJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    publish: Option<HookJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    undo: Option<HookJson>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    probes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    probe_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pfx_passphrase_file: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    windows_2016: bool,
}

/// One service in one phase of publishing.
#[derive(Serialize, Clone, Debug)]
pub(crate) struct RowJson {
    pub(crate) service: String,
    pub(crate) phase: &'static str,
    #[serde(serialize_with = "outcome_word")]
    pub(crate) outcome: PhaseOutcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<String>,
}

impl RowJson {
    pub(crate) fn of(service: &ServicePath, did: &PhaseAttempt) -> Self {
        Self {
            service: service.to_string(),
            phase: did.phase.as_str(),
            outcome: did.outcome,
            message: did.message.clone(),
        }
    }

    /// Everything that was done for a service.
    pub(crate) fn of_service(attempt: &ServiceAttempt) -> impl Iterator<Item = Self> {
        attempt.phases.iter().map(|did| Self::of(&attempt.service, did))
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it so")]
fn outcome_word<S: Serializer>(outcome: &PhaseOutcome, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(outcome.as_str())
}

/// The name of a form of files, as its flag and JSON have it.
pub(crate) fn form_name(form: FileForm) -> &'static str {
    match form {
        FileForm::PrivateKey => "private_key",
        FileForm::Certificate => "certificate",
        FileForm::Chain => "chain",
        FileForm::FullChain => "fullchain",
        FileForm::Combined => "combined",
    }
}

impl SettingsJson {
    pub(crate) fn of(settings: &ServiceSettings) -> Self {
        let hook = |hook: &Option<Hook>| hook.as_ref().map(HookJson::of);
        Self {
            profile: settings.profile.as_str(),
            install_to: settings.install_to.as_ref().map(ToString::to_string),
            files: settings.files.iter().map(|(form, path)| (form_name(*form), path.to_string())).collect(),
            owner: settings.owner.as_ref().map(ToString::to_string),
            group: settings.group.as_ref().map(ToString::to_string),
            mode: settings.mode.as_ref().map(ToString::to_string),
            test: hook(&settings.test),
            reload: hook(&settings.reload),
            publish: hook(&settings.publish),
            undo: hook(&settings.undo),
            probes: settings.probes.iter().map(ToString::to_string).collect(),
            probe_name: settings.probe_name.as_ref().map(ToString::to_string),
            timeout: settings.timeout,
            pfx_passphrase_file: settings.pfx_passphrase_file.as_ref().map(ToString::to_string),
            windows_2016: settings.windows_2016,
        }
    }
}

/// What is said of a service, in one line.
pub(crate) fn settings_line(settings: &ServiceSettings) -> String {
    let SettingsJson { install_to, files, owner, group, mode, probe_name, timeout, .. } = SettingsJson::of(settings);
    let mut words = vec![format!("profile {}", settings.profile.as_str())];
    let mut say = |what: &str, value: Option<String>| {
        words.extend(value.map(|value| format!("{what} {value}")));
    };
    say("files in", install_to);
    for (form, path) in files {
        say(form, Some(path));
    }
    say("owner", owner);
    say("group", group);
    say("mode", mode);
    let hooks = [
        ("test", &settings.test),
        ("reload", &settings.reload),
        ("publish", &settings.publish),
        ("undo", &settings.undo),
    ];
    for (what, hook) in hooks {
        say(what, hook.as_ref().map(|hook| format!("`{}`", hook_line(hook))));
    }
    for probe in &settings.probes {
        say("proven at", Some(probe.to_string()));
    }
    say("as", probe_name);
    say("passphrase of the PFX in", settings.pfx_passphrase_file.as_ref().map(ToString::to_string));
    say("for", settings.windows_2016.then(|| "Windows Server 2016".to_owned()));
    say("within", timeout.map(|seconds| format!("{seconds} s")));
    words.join(", ")
}
