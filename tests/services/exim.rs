//! Exim with the lines of its guide, from an unpacked package, as it can't be installed beside Postfix. It runs as an
//! account of its own: root starts it.

use std::path::Path;

use super::account;
use super::client::Dialogue;
use super::daemon::Daemon;
use super::guide::Guide;
use super::installation::{Grief, Installation, Served, copied_key};
use super::rotation::Scene;
use super::unpacked::Unpacked;
use crate::common::{Tool, text, write};

const EXIM: Tool = Tool { program: "exim4", package: "exim4-daemon-light" };

const PROGRAM: &str = "sbin/exim4";

const ACCOUNT: &str = "Debian-exim";

/// What every Exim needs around its certificates. It starts itself anew at a reload, with the libraries beside it.
const AROUND: &str = "\
exim_path = @EXIM@
keep_environment = LD_LIBRARY_PATH
primary_hostname = www.example.com
spool_directory = @DIR@/spool
log_file_path = @DIR@/%slog
pid_file_path = @DIR@/daemon.pid
local_interfaces = 127.0.0.1
acl_smtp_rcpt = deny
";

pub(crate) fn install(scene: &Scene, server: &str) -> Installation {
    let service = format!("{server}/smtp");
    scene.endow(&service);
    let unpacked = Unpacked::copy(scene, "usr/sbin/exim4", EXIM);
    let ((daemon, (guide, configuration)), [smtp, smtps]) = scene.start("exim", |folder, [smtp, smtps]| {
        let guide = Guide::read("exim.md", &scene.keyring, "mx01", server)
            .with("= 25 : 465", format!("= {smtp} : {smtps}"))
            .with("tls_on_connect_ports = 465", format!("tls_on_connect_ports = {smtps}"))
            .with("smtp+starttls://127.0.0.1", format!("smtp+starttls://127.0.0.1:{smtp}"))
            .with("smtps://127.0.0.1", format!("smtps://127.0.0.1:{smtps}"));
        let around = AROUND.replace("@DIR@", &text(folder)).replace("@EXIM@", &text(&unpacked.path(PROGRAM)));
        let configuration = around + &guide.configuration("exim");
        prepare(folder);
        let file = folder.join("exim4.conf");
        write(&file, &configuration);
        let (unpacked, file) = (unpacked.clone(), text(&file));
        let command = move || {
            let mut command = unpacked.command(PROGRAM);
            command.args(["-C", &file, "-bdf"]);
            command
        };
        let daemon = Daemon::start(EXIM, command, &[smtp, smtps], folder, "mainlog")?;
        Some((daemon, (guide, configuration)))
    });
    let folder = daemon.folder().to_owned();
    let file = folder.join("exim4.conf");
    let mut said = guide.said(&service);
    let test = format!("{} -C {} -bV", unpacked.line(PROGRAM), text(&file));
    said.extend(["--test-command".to_owned(), test]);
    // what `systemctl reload exim4` does
    said.extend(["--reload-command".to_owned(), daemon.signalling("HUP")]);
    let live = text(&scene.keyring.live(&format!("{service}/default")));
    let copied = configuration.replace(&format!("{live}/private-key.pem"), &text(&copied_key(&folder)));
    let targets = vec![scene.target(Dialogue::Smtp, smtp), scene.target(Dialogue::Smtps, smtps)];
    Installation {
        tool: EXIM,
        guide,
        daemons: vec![daemon],
        services: vec![Served { service, said, targets }],
        griefs: vec![
            Grief::configured(format!("{configuration}nonsense\n"), "test"),
            // a reload that does nothing is none: Exim reads new files in time without one, too.
            // every command answers 0, and TLS is broken
            Grief::copied(copied, "prove", "454 TLS currently unavailable"),
        ],
        configuration: (file, configuration),
        _backend: None,
    }
}

fn prepare(folder: &Path) {
    let account = account::of_package(ACCOUNT, "exim4-base");
    std::fs::create_dir_all(folder.join("spool")).expect("a new folder");
    account::give(folder, account.uid, account.gid);
    account::give(&folder.join("spool"), account.uid, account.gid);
}
