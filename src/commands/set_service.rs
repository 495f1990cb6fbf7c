//! `set-service`: how a service is published to.

mod flags;

use keystore::model::{FileForm, Hook, Profile, ServiceSettings};
use keystore::name::ServicePath;
use keystore::ops::set_service as op;
use serde::Serialize;

pub(super) use self::flags::command;
use self::flags::{Said, said};
use crate::context::Context;
use crate::error::Failure;
use crate::output::{Page, Report, SettingsJson, settings_line};
use crate::{prompt, publish};

const HELP: &str = "\
Examples:
  keyring set-service mail01/imap --profile dovecot
  keyring set-service web01/https --profile nginx --probe https://192.0.2.7
  keyring set-service mail01/smtp --profile postfix --install-to /etc/tls
  keyring set-service web01/https --reload-command 'nginx -s reload'
  keyring set-service web01/https --profile files --reload-command none
  keyring set-service web01/https --remove

What a profile knows is used until it is said otherwise; `default` takes back
what was said, and `none` in place of a command says that there is none. What
is not named stays as it was said before. `keyring show-service SERVICE` shows
what comes of it and prints the lines for the software's configuration.

Commands are run without a shell, in the folder /, with PATH and these
variables: KEYRING_PHASE (publish, test, reload; undo, reload-former when
things are taken back), KEYRING_STORE, KEYRING_GENERATION, KEYRING_SERVICE,
KEYRING_SERVER, KEYRING_PROTOCOL, KEYRING_SERVICES and KEYRING_ENDPOINTS (one
command is run once for all services that share it), and where the files are:
KEYRING_PRIVATE_KEY_FILE, KEYRING_CERTIFICATE_FILE, KEYRING_CHAIN_FILE,
KEYRING_FULLCHAIN_FILE, KEYRING_COMBINED_FILE. A command that calls keyring may
look at the keystore and not change it. That a command succeeds proves nothing:
what is served is proven by handshakes.

Exit codes:
  0    done, or said so already
  1    failed
  2    usage
  3    a name, a path, a mode or a command refused
  4    no keystore
  5    in use
  7    keystore damaged
  130  interrupted";

/// Say how a service is published to
///
/// Which software it is, where that reads its files and as whom, how its configuration is tested, how it is told of new
/// files, where it is proven that it serves them. Staged until a commit, which tells the service at once.
#[derive(clap::Args, Debug)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
    /// The service: SERVER/PROTOCOL
    service: String,
    /// The kind of software
    #[arg(long, value_name = "PROFILE", value_parser = flags::profile())]
    profile: Option<Profile>,
    /// Take away everything that was said of the service
    #[arg(long, conflicts_with_all = ["profile", "install_to"])]
    remove: bool,
    /// Put the files that the software reads into DIR, too
    #[arg(long, value_name = "DIR", help_heading = "Files")]
    install_to: Option<String>,
    /// Put the private key here, too
    #[arg(long, value_name = "FILE", help_heading = "Files")]
    private_key_file: Option<String>,
    /// Put the certificate here, too
    #[arg(long, value_name = "FILE", help_heading = "Files")]
    certificate_file: Option<String>,
    /// Put the intermediates here, too
    #[arg(long, value_name = "FILE", help_heading = "Files")]
    chain_file: Option<String>,
    /// Put certificate and intermediates here, too
    #[arg(long, value_name = "FILE", help_heading = "Files")]
    fullchain_file: Option<String>,
    /// Put private key, certificate and intermediates here, too
    #[arg(long, value_name = "FILE", help_heading = "Files")]
    combined_file: Option<String>,
    /// Whose the files are
    #[arg(long, value_name = "ACCOUNT", help_heading = "Files")]
    owner: Option<String>,
    /// Which group they belong to
    #[arg(long, value_name = "GROUP", help_heading = "Files")]
    group: Option<String>,
    /// The permission bits of files with the private key, such as 0640
    #[arg(long, value_name = "MODE", help_heading = "Files")]
    mode: Option<String>,
    /// Test the configuration with this
    #[arg(long, value_name = "COMMAND", help_heading = "Commands")]
    test_command: Option<String>,
    /// Have the software read its files again with this
    #[arg(long, value_name = "COMMAND", help_heading = "Commands")]
    reload_command: Option<String>,
    /// Give the new version, a tar archive on standard input, to this
    #[arg(long, value_name = "COMMAND", help_heading = "Commands")]
    publish_command: Option<String>,
    /// Give the version before to this, when the new one is taken back
    #[arg(long, value_name = "COMMAND", help_heading = "Commands")]
    undo_command: Option<String>,
    /// Have `/bin/sh -c` read the commands that are given
    #[arg(long, help_heading = "Commands")]
    shell: bool,
    /// For Exchange: the file with the passphrase of the PFX, read at every publication
    #[arg(long, value_name = "FILE", help_heading = "Files")]
    pfx_passphrase_file: Option<String>,
    /// For Exchange: on Windows Server 2016 or older
    #[arg(long, value_name = "YES|NO", num_args = 0..=1, default_missing_value = "yes", help_heading = "Files")]
    windows_2016: Option<flags::YesOrNo>,
    /// Prove here what is served, such as imap+starttls://127.0.0.1:143; repeatable
    #[arg(long, value_name = "URL", help_heading = "Proof")]
    probe: Vec<String>,
    /// Ask for this name there
    #[arg(long, value_name = "NAME", help_heading = "Proof")]
    probe_name: Option<String>,
    /// How long a command or a proof may take
    #[arg(long, value_name = "SECONDS", help_heading = "Proof")]
    timeout: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct Outcome {
    service: String,
    changed: bool,
    before: Option<SettingsJson>,
    settings: Option<SettingsJson>,
    #[serde(skip)]
    line: Option<String>,
}

impl Report for Outcome {
    fn notes(&self, page: &mut Page) {
        let service = &self.service;
        match &self.line {
            _ if !self.changed => page.line(format_args!("That is said of {service} already: nothing to do.")),
            Some(line) => {
                page.line(format_args!("Staged {service}: {line}."));
                page.line(format_args!("`keyring show-service {service}` prints the lines for its configuration."))
            }
            None => page.line(format_args!("Staged {service} without settings.")),
        };
    }
}

pub(crate) fn run(context: &Context, args: &Args) -> Result<Outcome, Failure> {
    let service: ServicePath = args.service.parse()?;
    let keystore = context.keystore()?;
    let known = keystore.read()?.upcoming_settings(&service)?;
    let profile = match (&args.profile, &known) {
        (Some(profile), _) => Some(*profile),
        (None, None) if !args.remove => Some(ask_profile(context)?),
        _ => None,
    };
    let outcome = op::set_service(&keystore, &service, |before| {
        if args.remove {
            return Ok(None);
        }
        let mut settings = before.unwrap_or_else(|| ServiceSettings::of(profile.unwrap_or(Profile::Files)));
        settings.profile = profile.unwrap_or(settings.profile);
        args.apply(&service, &mut settings)?;
        Ok::<_, Failure>(Some(settings))
    })?;
    Ok(Outcome {
        service: outcome.service.to_string(),
        changed: !outcome.is_unchanged(),
        before: outcome.before.as_ref().map(SettingsJson::of),
        settings: outcome.settings.as_ref().map(SettingsJson::of),
        line: outcome.settings.as_ref().map(settings_line),
    })
}

fn ask_profile(context: &Context) -> Result<Profile, Failure> {
    if !context.can_ask() {
        return Err(Failure::Missing { what: "the kind of software", flag: "--profile" });
    }
    prompt::service::profile()
}

impl Args {
    fn apply(&self, service: &ServicePath, settings: &mut ServiceSettings) -> Result<(), Failure> {
        let refuse = |flag: &'static str| {
            move |error: &dyn std::error::Error| Failure::Service {
                service: service.clone(),
                message: format!("{flag}: {error}"),
                hint: "`keyring set-service --help` shows examples",
            }
        };
        said(&mut settings.install_to, self.install_to.as_deref(), refuse("--install-to"))?;
        let files = [
            (FileForm::PrivateKey, &self.private_key_file, "--private-key-file"),
            (FileForm::Certificate, &self.certificate_file, "--certificate-file"),
            (FileForm::Chain, &self.chain_file, "--chain-file"),
            (FileForm::FullChain, &self.fullchain_file, "--fullchain-file"),
            (FileForm::Combined, &self.combined_file, "--combined-file"),
        ];
        for (form, text, flag) in files {
            let mut path = settings.files.remove(&form);
            said(&mut path, text.as_deref(), refuse(flag))?;
            settings.files.extend(path.map(|path| (form, path)));
        }
        said(&mut settings.owner, self.owner.as_deref(), refuse("--owner"))?;
        said(&mut settings.group, self.group.as_deref(), refuse("--group"))?;
        said(&mut settings.mode, self.mode.as_deref(), refuse("--mode"))?;
        said(&mut settings.probe_name, self.probe_name.as_deref(), refuse("--probe-name"))?;
        let mut timeout = settings.timeout.map(flags::Seconds);
        said(&mut timeout, self.timeout.as_deref(), refuse("--timeout"))?;
        settings.timeout = timeout.map(|seconds| seconds.0);
        said(&mut settings.pfx_passphrase_file, self.pfx_passphrase_file.as_deref(), refuse("--pfx-passphrase-file"))?;
        settings.windows_2016 = self.windows_2016.map_or(settings.windows_2016, flags::YesOrNo::is_yes);
        let hooks = [
            (&mut settings.test, &self.test_command, "--test-command"),
            (&mut settings.reload, &self.reload_command, "--reload-command"),
            (&mut settings.publish, &self.publish_command, "--publish-command"),
            (&mut settings.undo, &self.undo_command, "--undo-command"),
        ];
        for (hook, text, flag) in hooks {
            if let Some(text) = text {
                *hook = command(text, self.shell).map_err(|error| refuse(flag)(&error))?;
            }
        }
        match self.probe.as_slice() {
            [] => {}
            [word] if word == Said::DEFAULT => settings.probes.clear(),
            urls => settings.probes = urls.iter().map(|url| url.parse()).collect::<Result<_, _>>()?,
        }
        check(service, settings)
    }
}

/// What the profile for Exchange needs.
const EXCHANGE: &str = "say --install-to DIR and --pfx-passphrase-file FILE";

/// What only the whole of it tells.
pub(super) fn check(service: &ServicePath, settings: &ServiceSettings) -> Result<(), Failure> {
    let refuse = |message: &str, hint| Failure::Service { service: service.clone(), message: message.to_owned(), hint };
    let has = |hook: &Option<Hook>| hook.as_ref().is_some_and(|hook| *hook != Hook::Nothing);
    if settings.profile == Profile::Command && !(has(&settings.publish) && has(&settings.undo)) {
        return Err(refuse(
            "the profile `command` has no commands of its own",
            "say --publish-command and --undo-command",
        ));
    }
    if settings.profile == Profile::Exchange {
        if settings.install_to.is_none() || settings.pfx_passphrase_file.is_none() {
            return Err(refuse("Exchange is given files, in a folder of yours", EXCHANGE));
        }
        if publish::exchange_service(&service.protocol).is_none() {
            return Err(refuse(
                "Exchange has certificates for imap, pop3, smtp and https",
                "choose one of these protocols",
            ));
        }
    }
    Ok(())
}
