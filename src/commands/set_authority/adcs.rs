//! The flags of a Windows certification authority.

use std::fmt::Display;
use std::str::FromStr;

use keystore::model::{Account, AdcsLogin, AdcsSettings, AuthoritySettings, EnrolmentUrl};
use keystore::name::AuthorityName;
use keystore::pki::TemplateName;

use super::kinds::{NONE, SharedArgs, refuse};
use crate::context::Context;
use crate::error::Failure;
use crate::prompt;

/// The template that servers have where nothing else is said. Every Windows authority with templates has it.
const TEMPLATE: &str = "WebServer";

/// How it is told who asks, as it is typed.
#[derive(clap::ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
enum Login {
    /// With a name and a password (Basic)
    Basic,
    /// With a certificate, in TLS
    Certificate,
    /// With a Kerberos ticket, by the program curl
    Negotiate,
    /// With a name and a password (NTLM), by the program curl
    Ntlm,
}

impl Login {
    fn of(login: &AdcsLogin) -> Self {
        match login {
            AdcsLogin::Basic(_) => Self::Basic,
            AdcsLogin::Certificate { .. } => Self::Certificate,
            AdcsLogin::Negotiate => Self::Negotiate,
            AdcsLogin::Ntlm(_) => Self::Ntlm,
        }
    }
}

#[derive(clap::Args, Debug)]
#[command(next_help_heading = "A Windows authority (--kind adcs)")]
pub(super) struct AdcsArgs {
    /// Where its web enrolment is: https://HOST/certsrv
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Reach it without TLS: whoever listens has the password
    #[arg(long, requires = "url")]
    insecure_http: bool,
    /// The certificate template, WebServer when nothing is said; `none` for an
    /// authority without templates
    #[arg(long, value_name = "NAME")]
    template: Option<String>,
    /// How it is told who asks
    #[arg(long, value_name = "HOW")]
    login: Option<Login>,
    /// The user: NAME, DOMAIN\NAME or NAME@DOMAIN
    #[arg(long, value_name = "NAME", conflicts_with = "client_cert")]
    user: Option<String>,
    /// Where the password is: file:/PATH or env:NAME
    #[arg(long, value_name = "SOURCE", conflicts_with = "client_cert")]
    password: Option<String>,
    /// The file with the certificate for TLS, its chain and its private key, PEM
    #[arg(long, value_name = "FILE")]
    client_cert: Option<String>,
}

impl AdcsArgs {
    /// A flag that was given.
    pub(super) fn given(&self) -> Option<&'static str> {
        let flags = [
            (self.url.is_some(), "--url"),
            (self.template.is_some(), "--template"),
            (self.login.is_some(), "--login"),
            (self.user.is_some(), "--user"),
            (self.password.is_some(), "--password"),
            (self.client_cert.is_some(), "--client-cert"),
        ];
        flags.into_iter().find_map(|(given, flag)| given.then_some(flag))
    }

    pub(super) fn settings(
        &self,
        context: &Context,
        name: &AuthorityName,
        shared: &SharedArgs,
        before: Option<AuthoritySettings>,
    ) -> Result<AdcsSettings, Failure> {
        let before = match before {
            Some(AuthoritySettings::Adcs(before)) => Some(before),
            _ => None,
        };
        let said = Said { context, name, args: self };
        let roots = before.as_ref().and_then(|it| it.roots.clone());
        let settings = AdcsSettings {
            url: said.url(before.as_ref())?,
            template: said.template(before.as_ref())?,
            roots: shared.roots(name, roots)?,
            login: said.login(before.map(|it| it.login))?,
        };
        if matches!(settings.login, AdcsLogin::Certificate { .. }) && !settings.url.is_secure() {
            return Err(Failure::AuthoritySetting {
                name: name.to_string(),
                message: format!("{} has no TLS, in which a certificate would say who asks", settings.url),
                hint: "--url https://HOST/certsrv",
            });
        }
        Ok(settings)
    }
}

/// What was said of an authority.
struct Said<'a> {
    context: &'a Context,
    name: &'a AuthorityName,
    args: &'a AdcsArgs,
}

impl Said<'_> {
    /// What is said now, what was said before, what somebody answers.
    fn value<T>(
        &self,
        (text, flag): (&Option<String>, &'static str),
        before: Option<T>,
        question: &str,
        missing: Failure,
    ) -> Result<T, Failure>
    where
        T: FromStr,
        T::Err: std::error::Error + Display,
    {
        let answer = match (text, before) {
            (Some(text), _) => text.clone(),
            (None, Some(before)) => return Ok(before),
            (None, None) if self.context.can_ask() => prompt::authority::value::<T>(question)?,
            (None, None) => return Err(missing),
        };
        answer.parse().map_err(|error: T::Err| refuse(self.name, flag)(&error))
    }

    fn url(&self, before: Option<&AdcsSettings>) -> Result<EnrolmentUrl, Failure> {
        let missing = Failure::Missing { what: "the URL of its web enrolment", flag: "--url URL" };
        let before = before.map(|it| it.url.clone());
        let url = self.value((&self.args.url, "--url"), before.clone(), "URL of its web enrolment", missing)?;
        // one that was agreed to before need not be said again
        if url.is_secure() || self.args.insecure_http || before.as_ref() == Some(&url) {
            return Ok(url);
        }
        Err(Failure::AuthoritySetting {
            name: self.name.to_string(),
            message: format!("{url} has no TLS: whoever listens has the password and can answer in its name"),
            hint: "--insecure-http says that this is meant",
        })
    }

    fn template(&self, before: Option<&AdcsSettings>) -> Result<Option<TemplateName>, Failure> {
        let text = match (self.args.template.as_deref(), before) {
            (Some("" | NONE), _) => return Ok(None),
            (None, Some(before)) => return Ok(before.template.clone()),
            (Some(text), _) => text,
            (None, None) => TEMPLATE,
        };
        text.parse().map(Some).map_err(|error| refuse(self.name, "--template")(&error))
    }

    fn login(&self, before: Option<AdcsLogin>) -> Result<AdcsLogin, Failure> {
        let args = self.args;
        let names_user = args.user.is_some() || args.password.is_some();
        let was = before.as_ref().map(Login::of);
        let by_flags = match was {
            _ if args.client_cert.is_some() => Some(Login::Certificate),
            Some(Login::Ntlm) if names_user => Some(Login::Ntlm),
            _ if names_user => Some(Login::Basic),
            _ => was,
        };
        let login = match args.login.or(by_flags) {
            Some(login) => login,
            None if self.context.can_ask() => ask()?,
            None => {
                let flag = "--user NAME --password SOURCE, --client-cert FILE or --login negotiate";
                return Err(Failure::Missing { what: "the way to log in", flag });
            }
        };
        let is_with_user = matches!(login, Login::Basic | Login::Ntlm);
        if (names_user && !is_with_user) || (args.client_cert.is_some() && login != Login::Certificate) {
            return Err(Failure::Usage {
                message: "what is said of who asks is for another --login".to_owned(),
                hint: "basic and ntlm: --user and --password; certificate: --client-cert; negotiate: none of them",
            });
        }
        Ok(match login {
            Login::Negotiate => AdcsLogin::Negotiate,
            Login::Certificate => {
                let before = match before {
                    Some(AdcsLogin::Certificate { file }) => Some(file),
                    _ => None,
                };
                let missing = Failure::Missing { what: "the certificate for TLS", flag: "--client-cert FILE" };
                let file = self.value(
                    (&args.client_cert, "--client-cert"),
                    before,
                    "File with the certificate and its private key",
                    missing,
                )?;
                AdcsLogin::Certificate { file }
            }
            Login::Basic => AdcsLogin::Basic(self.account(before)?),
            Login::Ntlm => AdcsLogin::Ntlm(self.account(before)?),
        })
    }

    fn account(&self, before: Option<AdcsLogin>) -> Result<Account, Failure> {
        let (user, password) = match before {
            Some(AdcsLogin::Basic(account) | AdcsLogin::Ntlm(account)) => (Some(account.user), Some(account.password)),
            _ => (None, None),
        };
        let no_user = Failure::Missing { what: "the name of the user", flag: "--user NAME" };
        let no_password = Failure::Missing { what: "the source of the password", flag: "--password SOURCE" };
        Ok(Account {
            user: self.value((&self.args.user, "--user"), user, "User", no_user)?,
            password: self.value(
                (&self.args.password, "--password"),
                password,
                "Where its password is (file:/PATH or env:NAME)",
                no_password,
            )?,
        })
    }
}

/// Asks how it is told who asks.
fn ask() -> Result<Login, Failure> {
    use clap::ValueEnum as _;
    let about = |login: &Login| {
        let value = login.to_possible_value();
        value.and_then(|value| value.get_help().map(ToString::to_string)).unwrap_or_default()
    };
    let labels: Vec<_> = Login::value_variants().iter().map(about).collect();
    Ok(Login::value_variants()[prompt::authority::login(&labels)?])
}
