//! Dovecot 2.3 with IMAP and POP3, each with a certificate of its own, in TLS from the start and by STARTTLS.

use std::path::Path;

use super::account;
use super::daemon::Daemon;
use crate::common::{Tool, text, write};

const DOVECOT: Tool = Tool { program: "dovecot", package: "dovecot-imapd" };

const DOVEADM: Tool = Tool { program: "doveadm", package: "dovecot-imapd" };

/// Login processes live on (`service_count = 0`): one that is younger than its connection to the auth process, as with
/// the default of one process for each client, turns its client away at a reload, before TLS and whatever was changed.
const CONFIGURATION: &str = r"
base_dir = @DIR@/run
state_dir = @DIR@/state
log_path = @DIR@/dovecot.log
protocols = imap pop3
listen = 127.0.0.1
ssl = yes
ssl_cert = <@IMAP@/fullchain.pem
ssl_key = <@IMAP@/private-key.pem
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
protocol pop3 {
  ssl_cert = <@POP3@/fullchain.pem
  ssl_key = <@POP3@/private-key.pem
}
service imap-login {
  service_count = 0
  process_min_avail = 1
  inet_listener imap {
    port = @IMAP_PORT@
  }
  inet_listener imaps {
    port = @IMAPS_PORT@
    ssl = yes
  }
}
service pop3-login {
  service_count = 0
  process_min_avail = 1
  inet_listener pop3 {
    port = @POP3_PORT@
  }
  inet_listener pop3s {
    port = @POP3S_PORT@
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

/// Where it listens.
#[derive(Clone, Copy)]
pub(crate) struct Ports {
    pub(crate) imap: u16,
    pub(crate) imaps: u16,
    pub(crate) pop3: u16,
    pub(crate) pop3s: u16,
}

/// Starts Dovecot in a new folder, with the published folders of IMAP and of POP3; `None` when a port is taken.
pub(crate) fn start(folder: &Path, ports: Ports, imap: &Path, pop3: &Path) -> Option<Daemon> {
    let version = DOVECOT.run(&["--version"]);
    assert!(version.starts_with("2.3."), "dovecot {version} wants another configuration than 2.3: see {}", file!());
    for name in ["", "run", "state", "mail"] {
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
    let configuration = [
        ("@DIR@", text(folder)),
        ("@IMAP@", text(imap)),
        ("@POP3@", text(pop3)),
        ("@ACCOUNTS@", accounts),
        ("@UID@", own.uid.to_string()),
        ("@GID@", own.gid.to_string()),
        ("@IMAP_PORT@", ports.imap.to_string()),
        ("@IMAPS_PORT@", ports.imaps.to_string()),
        ("@POP3_PORT@", ports.pop3.to_string()),
        ("@POP3S_PORT@", ports.pop3s.to_string()),
    ]
    .into_iter()
    .fold(CONFIGURATION.to_owned(), |text, (name, value)| text.replace(name, &value));
    let file = folder.join("dovecot.conf");
    write(&file, configuration);
    let mut command = DOVECOT.command();
    command.args(["-F", "-c", &text(&file)]);
    let all = [ports.imap, ports.imaps, ports.pop3, ports.pop3s];
    Daemon::start(DOVECOT, &mut command, &all, folder, "dovecot.log")
}

/// `doveadm reload`, as its manual says to.
#[track_caller]
pub(crate) fn reload(dovecot: &Daemon) {
    DOVEADM.run(&["-c", &text(&dovecot.folder().join("dovecot.conf")), "reload"]);
}
