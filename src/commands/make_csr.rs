//! `make-csr`: a certification request for an authority.

use std::collections::BTreeMap;
use std::path::PathBuf;

use keystore::name::KeyPath;
use keystore::ops::find_key;
use keystore::ops::make_csr::{self as op, Made, MakeCsr, RequestPlan, Taken};
use keystore::pki::{Contact, KeyAlgorithm, SubjectAltName};
use keystore::store::Keystore;
use serde::Serialize;

use super::create_key;
use super::passphrase::PassphraseArgs;
use super::subject::SubjectArgs;
use crate::context::Context;
use crate::error::Failure;
use crate::output::{CodedJson, Page, Report, coded, or_none, style};
use crate::{outside, prompt};

const HELP: &str = "\
Examples:
  keyring make-csr mail01/imap/main --cn mail.example.com --out mail.csr
  keyring make-csr mail01/imap/main --org \"Example Corp\" --country US > mail.csr
  keyring make-csr web/https/main --new-key --san dns:example.com
  keyring make-csr web/https/main --new-key --from-certificate expiring.pem
  keyring make-csr web/https/main --config openssl.cnf --out web.csr
  keyring make-csr web/https/main --subject \"C=US,O=Example Corp,OU=IT,OU=Web\"

What is not given is taken from the key's last request, else from
keystore.toml; a subject is encoded in the order given. On a key with a
certificate, the request is for its next version (create-key --next), or with
--reuse-key for the private key in use. With --new-key, create-key comes first.

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

/// What was taken from a file, and what was not.
#[derive(Serialize)]
struct TakenJson {
    from: &'static str,
    file: String,
    left_out: Vec<String>,
    left_to_authority: Vec<String>,
}

#[derive(Serialize)]
pub(crate) struct Outcome {
    key: String,
    version: u32,
    request: u32,
    reused_key: bool,
    new_key: bool,
    subject: String,
    names: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<String>,
    extensions: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    taken: Option<TakenJson>,
    warnings: Vec<CodedJson>,
    request_pem: String,
    kept: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    out: Option<String>,
}

impl Report for Outcome {
    fn report(&self, page: &mut Page) {
        if self.out.is_none() {
            page.block(&self.request_pem);
        }
    }

    fn notes(&self, page: &mut Page) {
        let Self { key, version, request, subject, .. } = self;
        if self.new_key {
            page.line(format_args!("Made {key}, version {version}: a new private key."));
        }
        page.line(format_args!("Made request {request} with version {version} of {key}."));
        if self.reused_key {
            page.line("It is for the private key in use, which is certified again.");
        } else if *request > 1 {
            page.line("It is another one for the same private key: a reply to any of them can be installed.");
        }
        page.field(2, "subject", or_none(subject));
        page.field(2, "names", or_none(&self.names.join(", ")));
        if let Some(taken) = &self.taken {
            taken.say(page, self);
        }
        page.field(2, "kept in", &self.kept);
        if let Some(out) = &self.out {
            page.field(2, "written to", out);
        }
        for CodedJson { message, .. } in &self.warnings {
            page.tagged(style::WARN, "warning:", message);
        }
        page.line(format_args!("Send it to your authority, then: keyring install-cert {key} REPLY"));
    }
}

impl TakenJson {
    fn say(&self, page: &mut Page, outcome: &Outcome) {
        if let Some(template) = &outcome.template {
            page.field(2, "template", template);
        }
        for (name, value) in &outcome.extensions {
            page.field(2, "asks for", format_args!("{name} = {value}"));
        }
        let what = match self.from {
            "certificate" => "a certificate",
            "request" => "a request",
            "openssl" => "a config of openssl",
            _ => "an INF file of certreq",
        };
        page.field(2, "taken from", format_args!("{}, {what}", self.file));
        if !self.left_to_authority.is_empty() {
            page.field(2, "not taken", format_args!("what authorities add: {}", self.left_to_authority.join(", ")));
        }
        for left in &self.left_out {
            page.field(2, "not taken", left);
        }
    }
}

impl Args {
    /// The arguments of a request that follows the making of its key.
    pub(crate) fn for_key(key: &KeyPath, passphrase: PassphraseArgs) -> Self {
        Self { key: Some(key.to_string()), passphrase, ..Self::default() }
    }

    /// Whether they say what the request is to be about.
    fn is_specific(&self) -> bool {
        self.subject.is_given() || !self.san.is_empty()
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
    pub(crate) fn request(&self, key: KeyPath) -> Result<MakeCsr, Failure> {
        let subject = self.subject.choice()?;
        let names = self.san.iter().map(|name| name.parse()).collect::<Result<Vec<SubjectAltName>, _>>()?;
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
        let name = if file == "-" { "standard input" } else { file };
        Ok(Some((take(name, &bytes)?, name.to_owned())))
    }
}

pub(crate) fn run(context: &Context, args: &Args) -> Result<Outcome, Failure> {
    if context.printer.is_json() && args.out.as_deref().is_some_and(|out| out.as_os_str() == "-") {
        return Err(Failure::Usage {
            message: "with --json, standard output carries the JSON document".to_owned(),
            hint: "leave --out out: the request is the string request_pem in the document",
        });
    }
    let keystore = context.keystore()?;
    let taken = args.taken()?;
    let mut request = resolve(context, &keystore, args, taken.is_some())?;
    request.csr.base = taken.as_ref().map(|(taken, _)| taken.base.clone());
    let out = request.out.filter(|out| out.as_os_str() != "-");
    if let Some(out) = out.as_deref().filter(|out| !args.force && outside::exists(out)) {
        return Err(outside::OutsideError::Exists { name: out.display().to_string() }.into());
    }
    let passphrase = match args.new_key {
        true => make_key(&keystore, args, &request.csr, taken.as_ref())?,
        false => args.passphrase.clone(),
    };
    let snapshot = keystore.read()?;
    let plan = op::plan(&snapshot, &keystore.config().defaults.subject, &request.csr)?;
    let file = op::private_key_file(&snapshot, &plan)?;
    let private_key = passphrase.open(context, &plan.key, file)?;
    let made = op::make_csr(&keystore, &plan, &private_key)?;
    let text = text(&made, args);
    if let Some(out) = &out {
        let kept = || made.folder.join(format!("request-{}.csr", made.facts.number));
        outside::write(out, text.as_bytes(), args.force)
            .map_err(|source| Failure::RequestNotWritten { kept: kept(), source })?;
    }
    let warnings = taken.as_ref().map(|(taken, _)| warnings(taken, &plan)).unwrap_or_default();
    let taken = taken.map(|(taken, file)| TakenJson {
        from: taken.form,
        file,
        left_out: taken.left_out,
        left_to_authority: taken.authoritys,
    });
    Ok(Outcome { taken, warnings, ..outcome(&made, plan.reused, args.new_key, text, out) })
}

/// What to look at in what was taken from a file, now that its private key is known.
fn warnings(taken: &Taken, plan: &RequestPlan) -> Vec<CodedJson> {
    let algorithm = plan.version.algorithm;
    let mut warnings = coded(&taken.notes);
    if let Some(wanted) = taken.key.as_ref().filter(|wanted| wanted.algorithm != Some(algorithm)) {
        let message = format!(
            "line {}: {} is not what the private key of {} is: {algorithm}",
            wanted.line, wanted.says, plan.key
        );
        warnings.push(CodedJson { code: "other-key", message });
    }
    let asked = plan.template.extensions.clone().unwrap_or_default();
    if asked.clone().fit_for(algorithm) != asked {
        let message = format!("a key of {algorithm} cannot encrypt: its encipherment is not requested");
        warnings.push(CodedJson { code: "no-encipherment", message });
    }
    warnings
}

/// Makes the private key that the request is for: a next version when the key has a certificate. Returns how to open it.
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
    let (key, next) = (&csr.key, view.is_some_and(|view| view.current.is_some()));
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
    let csr = args.request(key.parse()?)?;
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

fn outcome(made: &Made, reused_key: bool, new_key: bool, text: String, out: Option<PathBuf>) -> Outcome {
    let Made { key, version, facts, folder, .. } = made;
    Outcome {
        key: key.to_string(),
        version: version.number.0,
        request: facts.number.0,
        reused_key,
        new_key,
        subject: facts.subject.to_string(),
        names: facts.names.iter().map(ToString::to_string).collect(),
        template: facts.certificate_template.clone(),
        extensions: made.request.extensions().extensions.named().collect(),
        taken: None,
        warnings: Vec::new(),
        request_pem: text,
        kept: folder.join(format!("request-{}.csr", facts.number)).display().to_string(),
        out: out.map(|out| out.display().to_string()),
    }
}
