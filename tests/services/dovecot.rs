//! Dovecot 2.3 with IMAP and POP3 of its guide, each with a certificate of its own, in TLS from the start and by
//! STARTTLS.

use std::path::Path;

use super::account;
use super::client::Dialogue;
use super::daemon::Daemon;
use super::guide::Guide;
use super::installation::{Grief, Installation, Served, copied_key};
use super::rotation::Scene;
use crate::common::{Tool, text, write};

const DOVECOT: Tool = Tool { program: "dovecot", package: "dovecot-imapd" };

/// What every Dovecot needs around its certificates.
const AROUND: &str = r"
base_dir = @DIR@/run
state_dir = @DIR@/state
log_path = @DIR@/dovecot.log
protocols = imap pop3
listen = 127.0.0.1
ssl_dh =
disable_plaintext_auth = yes
@ACCOUNTS@
mail_location = maildir:@DIR@/mail/%u
passdb {
  driver = static
  args = nopassword=y
}
userdb {
  driver = static
  args = uid=@UID@ gid=@GID@ home=@DIR@/mail/%u
}
service imap-login {
  inet_listener imap {
    port = @IMAP@
  }
  inet_listener imaps {
    port = @IMAPS@
    ssl = yes
  }
}
service pop3-login {
  inet_listener pop3 {
    port = @POP3@
  }
  inet_listener pop3s {
    port = @POP3S@
    ssl = yes
  }
}
";

/// Without root nobody can be changed into and nothing be locked in.
const WITHOUT_ROOT: &str = "
service anvil {
  chroot =
}
service imap-login {
  chroot =
}
service pop3-login {
  chroot =
}
";

pub(crate) fn install(scene: &Scene, server: &str) -> Installation {
    let services = ["imap", "pop3"].map(|protocol| format!("{server}/{protocol}"));
    services.iter().for_each(|service| scene.deploy(service));
    let ((daemon, (guide, configuration)), ports) = scene.start("dovecot", |folder, ports| {
        let [imap, imaps, pop3, pop3s] = ports;
        let guide = Guide::read("dovecot.md", &scene.keyring, "mail01", server)
            .with("imap+starttls://127.0.0.1", format!("imap+starttls://127.0.0.1:{imap}"))
            .with("imaps://127.0.0.1", format!("imaps://127.0.0.1:{imaps}"))
            .with("pop3+starttls://127.0.0.1", format!("pop3+starttls://127.0.0.1:{pop3}"))
            .with("pop3s://127.0.0.1", format!("pop3s://127.0.0.1:{pop3s}"));
        let (daemon, configuration) = start(folder, &guide.configuration("dovecot"), ports)?;
        Some((daemon, (guide, configuration)))
    });
    let folder = daemon.folder().to_owned();
    let file = folder.join("dovecot.conf");
    let [imap, imaps, pop3, pop3s] = ports;
    let doors =
        [[(Dialogue::Imap, imap), (Dialogue::Imaps, imaps)], [(Dialogue::Pop3, pop3), (Dialogue::Pop3s, pop3s)]];
    let served = |(service, doors): (&String, [(Dialogue, u16); 2])| {
        let mut said = guide.said(service);
        said.extend(commands(&folder));
        let targets = doors.map(|(dialogue, port)| scene.target(dialogue, port)).to_vec();
        Served { service: service.clone(), said, targets }
    };
    let live = text(&scene.keyring.live(&format!("{}/default", services[0])));
    let copied = configuration.replace(&format!("{live}/private-key.pem"), &text(&copied_key(&folder)));
    // the other service is told by a command of its own, which reloads both
    let idle = Grief::idle();
    Installation {
        tool: DOVECOT,
        services: services.iter().zip(doors).map(served).collect(),
        guide,
        daemons: vec![daemon],
        griefs: vec![
            Grief::configured(format!("{configuration}nonsense = yes\n"), "test"),
            Grief { everywhere: true, ..idle },
            // every command answers 0, and TLS is broken
            Grief::copied(copied, "prove", "closed in the handshake"),
        ],
        configuration: (file, configuration),
        _backend: None,
    }
}

/// Starts Dovecot in a folder, with these lines at the end of its configuration. Returns all of that.
pub(crate) fn start(folder: &Path, lines: &str, ports: [u16; 4]) -> Option<(Daemon, String)> {
    let version = DOVECOT.run(&["--version"]);
    assert!(version.starts_with("2.3."), "dovecot {version} wants another configuration than 2.3: see {}", file!());
    let configuration = around(folder, ports) + lines;
    let file = folder.join("dovecot.conf");
    write(&file, &configuration);
    let file = text(&file);
    let command = move || {
        let mut command = DOVECOT.command();
        command.args(["-F", "-c", &file]);
        command
    };
    Some((Daemon::start(DOVECOT, command, &ports, folder, "dovecot.log")?, configuration))
}

/// What its profile runs, for the Dovecot of a folder.
pub(crate) fn commands(folder: &Path) -> [String; 4] {
    let file = text(&folder.join("dovecot.conf"));
    let (test, reload) = (format!("doveconf -n -c {file}"), format!("doveadm -c {file} reload"));
    ["--test-command".to_owned(), test, "--reload-command".to_owned(), reload]
}

fn around(folder: &Path, [imap, imaps, pop3, pop3s]: [u16; 4]) -> String {
    for name in ["run", "state", "mail"] {
        std::fs::create_dir_all(folder.join(name)).expect("a new folder");
    }
    let own = if account::is_root() { account::nobody() } else { account::own() };
    let accounts = if account::is_root() {
        // made by the Debian package
        "default_internal_user = dovecot\ndefault_login_user = dovenull".to_owned()
    } else {
        let (user, group) = (&own.name, account::group(own.gid));
        format!(
            "default_internal_user = {user}\ndefault_login_user = {user}\ndefault_internal_group = {group}\n{WITHOUT_ROOT}"
        )
    };
    [
        ("@DIR@", text(folder)),
        ("@ACCOUNTS@", accounts),
        ("@UID@", own.uid.to_string()),
        ("@GID@", own.gid.to_string()),
        ("@IMAP@", imap.to_string()),
        ("@IMAPS@", imaps.to_string()),
        ("@POP3@", pop3.to_string()),
        ("@POP3S@", pop3s.to_string()),
    ]
    .into_iter()
    .fold(AROUND.to_owned(), |text, (name, value)| text.replace(name, &value))
}
