//! INN's nnrpd with the lines of its guide, from an unpacked package: the installed one wants a configured news server.
//! It becomes `news`: root starts it.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::account;
use super::client::Dialogue;
use super::daemon::Daemon;
use super::guide::Guide;
use super::installation::{Grief, Installation, Served, copied_key};
use super::rotation::Scene;
use super::unpacked::Unpacked;
use crate::common::{Tool, finish, text, write};

const INN: Tool = Tool { program: "nnrpd", package: "inn2" };

/// Debian's own account for news, on every machine.
const ACCOUNT: &str = "news";

/// What every INN needs around its certificates.
const AROUND: &str = r#"
mta: "/bin/false"
organization: test
pathhost: news.example.com
fromhost: news.example.com
domain: example.com
runasuser: news
runasgroup: news
hismethod: hisv6
ovmethod: tradindexed
enableoverview: true
pathnews: @INN@
pathbin: @INN@/bin
pathetc: @DIR@/etc
pathdb: @DIR@/db
pathrun: @DIR@/run
pathlog: @DIR@/log
pathspool: @DIR@/spool
pathtmp: @DIR@/tmp
pathfilter: @DIR@/etc
"#;

const READERS: &str = r#"
auth "all" { hosts: "*" default: "<anonymous>" }
access "all" { users: "*" newsgroups: "*" access: RP }
"#;

const STORAGE: &str = "
method tradspool {
    newsgroups: *
    class: 0
}
";

pub(crate) fn install(scene: &Scene, server: &str) -> Installation {
    let service = format!("{server}/nntp");
    scene.endow(&service);
    let unpacked = Unpacked::copy(scene, "usr/lib/news/bin/nnrpd", INN);
    let ((daemons, (guide, configuration)), ports) = scene.start("inn", |folder, ports| {
        let [nntp, nntps] = ports;
        let guide = Guide::read("inn.md", &scene.keyring, "news01", server)
            .with("nntp+starttls://127.0.0.1", format!("nntp+starttls://127.0.0.1:{nntp}"))
            .with("nntps://127.0.0.1", format!("nntps://127.0.0.1:{nntps}"));
        let news = text(&unpacked.path("lib/news"));
        let around = AROUND.replace("@DIR@", &text(folder)).replace("@INN@", &news);
        let configuration = around + &guide.configuration("inn");
        prepare(folder, &configuration, &unpacked);
        let start = |port: u16, implicit: bool| {
            let (unpacked, file) = (unpacked.clone(), folder.join("inn.conf"));
            let command = move || {
                let mut command = command(&unpacked, "nnrpd", &file);
                command.args(["-D", "-f", "-b", "127.0.0.1", "-p", &port.to_string()]);
                command.args(implicit.then_some("-S"));
                command
            };
            Daemon::start(INN, command, &[port], folder, "nnrpd.log")
        };
        Some((vec![start(nntp, false)?, start(nntps, true)?], (guide, configuration)))
    });
    let folder = daemons[0].folder().to_owned();
    let file = folder.join("inn.conf");
    let mut said = guide.said(&service);
    let check = unpacked.line("lib/news/bin/innconfval").replacen("env ", &format!("env INNCONF={} ", text(&file)), 1);
    let test = format!("{check} -C");
    said.extend(["--test-command".to_owned(), test]);
    let live = text(&scene.keyring.live(&format!("{service}/default")));
    let copied = configuration.replace(&format!("{live}/private-key.pem"), &text(&copied_key(&folder)));
    let [nntp, nntps] = ports;
    let targets = vec![scene.target(Dialogue::Nntp, nntp), scene.target(Dialogue::Nntps, nntps)];
    Installation {
        tool: INN,
        guide,
        daemons,
        services: vec![Served { service, said, targets }],
        griefs: vec![
            Grief::configured(format!("{configuration}nonsense: true\n"), "test"),
            // nothing is reloaded: the idle one is a private key that nnrpd may not read
            Grief::said(&["--owner", "root"], "prove"),
            Grief { restart: true, ..Grief::copied(copied, "prove", "580 Error initializing TLS") },
        ],
        configuration: (file, configuration),
        _backend: None,
    }
}

fn command(unpacked: &Unpacked, program: &str, configuration: &Path) -> Command {
    let mut command = unpacked.command(&format!("lib/news/bin/{program}"));
    command.env("INNCONF", configuration);
    command
}

/// A news server without groups.
fn prepare(folder: &Path, configuration: &str, unpacked: &Unpacked) {
    let own = account::of_package(ACCOUNT, "base-passwd");
    let spool = ["overview", "articles", "incoming", "outgoing", "archive"].map(|name| format!("spool/{name}"));
    let folders = ["etc", "db", "run", "log", "tmp", "spool"].map(str::to_owned);
    for name in folders.iter().chain(&spool) {
        std::fs::create_dir_all(folder.join(name)).expect("a new folder");
    }
    let files = [
        ("inn.conf", configuration),
        ("etc/readers.conf", READERS),
        ("etc/storage.conf", STORAGE),
        ("etc/inn-secrets.conf", ""),
        ("db/active", ""),
        ("db/newsgroups", ""),
        ("db/history", ""),
        ("spool/tradspool.map", ""),
        ("spool/overview/group.index", ""),
    ];
    for (name, text) in files {
        write(&folder.join(name), text);
    }
    let all: Vec<PathBuf> = folders.iter().chain(&spool).map(|name| folder.join(name)).collect();
    for path in all.into_iter().chain(files.map(|(name, _)| folder.join(name))).chain([folder.to_owned()]) {
        account::give(&path, own.uid, own.gid);
    }
    let (uid, gid) = (own.uid.as_raw(), own.gid.as_raw());
    let mut command = command(unpacked, "makedbz", &folder.join("inn.conf"));
    std::os::unix::process::CommandExt::gid(std::os::unix::process::CommandExt::uid(&mut command, uid), gid);
    finish(command.args(["-i", "-o"]), "").unwrap_or_else(|error| INN.missing(&error)).succeeded();
}
