//! `create-key --from`: every key that a list names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use keystore::name::KeyPath;
use keystore::ops::create_key::{self as op, Asked, Created, CreatedWithRequest, Existing};
use keystore::pki::Pbes2;
use keystore::store::Keystore;
use serde::Serialize;

use super::{Args, algorithm};
use crate::context::Context;
use crate::error::Failure;
use crate::output::{Page, Report};
use crate::{interrupt, outside};

#[derive(Serialize)]
struct RequestJson {
    request: u32,
    subject: String,
    names: Vec<String>,
    kept: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_pem: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    out: Option<String>,
}

#[derive(Serialize)]
struct CreatedJson {
    #[serde(flatten)]
    created: super::Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<RequestJson>,
}

#[derive(Serialize)]
pub(super) struct Outcome {
    made: usize,
    requests: usize,
    keys: Vec<CreatedJson>,
    skipped: Vec<String>,
    #[serde(skip)]
    servers: usize,
    #[serde(skip)]
    out_dir: Option<String>,
}

impl Report for Outcome {
    fn notes(&self, page: &mut Page) {
        let of = |count: usize, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
        match (self.made, self.servers) {
            (0, _) => page.line("Made nothing."),
            (made, servers) => page.line(format_args!("Made {} on {}.", of(made, "key"), of(servers, "server"))),
        };
        if !self.skipped.is_empty() {
            page.line(format_args!(
                "Passed over {} there already.",
                of(self.skipped.len(), "key") + " that " + if self.skipped.len() == 1 { "is" } else { "are" }
            ));
        }
        match (&self.out_dir, self.requests) {
            (_, 0) => {}
            (Some(folder), requests) => _ = page.line(format_args!("Wrote {} to {folder}.", of(requests, "request"))),
            (None, requests) => {
                let requests = of(requests, "request");
                page.line(format_args!("Made {requests}, kept beside the private keys; --out-dir writes copies."));
            }
        }
    }
}

pub(super) fn run(context: &Context, args: &Args, list: &str) -> Result<Outcome, Failure> {
    let keystore = context.keystore()?;
    let existing = if args.skip_existing { Existing::Skip } else { Existing::Refuse };
    let (asked, there) = read(&keystore, args, list, existing)?;
    let mut skipped: Vec<KeyPath> = there.into_iter().map(|asked| asked.key).collect();
    let files = args.out_dir.as_deref().map(|folder| file_names(folder, &asked, args.force)).transpose()?;
    let (threads, progress) = (keystore.world().threads, context.progress());
    let pbes2 = || Pbes2::random(Pbes2::ROUNDS, &mut rand::rng());
    let generated = op::generate(asked, pbes2, threads, &progress)?;
    // Cut off in the midst, private keys would be left that no index names.
    let keep = || op::create_keys(&keystore, &generated, existing, &progress);
    let (created, passed_over) = interrupt::critical(keep)?;
    skipped.extend(passed_over);
    let written = match (&args.out_dir, &files) {
        (Some(folder), Some(names)) => write(folder, names, &created, args.force)?,
        _ => BTreeMap::new(),
    };
    Ok(outcome(&created, &skipped, args.out_dir.as_deref(), &written))
}

/// The keys to be made and those that are passed over. Everything that can be refused is refused here.
fn read(keystore: &Keystore, args: &Args, list: &str, existing: Existing) -> Result<(Vec<Asked>, Vec<Asked>), Failure> {
    let algorithm = algorithm(keystore, args.algorithm())?;
    let bytes = outside::read_list(list)?;
    let asked = op::read_list(&bytes, algorithm, &keystore.config().defaults);
    let mut asked = asked.map_err(|faults| keystore::ops::Error::Lines { faults })?;
    for one in &mut asked {
        one.passphrase = args.passphrase.get(&one.key)?;
    }
    Ok(op::select(&keystore.read()?, asked, existing)?)
}

type FileNames = BTreeMap<KeyPath, String>;

/// The files that the requests go to: no two to the same, and none over one that is there.
fn file_names(folder: &Path, asked: &[Asked], force: bool) -> Result<FileNames, Failure> {
    outside::ensure_folder(folder)?;
    let (mut names, mut used) = (FileNames::new(), BTreeMap::new());
    for Asked { key, .. } in asked.iter().filter(|asked| asked.request.is_some()) {
        let name = format!("{}.csr", key.to_string().replace('/', "_"));
        if let Some(other) = used.insert(name.clone(), key) {
            return Err(Failure::Usage {
                message: format!("the requests of {other} and {key} would both go to {name}"),
                hint: "leave --out-dir out: the requests are kept beside the private keys, and --json holds them",
            });
        }
        outside::refuse_existing(&folder.join(&name), force)?;
        names.insert(key.clone(), name);
    }
    Ok(names)
}

/// Writes the requests; returns where each went.
fn write(folder: &Path, names: &FileNames, created: &[CreatedWithRequest], force: bool) -> Result<FileNames, Failure> {
    let file = |one: &CreatedWithRequest| {
        let name = names.get(&one.created.key)?;
        Some((one.created.key.clone(), name.clone(), one.request.as_ref()?.to_pem()))
    };
    let (mut files, mut written) = (Vec::new(), FileNames::new());
    for (key, name, text) in created.iter().filter_map(file) {
        written.insert(key, folder.join(&name).display().to_string());
        files.push((name, text));
    }
    outside::write_all(folder, &files, force).map_err(|source| Failure::RequestsNotWritten { source })?;
    Ok(written)
}

fn outcome(
    created: &[CreatedWithRequest],
    skipped: &[KeyPath],
    out_dir: Option<&Path>,
    written: &FileNames,
) -> Outcome {
    let keys: Vec<_> = created.iter().map(|one| created_json(one, written)).collect();
    let servers: BTreeSet<_> = created.iter().map(|one| one.created.key.server()).collect();
    Outcome {
        made: keys.len(),
        requests: keys.iter().filter(|key| key.request.is_some()).count(),
        keys,
        skipped: skipped.iter().map(ToString::to_string).collect(),
        servers: servers.len(),
        out_dir: out_dir.map(|folder| folder.display().to_string()),
    }
}

fn created_json(CreatedWithRequest { created, request }: &CreatedWithRequest, written: &FileNames) -> CreatedJson {
    let Created { key, version, folder } = created;
    let request = version.requests.first().zip(request.as_ref()).map(|(facts, request)| {
        let out = written.get(key).cloned();
        RequestJson {
            request: facts.number.0,
            subject: facts.subject.to_string(),
            names: facts.names.iter().map(ToString::to_string).collect(),
            kept: folder.join(format!("request-{}.csr", facts.number)).display().to_string(),
            request_pem: if out.is_none() { Some(request.to_pem()) } else { None },
            out,
        }
    });
    CreatedJson { created: super::Outcome::of(created), request }
}
