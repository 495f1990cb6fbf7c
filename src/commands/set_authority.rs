//! `set-authority`: who signs requests.

mod acme;
mod adcs;
mod kinds;
mod self_signed;

use keystore::model::{AuthorityKind, AuthoritySettings};
use keystore::name::AuthorityName;
use keystore::ops::set_authority as op;
use serde::Serialize;

use self::acme::AcmeArgs;
use self::adcs::AdcsArgs;
use self::kinds::{CommandArgs, FileArgs, LocalCaArgs, SharedArgs, ask, kind};
use self::self_signed::SelfSignedArgs;
use crate::context::Context;
use crate::error::Failure;
use crate::output::{AuthorityJson, Page, Report, authority_line};

const HELP: &str = "\
Examples:
  keyring set-authority commercial --kind file --requests /srv/csr \\
    --replies /srv/certs
  keyring set-authority vault --kind command --run '/usr/local/bin/sign web'
  keyring set-authority vault --timeout 120
  keyring set-authority lab --days 30 --passphrase file:/etc/keyring/lab
  keyring set-authority vault --remove
  keyring set-authority public --kind acme --accept-terms \\
    --directory https://acme-v02.api.letsencrypt.org/directory \\
    --contact hostmaster@example.com --webroot /var/www/html
  keyring set-authority windows --kind adcs \\
    --url https://ca.example.com/certsrv --ca-file /etc/keyring/root.pem \\
    --user 'EXAMPLE\\keyring' --password file:/etc/keyring/windows
  keyring set-authority lone --kind self-signed --days 90

It takes effect at once. What is not named stays as it was said before.

A program of --kind command gets the request (PEM) on standard input and prints
the certificate and its chain. Exit status 10 says that there is no reply yet,
3 that it refuses the request; any other but 0, that it failed. It is run
without a shell, in the folder /, with PATH and these variables:
KEYRING_AUTHORITY, KEYRING_KEY, KEYRING_SERVER, KEYRING_PROTOCOL,
KEYRING_NAMES, KEYRING_SPKI_SHA256.

A program of --dns-command gets KEYRING_ACME_ACTION (present or cleanup),
KEYRING_ACME_NAME (of the TXT record), KEYRING_ACME_VALUE, KEYRING_ACME_DOMAIN,
KEYRING_AUTHORITY and KEYRING_KEY. A name can have several records at a time.

Exit codes:
  0    done, or said so already
  1    failed
  2    usage
  3    a name, a path or a command refused
  4    no keystore, or keys need what is to be removed
  5    in use
  7    keystore damaged
  130  interrupted";

/// Describe an authority
///
/// Somebody who signs requests: a person with a folder, a program. `keyring submit` hands requests to it, `keyring
/// renew` does so in time.
#[derive(clap::Args, Debug)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
    /// Its name
    name: String,
    /// What it is
    #[arg(long, value_name = "KIND", value_parser = kind())]
    kind: Option<AuthorityKind>,
    /// Forget it
    #[arg(long, conflicts_with = "kind")]
    remove: bool,
    #[command(flatten)]
    file: FileArgs,
    #[command(flatten)]
    command: CommandArgs,
    #[command(flatten)]
    acme: AcmeArgs,
    #[command(flatten)]
    adcs: AdcsArgs,
    #[command(flatten)]
    local_ca: LocalCaArgs,
    #[command(flatten)]
    self_signed: SelfSignedArgs,
    #[command(flatten)]
    shared: SharedArgs,
}

#[derive(Serialize)]
pub(crate) struct Outcome {
    name: String,
    changed: bool,
    before: Option<AuthorityJson>,
    authority: Option<AuthorityJson>,
    #[serde(skip)]
    line: Option<String>,
}

impl Report for Outcome {
    fn notes(&self, page: &mut Page) {
        let name = &self.name;
        match &self.line {
            _ if !self.changed => page.line(format_args!("That is said of {name} already: nothing to do.")),
            Some(line) => page.line(format_args!("{name}: {line}.")),
            None => page.line(format_args!("{name} is forgotten.")),
        };
    }
}

pub(crate) fn run(context: &Context, args: &Args) -> Result<Outcome, Failure> {
    let name: AuthorityName = args.name.parse()?;
    let keystore = context.keystore()?;
    let before = keystore.read()?.authority(&name)?.map(|authority| authority.settings);
    // questions are put before the lock is taken
    let settings = if args.remove { None } else { Some(args.settings(context, &name, before)?) };
    let outcome = op::set_authority(&keystore, &name, settings)?;
    Ok(Outcome {
        changed: !outcome.is_unchanged(),
        name: outcome.name.to_string(),
        line: outcome.settings.as_ref().map(authority_line),
        before: outcome.before.as_ref().map(AuthorityJson::of),
        authority: outcome.settings.as_ref().map(AuthorityJson::of),
    })
}

impl Args {
    /// What is said of it from now on: what was said before, with what the flags say in its place.
    fn settings(
        &self,
        context: &Context,
        name: &AuthorityName,
        before: Option<AuthoritySettings>,
    ) -> Result<AuthoritySettings, Failure> {
        let kind = match self.kind.or_else(|| before.as_ref().map(AuthoritySettings::kind)) {
            Some(kind) => kind,
            None if context.can_ask() => ask()?,
            None => return Err(Failure::Missing { what: "the kind of the authority", flag: "--kind KIND" }),
        };
        let flags = [
            (AuthorityKind::File, self.file.given()),
            (AuthorityKind::Command, self.command.given()),
            (AuthorityKind::Acme, self.acme.given()),
            (AuthorityKind::Adcs, self.adcs.given()),
            (AuthorityKind::LocalCa, self.local_ca.given()),
            (AuthorityKind::SelfSigned, self.self_signed.given()),
        ];
        let foreign = flags.into_iter().find_map(|(other, given)| given.filter(|_| other != kind));
        if let Some(flag) = foreign.or_else(|| self.shared.foreign(kind)) {
            return Err(Failure::Usage {
                message: format!("{flag} says nothing of an authority of the kind {}", kind.as_str()),
                hint: "`keyring set-authority --help` shows which flags are for which kind",
            });
        }
        match kind {
            AuthorityKind::Acme => self.acme.settings(context, name, &self.shared, before).map(AuthoritySettings::Acme),
            AuthorityKind::Adcs => self.adcs.settings(context, name, &self.shared, before).map(AuthoritySettings::Adcs),
            AuthorityKind::File => self.file.settings(context, name, before).map(AuthoritySettings::File),
            AuthorityKind::Command => self.command.settings(context, name, before).map(AuthoritySettings::Command),
            AuthorityKind::LocalCa => {
                self.local_ca.settings(name, &self.shared, before).map(AuthoritySettings::LocalCa)
            }
            AuthorityKind::SelfSigned => {
                Ok(AuthoritySettings::SelfSigned(self.self_signed.settings(&self.shared, before.as_ref())))
            }
        }
    }
}
