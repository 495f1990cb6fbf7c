//! The guide to a mail server that renews itself, walked from its beginning: what it has its reader type is typed, what it
//! has its reader write is written, and its timer's service is run as systemd would.

use std::path::{Path, PathBuf};
use std::time::Instant;

use keystore::digest::Digest;
use keystore::pki::read_certificates;

use super::account::may_become_others;
use super::acme::pebble::{Pebble, Wanted};
use super::client::{Client, Dialogue, Target, fingerprint};
use super::daemon::Daemon;
use super::guide::Guide;
use super::rotation::{Scene, prove};
use super::traffic::{Gap, Rotation, Traffic};
use super::{dovecot, nginx, postfix};
use crate::common::{Finished, Tool, finish, search_path, text, write};

const BASH: Tool = Tool { program: "bash", package: "bash" };
const SYSTEMCTL: Tool = Tool { program: "systemctl", package: "systemd" };

const KEY: &str = "mail.example.com/smtp/main";
const SERVICES: [&str; 4] = ["smtp", "imap", "pop3", "https"];
const SERVICE: &str = "keyring-renew.service";

/// A machine with the daemons of the guide as they are before it, and an authority elsewhere.
struct Machine {
    scene: Scene,
    /// What is `/` there.
    root: PathBuf,
    guide: Guide,
    pebble: Option<Pebble>,
    /// The roots that it trusts.
    roots: String,
    client: Client,
    targets: Vec<Target>,
    _daemons: [Daemon; 3],
}

impl Machine {
    fn new() -> Self {
        let scene = Scene::new();
        // the guide begins without a keystore
        std::fs::remove_dir_all(scene.keyring.store()).unwrap();
        let pebble = Pebble::start(&Wanted { newer: true, ..Wanted::default() });
        let (daemons, ports) = scene.start("machine", |root, ports| start(&scene, root, pebble.http_port(), ports));
        let root = daemons[0].folder().ancestors().nth(2).unwrap().to_owned();
        let guide = adapted(&scene, &root, &pebble, ports);
        let (roots, client) = (pebble.roots(&scene.keyring), Client::new(Path::new(&pebble.root(&scene.keyring))));
        let [smtp, _, imap, imaps, pop3, pop3s, https] = ports;
        let target = |name, dialogue, port| Target { dialogue, port, name };
        let targets = vec![
            target("mail.example.com", Dialogue::Smtp, smtp),
            target("imap.example.com", Dialogue::Imap, imap),
            target("imap.example.com", Dialogue::Imaps, imaps),
            target("pop.example.com", Dialogue::Pop3, pop3),
            target("pop.example.com", Dialogue::Pop3s, pop3s),
            target("webmail.example.com", Dialogue::Https, https),
        ];
        Self { scene, root, guide, pebble: Some(pebble), roots, client, targets, _daemons: daemons }
    }

    /// Does what the guide says, block by block.
    fn walk(&self) {
        for block in self.guide.blocks() {
            match (block.language.as_str(), &block.file) {
                ("bash", _) => block.text.lines().for_each(|line| self.do_as_said(line)),
                ("dovecot" | "nginx" | "ini", Some(file)) => {
                    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
                    write(file, &block.text);
                }
                (language, file) => panic!("nobody knows what a reader does with a block of {language} for {file:?}"),
            }
        }
    }

    fn do_as_said(&self, line: &str) {
        match line.strip_prefix("systemctl ") {
            Some(words) => self.tell_systemd(words),
            None => {
                if line.starts_with("keyring commit ") {
                    self.mistype_first(line);
                }
                self.type_in(line).succeeded();
            }
        }
    }

    /// The first commit, with something wrong: nothing is changed, and it can be repeated.
    fn mistype_first(&self, line: &str) {
        let site = self.nginx_site();
        let text = std::fs::read_to_string(&site).unwrap();
        write(&site, format!("{text}nonsense;\n"));
        let failed = self.type_in(line).ended_with(6);
        assert!(failed.stderr.contains("everything is as it was"), "{}", failed.stderr);
        // Dovecot still serves the certificate that signs itself
        let address = format!("127.0.0.1:{}", self.targets[2].port);
        let served = Tool::OPENSSL.finish(&["s_client", "-connect", &address]).stdout;
        let served = read_certificates(served.as_bytes()).unwrap()[0].fingerprint();
        assert_eq!(served, fingerprint(&self.root.join("etc/dovecot/tls/certificate.pem")));
        write(&site, text);
    }

    fn type_in(&self, line: &str) -> Finished {
        let mut path = Path::new(env!("CARGO_BIN_EXE_keyring")).parent().unwrap().as_os_str().to_owned();
        path.push(":");
        path.push(search_path());
        let mut command = BASH.command();
        command.env_clear().env("PATH", path).env("KEYRING_STORE", self.scene.keyring.store()).env("HOME", &self.root);
        command.env("SSL_CERT_FILE", &self.roots).env("MAIL_CONFIG", self.root.join("etc/postfix"));
        command.args(["-c", line]).current_dir(&self.root);
        finish(&mut command, "").unwrap_or_else(|error| BASH.missing(&error))
    }

    /// Nothing here has systemd as its first process: units are enabled in the files, and services are run by [`Self::run`].
    fn tell_systemd(&self, words: &str) {
        match words.split(' ').collect::<Vec<_>>()[..] {
            ["enable", "--now", timer] => {
                SYSTEMCTL.run(&["--root", &text(&self.root), "enable", timer]);
                let wanted = self.root.join("etc/systemd/system/timers.target.wants").join(timer);
                assert!(wanted.symlink_metadata().is_ok(), "{timer} is started with the machine");
                let unit = self.unit(timer);
                assert!(values(&unit, "Unit").is_empty(), "it starts the service of its own name");
                assert_eq!(values(&unit, "OnCalendar"), ["hourly"]);
            }
            ["start", service] => {
                self.run(service).succeeded();
            }
            _ => panic!("systemctl {words} is not known here"),
        }
    }

    fn pebble(&self) -> &Pebble {
        self.pebble.as_ref().expect("the authority")
    }

    fn unit(&self, name: &str) -> String {
        std::fs::read_to_string(self.root.join("etc/systemd/system").join(name)).unwrap()
    }

    /// Runs a service of the kind `oneshot` as its unit says, from `/` and with nothing in its environment that is not in
    /// the unit's or in everyone's.
    fn run(&self, service: &str) -> Finished {
        let unit = self.unit(service);
        let [line] = &values(&unit, "ExecStart")[..] else { panic!("one ExecStart in:\n{unit}") };
        let [mask] = &values(&unit, "UMask")[..] else { panic!("one UMask in:\n{unit}") };
        let mut command = Tool { program: "sh", package: "dash" }.command();
        let program = Path::new(env!("CARGO_BIN_EXE_keyring")).parent().unwrap().display();
        // the folder of the program stands for /usr/local/bin
        let path = format!("{program}:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin");
        command.env_clear().env("PATH", path).env("LANG", "C.UTF-8").env("SSL_CERT_FILE", &self.roots);
        command.envs(values(&unit, "Environment").iter().map(|pair| pair.split_once('=').expect("NAME=VALUE")));
        let words = shell_words::split(line).unwrap();
        command.args(["-c", &format!("umask {mask}; exec \"$@\""), "sh"]).args(words).current_dir("/");
        finish(&mut command, "").unwrap()
    }

    /// The certificate that is published to all services.
    #[track_caller]
    fn published(&self) -> Digest {
        let live = |service: &str| self.scene.keyring.live(&format!("mail.example.com/{service}/default"));
        let published = SERVICES.map(|service| fingerprint(&live(service).join("certificate.pem")));
        assert_eq!(published, [published[0]; 4]);
        published[0]
    }

    #[track_caller]
    fn prove(&self, leaf: Digest) {
        let root = self.scene.keyring.path("pebble-root.pem");
        prove(&self.targets, leaf, &self.client, &root);
    }

    fn nginx_site(&self) -> PathBuf {
        self.root.join("etc/nginx/sites-enabled/webmail")
    }
}

/// The daemons as a distribution has them: without TLS or with a certificate that signs itself, and nginx with a folder.
fn start(scene: &Scene, root: &Path, http: u16, ports: [u16; 7]) -> Option<[Daemon; 3]> {
    let [smtp, smtps, imap, imaps, pop3, pop3s, _] = ports;
    let (www, folder) = (root.join("var/www/html"), |name: &str| root.join("etc").join(name));
    std::fs::create_dir_all(&www).unwrap();
    for name in ["postfix", "dovecot/conf.d", "nginx/sites-enabled"] {
        std::fs::create_dir_all(folder(name)).unwrap();
    }
    let tls = text(&scene.makeshift(&folder("dovecot")));
    let pair = format!("ssl = yes\nssl_cert = <{tls}/certificate.pem\nssl_key = <{tls}/private-key.pem\n");
    let site = format!("server {{ listen 127.0.0.1:{http} default_server; root {}; }}\n", text(&www));
    let nginx = nginx::start_with(&folder("nginx"), &format!("{site}include sites-enabled/*;\n"), &[http])?;
    let included = format!("{pair}!include_try conf.d/*.conf\n");
    let (dovecot, _) = dovecot::start(&folder("dovecot"), &included, [imap, imaps, pop3, pop3s])?;
    let (postfix, _) = postfix::start(&folder("postfix"), "smtpd_tls_security_level = may\n", [smtp, smtps])?;
    Some([nginx, dovecot, postfix])
}

/// The guide with what is true of a test: folders, ports, the authority, and daemons that are not the machine's own.
fn adapted(scene: &Scene, root: &Path, pebble: &Pebble, ports: [u16; 7]) -> Guide {
    let [smtp, _, imap, imaps, pop3, pop3s, https] = ports;
    let doors = [
        ("smtp+starttls", smtp),
        ("imap+starttls", imap),
        ("imaps", imaps),
        ("pop3+starttls", pop3),
        ("pop3s", pop3s),
        ("https", https),
    ];
    let etc = |name: &str| root.join("etc").join(name);
    let software = [
        ("postfix", postfix::commands(&etc("postfix"))),
        ("dovecot", dovecot::commands(&etc("dovecot"))),
        ("nginx", nginx::commands(&etc("nginx"))),
    ];
    let guide = Guide::read("mail-server.md", &scene.keyring, "mail.example.com", "mail.example.com")
        .with("listen 443 ssl", format!("listen 127.0.0.1:{https} ssl"))
        .with("`/etc/", format!("`{}/", text(&root.join("etc"))))
        .with("/var/www/html", text(&root.join("var/www/html")));
    let guide = doors.iter().fold(guide, |guide, (scheme, port)| {
        let written = format!("--probe {scheme}://127.0.0.1");
        let here = format!("{written}:{port}");
        guide.with(&written, here)
    });
    let guide = software.iter().fold(guide, |guide, (profile, commands)| {
        let written = format!("--profile {profile}");
        let here = format!("{written} {}", shell_words::join(commands));
        guide.with(&written, here)
    });
    guide.with("https://acme-v02.api.letsencrypt.org/directory", pebble.directory())
}

/// What a unit says for a name, each time.
fn values(unit: &str, name: &str) -> Vec<String> {
    let lines = unit.lines().filter_map(|line| line.split_once('='));
    lines.filter(|(said, _)| *said == name).map(|(_, value)| value.to_owned()).collect()
}

#[test]
fn the_guide_to_a_mail_server_is_walked_and_its_timer_renews() {
    if !may_become_others("the mail server") {
        return;
    }
    let mut machine = Machine::new();
    machine.walk();
    let first = machine.published();
    machine.prove(first);
    for service in SERVICES {
        let shown = machine.scene.keyring.json(&["show-service", &format!("mail.example.com/{service}")]);
        for line in shown["lines"].as_array().unwrap() {
            assert!(machine.guide.has(line.as_str().unwrap()), "the guide does not have {line}");
        }
    }
    // one for the first certificate, one for the rehearsal, and none by the service, for which nothing was due
    assert_eq!(machine.pebble().orders(), 2);

    // the authority suggests to renew: the next hour does it, and the one after nothing
    machine.pebble().suggest_now(&machine.scene.keyring, KEY, 2);
    let traffic = Traffic::start(&machine.client, &machine.targets);
    traffic.wait_for(5);
    let said = machine.run(SERVICE).succeeded().stderr;
    let proven = Instant::now();
    assert!(said.contains(&format!("renewed: {KEY} by letsencrypt")), "{said}");
    traffic.wait_for(20);
    let second = machine.published();
    machine.prove(second);
    traffic.saw_nothing_but(Gap::None, |_| Rotation { old: first, new: second, proven });
    assert_eq!(machine.run(SERVICE).succeeded().stderr, "Nothing is due.\n");

    // nginx refuses its configuration: the certificate is kept, and committed in the hour in which that is mended
    let site = std::fs::read_to_string(machine.nginx_site()).unwrap();
    write(&machine.nginx_site(), format!("{site}nonsense;\n"));
    machine.pebble().suggest_now(&machine.scene.keyring, KEY, 3);
    machine.run(SERVICE).ended_with(6);
    machine.prove(second);
    machine.run(SERVICE).ended_with(6);
    write(&machine.nginx_site(), site);
    let said = machine.run(SERVICE).succeeded().stderr;
    assert!(said.contains("renewed: "), "{said}");
    assert_ne!(machine.published(), second);
    machine.prove(machine.published());
    assert_eq!(machine.pebble().orders(), 4);

    // without the authority nobody knows of a suggestion, which is a warning
    machine.pebble = None;
    let said = machine.run(SERVICE).succeeded().stderr;
    assert!(said.contains("warning: when to renew") && said.ends_with("Nothing is due.\n"), "{said}");
}
