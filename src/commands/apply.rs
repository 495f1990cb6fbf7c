//! `apply`: the keystore becomes what files say.

use keystore::change::Stage;
use keystore::name::{Endpoint, KeyPath};
use keystore::ops::apply::{self as op, Action, Desired, Item, Mistake, Mistakes, Plan, Source, Task, Thing, Way};
use keystore::ops::create_key::{Asked, Existing, create_keys, generate};
use keystore::ops::desk::Errand;
use keystore::ops::install_cert::Place;
use keystore::pki::Pbes2;
use keystore::store::Keystore;
use serde::Serialize;

use super::commit::commit_apart;
use super::errand::{ErrandJson, Errands};
use super::passphrase::PassphraseArgs;
use super::renew::make_requests;
use super::set_service;
use super::submit::WaitArgs;
use super::trust::TrustArgs;
use crate::authority::desk;
use crate::context::Context;
use crate::error::Failure;
use crate::exit::Exit;
use crate::output::{Found, Page, Report, style};
use crate::{interrupt, outside};

const HELP: &str = "\
Examples:
  keyring apply fleet.toml --plan
  keyring apply fleet.toml
  keyring apply fleet.toml --commit --wait 120
  keyring apply fleet.toml --commit --prune --json
  keyring apply --schema > fleet.schema.json

A file for a hundred web servers:

  [defaults]
  authority = \"internal\"
  [[service]]
  for = \"web{01..99}\"
  service = \"{server}/https\"
  profile = \"nginx\"
  [[key]]
  for = \"web{01..99}\"
  key = \"{server}/https/main\"
  san = [\"dns:{server}.example.com\"]
  bind = [\"{server}/https@default\"]

Keys that are not there are made, with their requests; those whose certificate
says something else get another one. Requests go to their authorities, replies
are installed, and endpoints are bound once their keys have a certificate: what
waits is done by the next run. What the files do not name stays, unless it is
on one of their servers and --prune is said. A second run finds nothing to do.

With --commit, all goes into one commit of its own, and what administrators
have staged stays staged. Without it, it is staged. Mistakes in the files are
all told, with line and column, before anything is done.

Exit codes:
  0    done, or nothing to do
  1    failed
  2    usage
  3    mistakes in the files, or a reply refused
  4    no keystore
  5    in use
  6    publishing failed, and was undone
  7    keystore damaged
  8    publishing failed, and could not be taken back whole
  9    an authority failed or refused
  10   some wait for a person or an authority; the rest is done
  11   some failed; the rest is done
  130  interrupted";

/// Make the keystore what files say
///
/// Servers, services, keys, names, authorities, renewals and bindings, as TOML. `keyring export-plan` writes the file
/// of what is there.
#[derive(clap::Args, Debug)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
    /// The files; `-` for standard input
    #[arg(value_name = "FILE", required_unless_present = "schema")]
    files: Vec<String>,
    /// Say what would be done, and do nothing
    #[arg(long)]
    plan: bool,
    /// Commit it
    #[arg(long)]
    commit: bool,
    /// Take away what the files do not name, on the servers that they name
    #[arg(long)]
    prune: bool,
    /// Why: kept in the record
    #[arg(short, long, value_name = "TEXT", requires = "commit", default_value = "apply")]
    message: String,
    /// Print the JSON Schema of the files
    #[arg(long, conflicts_with_all = ["files", "plan", "commit", "prune"])]
    pub(crate) schema: bool,
    #[command(flatten)]
    wait: WaitArgs,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

#[derive(Serialize)]
struct ItemJson {
    action: &'static str,
    thing: &'static str,
    name: String,
    detail: String,
}

impl ItemJson {
    fn of(item: &Item) -> Self {
        let action = match item.action {
            Action::Create => "create",
            Action::Change => "change",
            Action::Replace => "replace",
            Action::Remove => "remove",
            Action::Wait => "wait",
        };
        let thing = match item.thing {
            Thing::Key => "key",
            Thing::Renewal => "renewal",
            Thing::Service => "service",
            Thing::Binding => "binding",
        };
        Self { action, thing, name: item.name.clone(), detail: item.detail.clone() }
    }

    fn say(&self, page: &mut Page) {
        let Self { action, thing, name, detail } = self;
        let detail = if detail.is_empty() { String::new() } else { format!(": {detail}") };
        page.line(format_args!("{action:<8} {thing:<8} {name}{detail}"));
    }
}

#[derive(Serialize)]
struct UnboundJson {
    endpoint: String,
    key: String,
}

#[derive(Serialize)]
pub(crate) struct Outcome {
    /// Whether it was only to be planned.
    planned: bool,
    items: Vec<ItemJson>,
    unchanged: usize,
    #[serde(flatten)]
    errands: Errands,
    /// Endpoints whose keys have no certificate yet.
    unbound: Vec<UnboundJson>,
    /// Whether changes are staged by this.
    staged: bool,
    /// What was committed.
    generation: Option<u64>,
}

impl Outcome {
    fn of(plan: &Plan) -> Self {
        Self {
            planned: true,
            items: plan.items.iter().map(ItemJson::of).collect(),
            unchanged: plan.unchanged,
            errands: Errands::default(),
            unbound: Vec::new(),
            staged: false,
            generation: None,
        }
    }

    fn summary(&self) -> String {
        let to_do = self.items.iter().filter(|item| item.action != "wait").count();
        let things = |count: usize| format!("{count} thing{}", if count == 1 { "" } else { "s" });
        match (to_do, self.unchanged) {
            (0, _) if !self.items.is_empty() => "Nothing to do but to wait.".to_owned(),
            (0, unchanged) => format!("Nothing to do: all is as it should be ({}).", things(unchanged)),
            (to_do, 0) => format!("{} to do.", things(to_do)),
            (to_do, unchanged) => format!("{} to do; {unchanged} as it should be.", things(to_do)),
        }
    }
}

impl Report for Outcome {
    fn report(&self, page: &mut Page) {
        if self.planned {
            self.items.iter().for_each(|item| item.say(page));
            page.line(self.summary());
        }
    }

    fn notes(&self, page: &mut Page) {
        if self.planned {
            return;
        }
        // what waits is told with its cause
        let waits = |item: &&ItemJson| {
            let is_unbound = |unbound: &UnboundJson| item.thing == "binding" && unbound.endpoint == item.name;
            item.action == "wait" || self.unbound.iter().any(is_unbound)
        };
        self.items.iter().filter(|item| !waits(item)).for_each(|item| item.say(page));
        self.errands.say(page);
        for UnboundJson { endpoint, key } in &self.unbound {
            page.tagged(style::WARN, "waiting:", format_args!("{endpoint} is bound once {key} has a certificate"));
        }
        match self.generation {
            Some(generation) => _ = page.tagged(style::GOOD, "Committed", format_args!("generation {generation}.")),
            None if self.items.is_empty() => _ = page.line(self.summary()),
            None if self.staged => _ = page.line("Staged: `keyring commit` makes it effective."),
            None => {}
        }
    }

    fn exit(&self) -> Exit {
        self.errands.exit()
    }

    fn found(&self) -> Option<Found> {
        self.errands.found()
    }
}

#[derive(Serialize)]
pub(crate) struct Schema {
    schema: serde_json::Value,
}

impl Report for Schema {
    fn report(&self, page: &mut Page) {
        page.block(&format!("{:#}\n", self.schema));
    }
}

/// The JSON Schema of the files.
pub(crate) fn schema() -> Schema {
    Schema { schema: op::schema() }
}

pub(crate) fn run(context: &Context, args: &Args) -> Result<Outcome, Failure> {
    let sources = args.files.iter().map(|file| source(file)).collect::<Result<Vec<_>, _>>()?;
    let keystore = context.keystore()?;
    let way = Way { apart: args.commit, prune: args.prune };
    let (desired, mut plan) = plan(&keystore, &sources, way)?;
    let mut outcome = Outcome::of(&plan);
    if args.plan {
        return Ok(outcome);
    }
    outcome.planned = false;
    let trust = args.trust.resolve(false)?;
    make_bare(context, &keystore, std::mem::take(&mut plan.bare))?;
    let errands = make(context, &keystore, args, &plan, &mut outcome.errands)?;
    let mut place = if args.commit { Place::Apart(Stage::default()) } else { Place::Stage };
    let open = |key: &KeyPath, file| args.passphrase.open(context, key, file);
    let desk = desk(&keystore, &open)?;
    let rows = Errands::run(&keystore, &desk, &errands, args.wait.within(), &trust, &mut place)?;
    outcome.errands.keys.extend(rows.keys);
    let staged = op::stage(&keystore, &desired, way, place)?;
    let unbound =
        |(endpoint, key): &(Endpoint, KeyPath)| UnboundJson { endpoint: endpoint.to_string(), key: key.to_string() };
    outcome.unbound = staged.left.iter().map(unbound).collect();
    outcome.staged = !args.commit && staged.changes > 0;
    if !staged.apart.is_empty() {
        let committed = commit_apart(context, &keystore, &staged.apart, &args.message, &args.passphrase)?;
        outcome.generation = committed.generation();
    }
    Ok(outcome)
}

fn source(name: &str) -> Result<Source, Failure> {
    let bytes = outside::read_list(name)?;
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()].iter().filter(|octet| **octet == b'\n').count() + 1;
        let message = "this is not UTF-8 text".to_owned();
        refused(vec![Mistake { file: name.to_owned(), line, column: 1, message }])
    })?;
    Ok(Source { name: name.to_owned(), text: text.to_owned() })
}

fn refused(mistakes: Vec<Mistake>) -> Failure {
    keystore::ops::Error::Desired { mistakes }.into()
}

fn plan(keystore: &Keystore, sources: &[Source], way: Way) -> Result<(Desired, Plan), Failure> {
    let mut mistakes = Mistakes::new(sources);
    let desired = op::read(sources, &keystore.config().defaults.subject, &mut mistakes);
    for (service, said) in &desired.services {
        match set_service::check(service, &said.value) {
            Err(Failure::Service { message, hint, .. }) => mistakes.add(said.place, format_args!("{message}: {hint}")),
            Err(failure) => return Err(failure),
            Ok(()) => {}
        }
    }
    let plan = op::plan(keystore, &desired, way, &mut mistakes)?;
    mistakes.check().map_err(refused)?;
    Ok((desired, plan))
}

/// Makes the private keys that want no request.
fn make_bare(context: &Context, keystore: &Keystore, bare: Vec<Asked>) -> Result<(), Failure> {
    if bare.is_empty() {
        return Ok(());
    }
    let progress = context.progress();
    let pbes2 = || Pbes2::random(Pbes2::ROUNDS, &mut rand::rng());
    let generated = generate(bare, pbes2, keystore.world().threads, &progress)?;
    // Cut off in the midst, private keys would be left that no index names.
    interrupt::critical(|| create_keys(keystore, &generated, Existing::Skip, &progress))?;
    Ok(())
}

/// Makes private keys and requests. Those that an authority is to sign are returned.
fn make(
    context: &Context,
    keystore: &Keystore,
    args: &Args,
    plan: &Plan,
    rows: &mut Errands,
) -> Result<Vec<Errand>, Failure> {
    let steps: Vec<_> = plan.tasks.iter().map(|task| (&task.key, &task.step)).collect();
    let made = make_requests(context, keystore, &args.passphrase, &steps)?;
    let mut errands = Vec::new();
    for (Task { key, authority, .. }, made) in plan.tasks.iter().zip(made) {
        match (made, authority) {
            (Ok(waiting), Some(authority)) => errands.push(Errand::new(waiting, authority.clone())),
            (Ok(_), None) => {
                let message = "nobody signs for it: `keyring export-csr` writes its request, `keyring install-cert` \
                               takes the reply";
                rows.keys.push(ErrandJson::by_hand(key, message.to_owned()));
            }
            (Err(failure), _) => rows.keys.push(ErrandJson::stuck(key, &failure)),
        }
    }
    for key in &plan.staged {
        let message = "its certificate is staged: `keyring commit` brings it in".to_owned();
        rows.keys.push(ErrandJson::by_hand(key, message));
    }
    Ok(errands)
}
