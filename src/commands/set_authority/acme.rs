//! The flags of an authority that speaks ACME.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use keystore::model::{
    AbsolutePath, AcmeSettings, AuthoritySettings, DirectoryUrl, DnsServer, DnsUpdate, ExternalAccount, Hook, Line,
    Proof, SecretSource, Tsig, TsigAlgorithm,
};
use keystore::name::AuthorityName;
use keystore::pki::{DnsName, EmailAddress};

use super::kinds::{NONE, SharedArgs, or_none, refuse};
use crate::commands::set_service::command;
use crate::context::Context;
use crate::error::Failure;
use crate::prompt;

/// Where http-01 and tls-alpn-01 are asked for.
const HTTP: u16 = 80;
const HTTPS: u16 = 443;
/// How long the servers of a zone mostly take to have what its primary has.
const SPREAD: u32 = 10;

/// How names are proven, as it is typed.
#[derive(clap::ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
enum Challenge {
    /// Over HTTP: this program answers, or a web server from a folder
    #[value(name = "http-01")]
    Http,
    /// In DNS: by a program, or by signed updates
    #[value(name = "dns-01")]
    Dns,
    /// In a TLS handshake: this program answers
    #[value(name = "tls-alpn-01")]
    TlsAlpn,
}

/// An algorithm of TSIG, as it is typed.
#[derive(clap::ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
enum Algorithm {
    HmacSha256,
    HmacSha384,
    HmacSha512,
}

#[derive(clap::Args, Debug)]
#[command(next_help_heading = "ACME (--kind acme)")]
pub(super) struct AcmeArgs {
    /// Where its directory is
    #[arg(long, value_name = "URL")]
    directory: Option<String>,
    /// Whom it may write to; repeatable, all are replaced; `none` for nobody
    #[arg(long, value_name = "MAIL")]
    contact: Vec<String>,
    /// Agree to its terms of service, which its directory names
    #[arg(long)]
    accept_terms: bool,
    /// The identifier of an account with it (external account binding)
    #[arg(long, value_name = "ID", requires = "eab_key")]
    eab_kid: Option<String>,
    /// Where its key is: file:/PATH or env:NAME, in base64url
    #[arg(long, value_name = "SOURCE", requires = "eab_kid")]
    eab_key: Option<String>,
    /// How names are proven; http-01 when nothing is said
    #[arg(long, value_name = "CHALLENGE")]
    challenge: Option<Challenge>,
    /// Answer here; `[::]:80` or `[::]:443` when nothing is said
    #[arg(long, value_name = "ADDR:PORT", conflicts_with = "webroot")]
    listen: Option<String>,
    /// Have a web server answer that serves this folder as /
    #[arg(long, value_name = "DIR")]
    webroot: Option<String>,
    /// Have this program put records into DNS and take them out
    #[arg(long, value_name = "COMMAND", conflicts_with = "dns_server")]
    dns_command: Option<String>,
    /// Send updates of DNS (RFC 2136) to this server
    #[arg(long, value_name = "HOST[:PORT]")]
    dns_server: Option<String>,
    /// For this zone; the server is asked when nothing is said
    #[arg(long, value_name = "ZONE")]
    dns_zone: Option<String>,
    /// Seconds from a record's making until everybody sees it
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(0..=3600))]
    dns_wait: Option<u32>,
    /// The name of the key that updates are signed with
    #[arg(long, value_name = "NAME")]
    tsig_name: Option<String>,
    /// Its algorithm; hmac-sha256 when nothing is said
    #[arg(long, value_name = "ALGORITHM")]
    tsig_algorithm: Option<Algorithm>,
    /// Where the key is: file:/PATH or env:NAME, in base64
    #[arg(long, value_name = "SOURCE")]
    tsig_key: Option<String>,
    /// The profile that certificates shall have; `none` for its own choice
    #[arg(long, value_name = "PROFILE")]
    acme_profile: Option<String>,
    /// The chain that leads to an issuer with this common name, where it has
    /// several; `none` for its own choice
    #[arg(long, value_name = "CN")]
    preferred_chain: Option<String>,
}

impl AcmeArgs {
    /// A flag that was given.
    pub(super) fn given(&self) -> Option<&'static str> {
        let texts = [
            (&self.directory, "--directory"),
            (&self.eab_kid, "--eab-kid"),
            (&self.listen, "--listen"),
            (&self.webroot, "--webroot"),
            (&self.dns_command, "--dns-command"),
            (&self.dns_server, "--dns-server"),
            (&self.dns_zone, "--dns-zone"),
            (&self.tsig_name, "--tsig-name"),
            (&self.tsig_key, "--tsig-key"),
            (&self.acme_profile, "--acme-profile"),
            (&self.preferred_chain, "--preferred-chain"),
        ];
        let others = [
            (!self.contact.is_empty(), "--contact"),
            (self.accept_terms, "--accept-terms"),
            (self.challenge.is_some(), "--challenge"),
            (self.dns_wait.is_some(), "--dns-wait"),
            (self.tsig_algorithm.is_some(), "--tsig-algorithm"),
        ];
        let texts = texts.into_iter().map(|(value, flag)| (value.is_some(), flag));
        texts.chain(others).find_map(|(given, flag)| given.then_some(flag))
    }

    pub(super) fn settings(
        &self,
        context: &Context,
        name: &AuthorityName,
        shared: &SharedArgs,
        before: Option<AuthoritySettings>,
    ) -> Result<AcmeSettings, Failure> {
        let said = Said { context, name, args: self };
        let before = match before {
            Some(AuthoritySettings::Acme(before)) => Some(before),
            _ => None,
        };
        let directory = said.directory(before.as_ref())?;
        let before = before.as_ref();
        Ok(AcmeSettings {
            directory,
            contacts: said.contacts(before)?,
            roots: shared.roots(name, before.and_then(|it| it.roots.clone()))?,
            external_account: said.external_account(before)?,
            proof: said.proof(before.map(|it| &it.proof))?,
            profile: said.or_none(&self.acme_profile, "--acme-profile", before.and_then(|it| it.profile.clone()))?,
            preferred_chain: said.or_none(
                &self.preferred_chain,
                "--preferred-chain",
                before.and_then(|it| it.preferred_chain.clone()),
            )?,
        })
    }
}

/// What was said of an authority.
struct Said<'a> {
    context: &'a Context,
    name: &'a AuthorityName,
    args: &'a AcmeArgs,
}

impl Said<'_> {
    fn parse<T>(&self, text: &str, flag: &'static str) -> Result<T, Failure>
    where
        T: std::str::FromStr,
        T::Err: std::error::Error,
    {
        text.parse().map_err(|error: T::Err| refuse(self.name, flag)(&error))
    }

    fn read<T>(&self, text: &Option<String>, flag: &'static str) -> Result<Option<T>, Failure>
    where
        T: std::str::FromStr,
        T::Err: std::error::Error,
    {
        text.as_ref().map(|text| self.parse(text, flag)).transpose()
    }

    /// What is said now, nothing where that is `none`, else what was said before.
    fn or_none<T>(&self, text: &Option<String>, flag: &'static str, before: Option<T>) -> Result<Option<T>, Failure>
    where
        T: std::str::FromStr,
        T::Err: std::error::Error,
    {
        or_none(self.name, text.as_deref(), flag, before)
    }

    /// Another directory is another authority, with terms of its own.
    fn directory(&self, before: Option<&AcmeSettings>) -> Result<DirectoryUrl, Failure> {
        let said: Option<DirectoryUrl> = self.read(&self.args.directory, "--directory")?;
        let known = before.map(|before| before.directory.clone());
        let directory = match said.or_else(|| known.clone()) {
            Some(directory) => directory,
            None if self.context.can_ask() => {
                let answer = prompt::authority::directory("URL of the authority's directory")?;
                self.parse(&answer, "--directory")?
            }
            None => {
                return Err(Failure::Missing { what: "where the authority's directory is", flag: "--directory URL" });
            }
        };
        let is_agreed = known.as_ref() == Some(&directory) || self.args.accept_terms;
        if !is_agreed && !self.context.can_ask() {
            let what = "that you agree to the authority's terms of service, which its directory names,";
            return Err(Failure::Missing { what, flag: "--accept-terms" });
        }
        if !is_agreed && !prompt::confirm("Do you agree to its terms of service, which that directory names?", false)? {
            return Err(Failure::Declined);
        }
        Ok(directory)
    }

    fn contacts(&self, before: Option<&AcmeSettings>) -> Result<Vec<EmailAddress>, Failure> {
        match self.args.contact.as_slice() {
            [] => Ok(before.map(|before| before.contacts.clone()).unwrap_or_default()),
            [none] if none == NONE => Ok(Vec::new()),
            contacts => contacts.iter().map(|contact| self.parse(contact, "--contact")).collect(),
        }
    }

    fn external_account(&self, before: Option<&AcmeSettings>) -> Result<Option<ExternalAccount>, Failure> {
        let kid: Option<Line> = self.read(&self.args.eab_kid, "--eab-kid")?;
        let key: Option<SecretSource> = self.read(&self.args.eab_key, "--eab-key")?;
        match kid.zip(key) {
            Some((kid, key)) => Ok(Some(ExternalAccount { kid, key })),
            None => Ok(before.and_then(|before| before.external_account.clone())),
        }
    }

    /// Flags that name a way to prove names lead to a challenge; without any, it stays as it was.
    fn proof(&self, before: Option<&Proof>) -> Result<Proof, Failure> {
        let args = self.args;
        let of_dns = [
            (args.dns_command.is_some(), "--dns-command"),
            (args.dns_server.is_some(), "--dns-server"),
            (args.dns_zone.is_some(), "--dns-zone"),
            (args.dns_wait.is_some(), "--dns-wait"),
            (args.tsig_name.is_some(), "--tsig-name"),
            (args.tsig_algorithm.is_some(), "--tsig-algorithm"),
            (args.tsig_key.is_some(), "--tsig-key"),
        ];
        let of_dns = of_dns.into_iter().find_map(|(given, flag)| given.then_some(flag));
        let of_http = args.webroot.is_some().then_some("--webroot");
        let of_listener = args.listen.is_some().then_some("--listen");
        let was = before.map(|before| match before {
            Proof::HttpListener { .. } | Proof::HttpWebroot { .. } => Challenge::Http,
            Proof::DnsCommand { .. } | Proof::DnsUpdate(_) => Challenge::Dns,
            Proof::TlsAlpn { .. } => Challenge::TlsAlpn,
        });
        let implied = match (of_dns, of_http) {
            (Some(_), _) => Some(Challenge::Dns),
            (None, Some(_)) => Some(Challenge::Http),
            (None, None) => was,
        };
        let challenge = args.challenge.or(implied).unwrap_or(Challenge::Http);
        let stray = match challenge {
            Challenge::Http => of_dns,
            Challenge::Dns => of_http.or(of_listener),
            Challenge::TlsAlpn => of_dns.or(of_http),
        };
        if let Some(flag) = stray {
            return Err(Failure::Usage {
                message: format!("{flag} is for another challenge"),
                hint: "http-01: --listen or --webroot; dns-01: --dns-... and --tsig-...; tls-alpn-01: --listen",
            });
        }
        match challenge {
            Challenge::Http => self.http(before),
            Challenge::Dns => self.dns(before),
            Challenge::TlsAlpn => {
                let before = match before {
                    Some(Proof::TlsAlpn { listen }) => Some(*listen),
                    _ => None,
                };
                self.listen(before, HTTPS).map(|listen| Proof::TlsAlpn { listen })
            }
        }
    }

    fn listen(&self, before: Option<SocketAddr>, usual: u16) -> Result<SocketAddr, Failure> {
        let usual = SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), usual);
        Ok(self.read(&self.args.listen, "--listen")?.or(before).unwrap_or(usual))
    }

    fn http(&self, before: Option<&Proof>) -> Result<Proof, Failure> {
        let webroot: Option<AbsolutePath> = self.read(&self.args.webroot, "--webroot")?;
        match (webroot, before) {
            (Some(webroot), _) => Ok(Proof::HttpWebroot { webroot }),
            (None, Some(Proof::HttpWebroot { webroot })) if self.args.listen.is_none() => {
                Ok(Proof::HttpWebroot { webroot: webroot.clone() })
            }
            (None, Some(Proof::HttpListener { listen })) => {
                self.listen(Some(*listen), HTTP).map(|listen| Proof::HttpListener { listen })
            }
            (None, _) => self.listen(None, HTTP).map(|listen| Proof::HttpListener { listen }),
        }
    }

    fn dns(&self, before: Option<&Proof>) -> Result<Proof, Failure> {
        let args = self.args;
        let was_program = matches!(before, Some(Proof::DnsCommand { .. }));
        let names_server = args.dns_server.is_some() || args.tsig_name.is_some() || args.tsig_key.is_some();
        if args.dns_command.is_some() || (was_program && !names_server) {
            return self.dns_program(before);
        }
        let before = match before {
            Some(Proof::DnsUpdate(before)) => Some(before),
            _ => None,
        };
        let missing = |what, flag| Failure::Missing { what, flag };
        let server: Option<DnsServer> = self.read(&args.dns_server, "--dns-server")?;
        let server = server.or_else(|| before.map(|it| it.server.clone()));
        let tsig_name: Option<Line> = self.read(&args.tsig_name, "--tsig-name")?;
        let tsig_key: Option<SecretSource> = self.read(&args.tsig_key, "--tsig-key")?;
        let algorithm = args.tsig_algorithm.map(|algorithm| match algorithm {
            Algorithm::HmacSha256 => TsigAlgorithm::HmacSha256,
            Algorithm::HmacSha384 => TsigAlgorithm::HmacSha384,
            Algorithm::HmacSha512 => TsigAlgorithm::HmacSha512,
        });
        let zone: Option<DnsName> =
            self.or_none(&args.dns_zone, "--dns-zone", before.and_then(|it| it.zone.clone()))?;
        Ok(Proof::DnsUpdate(DnsUpdate {
            server: server
                .ok_or_else(|| missing("who puts records into DNS", "--dns-command COMMAND or --dns-server HOST"))?,
            zone,
            tsig: Tsig {
                name: tsig_name
                    .or_else(|| before.map(|it| it.tsig.name.clone()))
                    .ok_or_else(|| missing("the name of the key that updates are signed with", "--tsig-name NAME"))?,
                algorithm: algorithm.or_else(|| before.map(|it| it.tsig.algorithm)).unwrap_or_default(),
                key: tsig_key
                    .or_else(|| before.map(|it| it.tsig.key.clone()))
                    .ok_or_else(|| missing("where the key is that updates are signed with", "--tsig-key SOURCE"))?,
            },
            wait: args.dns_wait.or_else(|| before.map(|it| it.wait)).unwrap_or(SPREAD),
        }))
    }

    fn dns_program(&self, before: Option<&Proof>) -> Result<Proof, Failure> {
        let (run, wait) = match before {
            Some(Proof::DnsCommand { run, wait }) => (Some(run.clone()), *wait),
            _ => (None, 0),
        };
        let said = match &self.args.dns_command {
            Some(text) => command(text, false).map_err(|error| refuse(self.name, "--dns-command")(&error))?,
            None => run,
        };
        let run = said.filter(|run| *run != Hook::Nothing);
        let run = run.ok_or(Failure::Missing { what: "the program for DNS", flag: "--dns-command COMMAND" })?;
        Ok(Proof::DnsCommand { run, wait: self.args.dns_wait.unwrap_or(wait) })
    }
}
