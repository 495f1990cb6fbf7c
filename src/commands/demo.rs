//! `demo`: the whole workflow on a keystore of its own, proven by live handshakes.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Parser as _;
use keystore::digest::Digest;
use keystore::name::Endpoint;
use serde::Serialize;
use time::{Duration, OffsetDateTime};

use crate::cli::Cli;
use crate::context::Context;
use crate::demo::{Authority, Client, DemoError, Reader, Server, Source};
use crate::error::Failure;
use crate::exit::Exit;
use crate::output::{Page, Printer, Problem as _, Report, print, style};
use crate::{commands, interrupt, outside};

const HELP: &str = "\
Examples:
  keyring demo
  keyring demo --keep ./keyring-demo

It uses no network but 127.0.0.1, and a temporary folder that is removed
afterwards, or with --keep stays.

Exit codes:
  0  every step succeeded and every handshake was proven
  1  one failed
  2  usage
  4  the folder is there already";

/// Watch the whole workflow, from a new key to a rotation that is proven, and one that is taken back
///
/// A keystore, a key, its request, an authority that signs it, two services on two servers, a commit; TLS servers in
/// this process that read the published files, and a client that verifies them; a rotation that reloads and proves them;
/// and one that fails and is taken back.
#[derive(clap::Args, Debug)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
    /// Leave the result in a new folder, to explore
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

const KEY: &str = "mail01/imap/main";
const ENDPOINTS: [&str; 2] = ["mail01/imap@default", "mail02/pop3@default"];
const NAMES: [&str; 2] = ["mail01.example.com", "mail02.example.com"];
const VALIDITY: Duration = Duration::days(47);

#[derive(Serialize)]
struct ProofJson {
    endpoint: String,
    name: &'static str,
    before: String,
    after: String,
}

#[derive(Serialize)]
pub(crate) struct Outcome {
    kept: Option<String>,
    proofs: Vec<ProofJson>,
}

impl Report for Outcome {
    fn notes(&self, page: &mut Page) {
        page.gap();
        match &self.kept {
            Some(folder) => {
                page.line(format_args!("Everything is left in {folder}: see `keyring --store {folder}/keystore list`."))
            }
            None => page.line("The temporary folder is gone; `keyring demo --keep DIR` leaves it to explore."),
        };
    }
}

pub(crate) fn run(context: &Context, args: &Args) -> Result<Exit, Failure> {
    // Ctrl-C waits for the end, some seconds at most, so that the temporary folder never stays behind.
    let outcome = interrupt::critical(|| {
        let (folder, temporary) = match &args.keep {
            Some(folder) => {
                outside::create_folder(folder)?;
                (folder.clone(), None)
            }
            None => {
                let temporary = outside::temporary_folder()?;
                (temporary.path().to_path_buf(), Some(temporary))
            }
        };
        let proofs = Stage::new(context, &folder)?.play()?;
        drop(temporary);
        Ok::<_, Failure>(Outcome { kept: args.keep.as_ref().map(|folder| folder.display().to_string()), proofs })
    })?;
    Ok(context.printer.finish(context.command, &outcome)?)
}

/// Where the demonstration plays.
struct Stage<'c> {
    context: &'c Context,
    folder: &'c Path,
    authority: Authority,
    client: Client,
    now: OffsetDateTime,
}

/// What is served at an endpoint, and by whom.
struct Service {
    endpoint: Endpoint,
    name: &'static str,
    server: Server,
    /// The command that has it read its files again.
    reload: String,
}

impl<'c> Stage<'c> {
    fn new(context: &'c Context, folder: &'c Path) -> Result<Self, Failure> {
        let now = OffsetDateTime::from_unix_timestamp(outside::now().unix()).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let authority = Authority::new(now)?;
        let client = Client::new(authority.root_pem(), now)?;
        Ok(Self { context, folder, authority, client, now })
    }

    fn play(&self) -> Result<Vec<ProofJson>, Failure> {
        self.say(format_args!("export KEYRING_STORE={}", self.store().display()))?;
        self.heading("A keystore, a key and its request")?;
        self.keyring(&["init", "--subject", "C=NL,O=Example Corp"])?;
        self.keyring(&["create-key", KEY])?;
        let names = ["dns:mail01.example.com", "dns:mail02.example.com"];
        let request = self.path("request-1.csr");
        self.keyring(&["make-csr", KEY, "--cn", NAMES[0], "--san", names[0], "--san", names[1], "--out", &request])?;
        self.sign(1)?;
        self.heading("The reply, bound to two services on two servers, and committed")?;
        let root = self.path("authority.pem");
        outside::write(Path::new(&root), self.authority.root_pem().as_bytes(), false)?;
        self.keyring(&["install-cert", KEY, &self.path("reply-1.pem"), "--roots", &root])?;
        self.keyring(&["bind", KEY, ENDPOINTS[0], ENDPOINTS[1]])?;
        self.keyring(&["diff"])?;
        self.keyring(&["commit", "-m", "first certificate"])?;
        self.heading("Two TLS servers read the published files; a client trusts the authority's root only")?;
        let services = self.start()?;
        let before = self.prove(&services)?;
        self.heading("What each server is: how it is reloaded, where it is proven")?;
        for service in &services {
            self.tell(service, &service.reload)?;
        }
        self.keyring(&["commit", "-m", "services"])?;
        self.heading("The rotation: a new private key; the commit reloads both servers and proves them")?;
        self.renew(2, &root)?;
        self.keyring(&["commit", "-m", "rotation"])?;
        let after = self.prove(&services)?;
        self.heading("A rotation that fails: the second server's reload says that it succeeded, and does nothing")?;
        let [_, second] = services.as_slice() else { return Ok(Vec::new()) };
        self.renew(3, &root)?;
        self.tell(second, "true")?;
        self.taken_back(&["commit", "-m", "another rotation"])?;
        self.heading("Both servers serve what they did before, and the commit waits")?;
        if self.prove(&services)? != after {
            return Err(anyhow::anyhow!("a commit that failed was not taken back").into());
        }
        self.keyring(&["status"])?;
        self.heading("The reload is mended, and the same commit goes through")?;
        self.tell(second, &second.reload)?;
        self.keyring(&["commit", "-m", "another rotation"])?;
        let last = self.prove(&services)?;
        if last == after {
            return Err(anyhow::anyhow!("the certificate from before the last rotation is still served").into());
        }
        self.keyring(&["list"])?;
        let changed = |((service, before), after): ((&Service, &Digest), &Digest)| {
            let (endpoint, name) = (service.endpoint.to_string(), service.name);
            if before == after {
                return Err(anyhow::anyhow!("{endpoint} still serves the certificate from before the rotation"));
            }
            Ok(ProofJson { endpoint, name, before: before.to_string(), after: after.to_string() })
        };
        Ok(services.iter().zip(&before).zip(&after).map(changed).collect::<Result<_, _>>()?)
    }

    /// Says of a service how it is reloaded and where it is proven.
    fn tell(&self, service: &Service, reload: &str) -> Result<(), Failure> {
        let (path, url) = (service.endpoint.service.to_string(), format!("tls://{}", service.server.address()));
        let said = ["set-service", &path, "--profile", "files", "--reload-command", reload, "--probe", &url];
        self.keyring(&[&said[..], &["--probe-name", service.name, "--timeout", "3"]].concat())
    }

    /// A new private key with its certificate.
    fn renew(&self, number: usize, root: &str) -> Result<(), Failure> {
        self.keyring(&["create-key", KEY, "--next"])?;
        self.keyring(&["make-csr", KEY, "--out", &self.path(&format!("request-{number}.csr"))])?;
        self.sign(number)?;
        self.keyring(&["install-cert", KEY, &self.path(&format!("reply-{number}.pem")), "--roots", root])
    }

    /// A commit that fails, and is taken back whole.
    fn taken_back(&self, words: &[&str]) -> Result<(), Failure> {
        match self.keyring(words) {
            Err(failure @ Failure::Publishing(_)) if failure.exit() == Exit::Publishing => {
                let mut page = Page::default();
                page.tagged(style::BAD, "error:", failure.message());
                for detail in failure.details() {
                    page.line(format_args!("  - {}", detail.message));
                }
                self.print(&page)
            }
            Err(failure) => Err(failure),
            Ok(()) => Err(anyhow::anyhow!("a reload that did nothing was taken for one that did").into()),
        }
    }

    fn store(&self) -> PathBuf {
        self.folder.join("keystore")
    }

    fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    /// Shows a command line and runs it, through the same parser as one that was typed.
    fn keyring(&self, words: &[&str]) -> Result<(), Failure> {
        let mut page = Page::default();
        page.tagged(style::STRONG, "$", format_args!("keyring {}", shell_words::join(words)));
        self.print(&page)?;
        let store = self.store().display().to_string();
        let line = ["keyring", "--no-input", "--store", &store].into_iter().chain(words.iter().copied());
        let cli = Cli::try_parse_from(line).map_err(anyhow::Error::from)?;
        let printer = if self.context.printer == Printer::Human { Printer::Shown } else { Printer::Silent };
        let context = Context::new(cli.global, cli.command.name()).with_printer(printer);
        commands::dispatch(&context, cli.command)?;
        Ok(())
    }

    /// The authority answers a request.
    fn sign(&self, number: usize) -> Result<(), Failure> {
        let request = outside::read(&self.path(&format!("request-{number}.csr")))?;
        let reply = self.authority.sign(&String::from_utf8_lossy(&request), VALIDITY, self.now)?;
        let path = self.path(&format!("reply-{number}.pem"));
        outside::write(path.as_ref(), reply.as_bytes(), false)?;
        self.say(format_args!("# The authority signs it for {} days: {path}", VALIDITY.whole_days()))
    }

    fn start(&self) -> Result<Vec<Service>, Failure> {
        let keystore = self.context.clone().with_store(self.store()).keystore()?;
        let start = |(endpoint, name): (&str, &'static str)| -> Result<Service, Failure> {
            let endpoint: Endpoint = endpoint.parse()?;
            let live = keystore.live_folder(&endpoint);
            let reader = |name| -> Reader { Box::new(outside::reader(live.join(name))) };
            let (source, files) = if name == NAMES[0] {
                (Source::Combined(reader("combined.pem")), "combined.pem")
            } else {
                let (chain, private_key) = (reader("fullchain.pem"), reader("private-key.pem"));
                (Source::Pair { chain, private_key }, "{fullchain,private-key}.pem")
            };
            self.say(format_args!("# A server for {endpoint} reads {}/{files}", live.display()))?;
            // commands of services are run elsewhere
            let asked = outside::absolute(&self.folder.join(format!("{name}.reload")))?;
            let reload = shell_words::join(["touch", &asked.display().to_string()]);
            let server = Server::start(source, Box::new(outside::trigger(asked)))?;
            Ok(Service { endpoint, name, server, reload })
        };
        ENDPOINTS.into_iter().zip(NAMES).map(start).collect()
    }

    /// A real handshake with every service. Returns the certificates that were served.
    fn prove(&self, services: &[Service]) -> Result<Vec<Digest>, Failure> {
        services.iter().map(|service| Ok(self.prove_one(service.server.address(), service)?)).collect()
    }

    fn prove_one(&self, address: SocketAddr, service: &Service) -> Result<Digest, DemoError> {
        let served = self.client.handshake(address, service.name)?;
        let mut page = Page::default();
        let what = format_args!(
            "{} at {address} as {}: certificate {}, chain of {}, {}",
            service.endpoint,
            service.name,
            served.fingerprint.short(),
            served.chain_length,
            served.protocol_version
        );
        page.tagged(style::GOOD, "verified", what);
        // a proof that cannot be shown is a proof all the same
        let _ = self.print(&page);
        Ok(served.fingerprint)
    }

    fn heading(&self, text: &str) -> Result<(), Failure> {
        let mut page = Page::default();
        page.line("").styled(style::STRONG, format_args!("== {text}"));
        self.print(&page)
    }

    fn say(&self, text: std::fmt::Arguments<'_>) -> Result<(), Failure> {
        let mut page = Page::default();
        page.line(text);
        self.print(&page)
    }

    fn print(&self, page: &Page) -> Result<(), Failure> {
        if self.context.printer == Printer::Human {
            print(page)?;
        }
        Ok(())
    }
}
