//! `make-csr`: a certification request for an authority.

mod report;

use std::path::PathBuf;

use keystore::name::KeyPath;
use keystore::ops::find_key;
use keystore::ops::make_csr::{self as op, Made, MakeCsr, Taken};
use keystore::pki::{Contact, KeyAlgorithm, SubjectAltName};
use keystore::store::{Keystore, Snapshot};

use super::create_key;
use super::destination::destination;
use super::opening;
use super::passphrase::PassphraseArgs;
use super::subject::SubjectArgs;
use crate::context::Context;
use crate::error::Failure;
use crate::{outside, prompt};
pub(crate) use report::Outcome;

const HELP: &str = "\
Examples:
  keyring make-csr mail01/imap/main --cn mail.example.com --out mail.csr
  keyring make-csr mail01/imap/main --org \"Example Corp\" --country US > mail.csr
  keyring make-csr web/https/main --new-key --san dns:example.com
  keyring make-csr web/https/main --new-key --from-certificate expiring.pem
  keyring make-csr web/https/main --config openssl.cnf --out web.csr
  keyring make-csr web/https/main --for web/https@default \\
      --for mail01/imap@default --out web.csr
  keyring make-csr web/https/main --subject \"C=US,O=Example Corp,OU=IT,OU=Web\"

What is not given is taken from the key's last request, else from
keystore.toml; a subject is encoded in the order given. On a key with a
certificate, the request is for its next version (create-key --next), or with
--reuse-key for the private key in use. With --new-key, create-key comes first;
a next version that is marked compromised is passed over.

With --for, the names are those of these endpoints and those that are given:
their servers' names where these have a dot, what their services are probed by
(set-service --probe-name), and those of the certificates that they have. Bound
endpoints that the request leaves out are named.

With --from-certificate, --from-csr or --config, subject, names, certificate
template and extensions (key usage, extended key usage, CA:FALSE, must-staple)
are those of FILE and no others; flags win over them. A config is one of
`openssl req` or an INF file of Windows' `certreq`: lines that can't be done are
refused, all at once; lines that have no meaning here are named.

Exit codes:
  0    done
  1    FILE can't be written, or something else failed
  2    usage
  3    subject, name, passphrase or FILE refused
  4    no keystore, no such key, no version to make it with, or FILE is there
  5    in use
  7    keystore damaged
  130  interrupted";

/// Make a certification request (PKCS#10)
///
/// The request goes to standard output, or to a file with --out, and is kept beside its private key.
#[derive(clap::Args, Debug, Default)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
    /// The key: SERVER/PROTOCOL/NAME
    key: Option<String>,
    #[command(flatten)]
    subject: SubjectArgs,
    /// A name to be certified: dns:NAME, ip:ADDRESS, email:MAILBOX or uri:URI; repeatable
    #[arg(long, value_name = "KIND:VALUE")]
    san: Vec<String>,
    /// An endpoint that the certificate shall serve: what it is called is added to the names; repeatable
    #[arg(long = "for", value_name = "ENDPOINT")]
    endpoints: Vec<String>,
    /// Take over what this certificate says, for a renewal or another key; - is standard input
    #[arg(long, value_name = "FILE", requires = "key", group = "source", help_heading = "Taken over")]
    from_certificate: Option<String>,
    /// Take over what this request says, whoever made it
    #[arg(long, value_name = "FILE", requires = "key", group = "source", help_heading = "Taken over")]
    from_csr: Option<String>,
    /// Take what a config of `openssl req` or an INF file of `certreq` says
    #[arg(long, value_name = "FILE", requires = "key", group = "source", help_heading = "Taken over")]
    config: Option<String>,
    /// Ask for the current private key to be certified again
    #[arg(long)]
    reuse_key: bool,
    /// Make a new private key first: the first one of KEY, or its next version
    #[arg(long, requires = "key", conflicts_with = "reuse_key")]
    new_key: bool,
    /// The new private key's algorithm, as for create-key
    #[arg(long, value_name = "ALGORITHM", requires = "new_key")]
    algorithm: Option<String>,
    /// Name of a Microsoft certificate template, such as WebServer
    #[arg(long, value_name = "NAME")]
    template: Option<String>,
    /// Write the text header of the original Key Manager above the request
    #[arg(long)]
    key_manager_header: bool,
    /// The webmaster's mailbox, for the header
    #[arg(long, value_name = "MAILBOX", requires = "key_manager_header")]
    email: Option<String>,
    /// The webmaster's phone number, for the header
    #[arg(long, value_name = "NUMBER", requires = "key_manager_header")]
    phone: Option<String>,
    /// Write the request to FILE; - is standard output
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace FILE when it is there
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

/// What is asked for, with nothing left open.
pub(crate) struct Request {
    pub(crate) csr: MakeCsr,
    pub(crate) out: Option<PathBuf>,
}

impl Args {
    /// The arguments of a request that follows the making of its key.
    pub(crate) fn for_key(key: &KeyPath, passphrase: PassphraseArgs) -> Self {
        Self { key: Some(key.to_string()), passphrase, ..Self::default() }
    }

    /// Whether they say what the request is to be about.
    fn is_specific(&self) -> bool {
        self.subject.is_given() || !self.san.is_empty() || !self.endpoints.is_empty()
    }

    pub(crate) fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    pub(crate) fn out(&self) -> Option<&PathBuf> {
        self.out.as_ref()
    }

    pub(crate) fn reuse_key(&self) -> bool {
        self.reuse_key
    }

    /// The flags that no question is about, for a command line that does the same.
    pub(crate) fn other_flags(&self, encrypted: bool) -> Vec<String> {
        let values = [("--template", &self.template), ("--email", &self.email), ("--phone", &self.phone)];
        let values = values.into_iter().filter_map(|(flag, value)| Some([flag, value.as_deref()?])).flatten();
        let switches = [
            ("--reuse-key", self.reuse_key),
            ("--key-manager-header", self.key_manager_header),
            ("--force", self.force),
        ];
        let switches = switches.into_iter().filter(|(_, given)| *given).map(|(flag, _)| flag);
        let passphrase = self.passphrase.flags(encrypted);
        values.chain(switches).map(str::to_owned).chain(passphrase).collect()
    }

    /// The request, as far as the command line makes it.
    pub(crate) fn request(&self, key: KeyPath, snapshot: &Snapshot<'_>) -> Result<MakeCsr, Failure> {
        let subject = self.subject.choice()?;
        let given = self.san.iter().map(|name| name.parse()).collect::<Result<Vec<SubjectAltName>, _>>()?;
        let endpoints = self.endpoints.iter().map(|endpoint| endpoint.parse()).collect::<Result<Vec<_>, _>>()?;
        let mut names = op::names_for(snapshot, &endpoints)?;
        names.extend(given.into_iter().filter(|name| !names.contains(name)).collect::<Vec<_>>());
        let certificate_template = self.template.as_deref().map(str::parse).transpose()?;
        Ok(MakeCsr { key, subject, names, certificate_template, base: None, reuse_key: self.reuse_key })
    }

    /// What the file says that the request is to be taken from, with the file's name.
    fn taken(&self) -> Result<Option<(Taken, String)>, Failure> {
        type Take = fn(&str, &[u8]) -> Result<Taken, keystore::ops::Error>;
        let sources: [(&Option<String>, Take); 3] = [
            (&self.from_certificate, op::from_certificate),
            (&self.from_csr, op::from_request),
            (&self.config, op::from_config),
        ];
        let given = sources.into_iter().find_map(|(file, take)| Some((file.as_deref()?, take)));
        let Some((file, take)) = given else { return Ok(None) };
        let bytes = outside::read(file)?;
        let name = opening::shown(file);
        Ok(Some((take(&name, &bytes)?, name)))
    }
}

pub(crate) fn run(context: &Context, args: &Args) -> Result<Outcome, Failure> {
    destination(context, args.out.as_deref(), args.force)?;
    let keystore = context.keystore()?;
    let taken = args.taken()?;
    let mut request = resolve(context, &keystore, args, taken.is_some())?;
    request.csr.base = taken.as_ref().map(|(taken, _)| taken.base.clone());
    let out = destination(context, request.out.as_deref(), args.force)?;
    let passphrase = match args.new_key {
        true => make_key(&keystore, args, &request.csr, taken.as_ref())?,
        false => args.passphrase.clone(),
    };
    let snapshot = keystore.read()?;
    let plan = op::plan(&snapshot, &keystore.config().defaults.subject, &request.csr)?;
    let file = op::private_key_file(&keystore, &snapshot, &plan)?;
    let private_key = passphrase.open(context, &plan.key, file)?;
    let made = op::make_csr(&keystore, &plan, &private_key)?;
    let text = text(&made, args);
    if let Some(out) = out {
        let kept = || made.folder.join(format!("request-{}.csr", made.facts.number));
        outside::write(out, text.as_bytes(), args.force)
            .map_err(|source| Failure::RequestNotWritten { kept: kept(), source })?;
    }
    let view = find_key(&snapshot, &plan.key)?;
    let left_out = op::not_covered(&snapshot, &view, &made.facts.names)?;
    let outcome = Outcome::of(&made, plan.reused, args.new_key, text, out).leaving_out(&left_out);
    Ok(match taken {
        Some((taken, file)) => outcome.taken_from(taken, file, &plan),
        None => outcome,
    })
}

/// Makes the private key that the request is for: a next version when the key has a certificate, or a private key that
/// is marked compromised. Returns how to open it.
fn make_key(
    keystore: &Keystore,
    args: &Args,
    csr: &MakeCsr,
    taken: Option<&(Taken, String)>,
) -> Result<PassphraseArgs, Failure> {
    let algorithm = new_algorithm(keystore, args, taken)?;
    let view = keystore.read()?.key(&csr.key)?;
    // what is refused now leaves no private key behind
    op::template(view.as_ref(), &keystore.config().defaults.subject, csr)?;
    let (key, next) = (&csr.key, view.is_some_and(|view| view.current.is_some() || view.has_compromised_next()));
    let known = args.passphrase.get(key)?;
    create_key::create(
        keystore,
        &create_key::Request { key: key.clone(), next, algorithm, passphrase: known.clone() },
    )?;
    Ok(PassphraseArgs { known, ..PassphraseArgs::default() })
}

/// The algorithm that is named, else that which a config asks for, else that of `keystore.toml`.
fn new_algorithm(keystore: &Keystore, args: &Args, taken: Option<&(Taken, String)>) -> Result<KeyAlgorithm, Failure> {
    let wanted = taken.and_then(|(taken, file)| Some((taken.key.as_ref()?, file)));
    match (&args.algorithm, wanted) {
        (None, Some((wanted, file))) => wanted.algorithm.ok_or_else(|| Failure::WantedKey {
            file: file.clone(),
            line: wanted.line,
            says: wanted.says.clone(),
        }),
        (name, _) => create_key::algorithm(keystore, name.as_deref()),
    }
}

/// Completes what the command line lacks: from the last request, or by asking.
fn resolve(context: &Context, keystore: &Keystore, args: &Args, taken: bool) -> Result<Request, Failure> {
    let Some(key) = &args.key else {
        if !context.can_ask() {
            return Err(Failure::Missing { what: "the key to make a request for", flag: "KEY" });
        }
        return prompt::make_csr::ask(context, keystore, args);
    };
    let csr = args.request(key.parse()?, &keystore.read()?)?;
    if taken || args.is_specific() || has_request(keystore, args, &csr.key)? {
        return Ok(Request { csr, out: args.out.clone() });
    }
    if args.new_key || !context.can_ask() {
        return Err(Failure::Missing { what: "what the request is about", flag: "--cn, --san or --subject" });
    }
    prompt::make_csr::ask(context, keystore, args)
}

/// Whether a last request says what the next one is about. Only with `--new-key` may the key be missing.
fn has_request(keystore: &Keystore, args: &Args, key: &KeyPath) -> Result<bool, Failure> {
    let snapshot = keystore.read()?;
    let view = if args.new_key { snapshot.key(key)? } else { Some(find_key(&snapshot, key)?) };
    Ok(view.is_some_and(|view| view.last_request().is_some()))
}

fn text(made: &Made, args: &Args) -> String {
    if args.key_manager_header {
        let contact = Contact { email: args.email.clone(), phone: args.phone.clone() };
        return made.request.to_key_manager_text(&contact);
    }
    made.request.to_pem()
}
