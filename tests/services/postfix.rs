//! Postfix with the lines of its guide, on a file outside the keystore. Its processes become other users: root starts it.

use std::path::Path;

use super::account;
use super::client::Dialogue;
use super::daemon::Daemon;
use super::guide::Guide;
use super::installation::{Grief, Installation, Served, copied_key};
use super::rotation::Scene;
use crate::common::{Tool, text, write};

const POSTFIX: Tool = Tool { program: "postfix", package: "postfix" };

/// The process that starts all others, and takes them with it.
const MASTER_PROCESS: Tool = Tool { program: "/usr/lib/postfix/sbin/master", package: "postfix" };

/// What every Postfix needs around its certificates. Its `smtpd` processes, one for each port, live on: a new one would
/// read new files without being told, and a reload that does nothing would not be seen as one.
const MAIN: &str = "\
compatibility_level = 3.6
queue_directory = @DIR@/spool
data_directory = @DIR@/data
daemon_directory = /usr/lib/postfix/sbin
command_directory = /usr/sbin
multi_instance_enable = no
maillog_file = @DIR@/postfix.log
maillog_file_prefixes = @DIR@
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = www.example.com
mydestination =
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
smtpd_relay_restrictions = reject
max_use = 10000
";

const MASTER: &str = "\
127.0.0.1:@SMTP@ inet n - n - 1 smtpd
127.0.0.1:@SMTPS@ inet n - n - 1 smtpd
  -o smtpd_tls_wrappermode=yes
postlog   unix-dgram n - n - 1 postlogd
anvil     unix - - n - 1 anvil
tlsmgr    unix - - n 1000? 1 tlsmgr
rewrite   unix - - n - - trivial-rewrite
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 300 1 qmgr
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
error     unix - - n - - error
scache    unix - - n - 1 scache
proxymap  unix - - n - - proxymap
";

pub(crate) fn install(scene: &Scene, server: &str) -> Installation {
    let service = format!("{server}/smtp");
    scene.endow(&service);
    let ((daemon, (guide, configuration)), [smtp, smtps]) = scene.start("postfix", |folder, [smtp, smtps]| {
        let tls = scene.makeshift(folder);
        let guide = Guide::read("postfix.md", &scene.keyring, "mail01", server)
            .with("smtp+starttls://127.0.0.1", format!("smtp+starttls://127.0.0.1:{smtp}"))
            .with("smtps://127.0.0.1", format!("smtps://127.0.0.1:{smtps}"))
            .with("/etc/postfix/tls", text(&tls));
        let (daemon, configuration) = start(folder, &guide.configuration("postfix"), [smtp, smtps])?;
        Some((daemon, (guide, configuration)))
    });
    let folder = daemon.folder().to_owned();
    let mut said = guide.said(&service);
    said.extend(commands(&folder));
    let live = scene.keyring.live(&format!("{service}/default"));
    let pair = format!("{} {}", text(&copied_key(&folder)), text(&live.join("fullchain.pem")));
    let copied = configuration.replace(&text(&folder.join("tls/combined.pem")), &pair);
    let targets = vec![scene.target(Dialogue::Smtp, smtp), scene.target(Dialogue::Smtps, smtps)];
    Installation {
        tool: POSTFIX,
        guide,
        daemons: vec![daemon],
        services: vec![Served { service, said, targets }],
        griefs: vec![
            Grief::configured(format!("{configuration}nonsense\n"), "test"),
            Grief::idle(),
            // every command answers 0, and TLS is broken
            Grief::copied(copied, "prove", "454 4.7.0 TLS not available"),
        ],
        configuration: (folder.join("main.cf"), configuration),
        _backend: None,
    }
}

/// Starts Postfix in a folder, with these lines at the end of its `main.cf`. Returns all of that file.
pub(crate) fn start(folder: &Path, lines: &str, [smtp, smtps]: [u16; 2]) -> Option<(Daemon, String)> {
    let configuration = MAIN.replace("@DIR@", &text(folder)) + lines;
    prepare(folder);
    write(&folder.join("main.cf"), &configuration);
    let master = MASTER.replace("@SMTP@", &smtp.to_string()).replace("@SMTPS@", &smtps.to_string());
    write(&folder.join("master.cf"), master);
    let own = text(folder);
    // makes the folders of the queue
    POSTFIX.run(&["-c", &own, "check"]);
    let command = move || {
        let mut command = MASTER_PROCESS.command();
        // what `postfix start-fg` does, without its shell, which would not pass our signals on
        command.arg("-s").env("MAIL_CONFIG", &own);
        command
    };
    Some((Daemon::start(POSTFIX, command, &[smtp, smtps], folder, "postfix.log")?, configuration))
}

/// What its profile runs, for the Postfix of a folder.
pub(crate) fn commands(folder: &Path) -> [String; 4] {
    let of = |what: &str| format!("postfix -c {} {what}", text(folder));
    ["--test-command".to_owned(), of("check"), "--reload-command".to_owned(), of("reload")]
}

fn prepare(folder: &Path) {
    for name in ["spool", "data"] {
        std::fs::create_dir_all(folder.join(name)).expect("a new folder");
    }
    let postfix = account::of_package("postfix", "postfix");
    account::give(&folder.join("data"), postfix.uid, postfix.gid);
}
