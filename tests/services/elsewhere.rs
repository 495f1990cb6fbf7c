//! Another machine, reached by OpenSSH with a restricted key: what `docs/guides/other-machines.md` has its reader type
//! is run here, against an `sshd` and an nginx of the test.

use std::path::Path;
use std::time::Duration;

use keystore::digest::Digest;

use super::account;
use super::client::{Client, Dialogue, Target, fingerprint, served_to_openssl};
use super::daemon::{Daemon, wait_until};
use super::nginx::{self, Site};
use super::rotation::Scene;
use super::sshd;
use crate::common::{Finished, Tool, finish, search_path, text, write};

const GUIDE: &str = include_str!("../../docs/guides/other-machines.md");
const NAME: &str = "web02.example.com";
const BASH: Tool = Tool { program: "bash", package: "bash" };

/// Tells nginx, but fails once or does nothing once when a file says so.
const RELOAD: &str = "#!/bin/sh\nrm @/fails 2>/dev/null && exit 3\nrm @/idles 2>/dev/null && exit 0\n\
                      kill -HUP \"$(cat @/nginx.pid)\"\n";

/// The command lines of a block in the guide, the one with these words.
fn block(words: &str) -> &'static str {
    let blocks = GUIDE.split("\n```").skip(1).step_by(2);
    let of_shell = blocks.filter_map(|block| block.strip_prefix("sh\n").or_else(|| block.strip_prefix("bash\n")));
    let mut found = of_shell.filter(|block| block.contains(words));
    let block = found.next().unwrap_or_else(|| panic!("the guide has no block with {words:?}"));
    assert!(found.next().is_none(), "the guide has several blocks with {words:?}");
    block
}

/// Both machines of the guide, on one.
struct Machines {
    scene: Scene,
    sshd: Option<Daemon>,
    nginx: Option<Daemon>,
    /// What stands in the guide and is something else here.
    here: Vec<(&'static str, String)>,
}

impl Machines {
    fn new() -> Self {
        let scene = Scene::new();
        // the guide begins without a keystore
        std::fs::remove_dir_all(scene.keyring.store()).unwrap();
        for folder in ["srv", "etc", "tls"] {
            std::fs::create_dir(scene.keyring.path(folder)).unwrap();
        }
        let authorized = scene.keyring.file("srv/.ssh/authorized_keys");
        let (sshd, [port]) = scene.start("sshd", |folder, [port]| sshd::start(folder, port, &authorized));
        let file = |name: &str| scene.keyring.file(name);
        let here = vec![
            ("/etc/ssl/web02", file("tls")),
            ("/srv/keyring", file("srv")),
            ("/etc/keyring", file("etc")),
            ("cat web02-host-key.pub", format!("cat {}", sshd::host_key(&sshd))),
            ("cat web02-key.pub", format!("cat {}", file("etc/web02-key.pub"))),
            ("HostName web02.example.com", "HostName 127.0.0.1".to_owned()),
            ("Port 22", format!("Port {port}")),
            ("User certs", format!("User {}", account::own().name)),
            ("sudo -n systemctl reload nginx", file("reload")),
            ("--timeout 20", "--timeout 4".to_owned()),
        ];
        Self { scene, sshd: Some(sshd), nginx: None, here }
    }

    /// Runs a block of the guide.
    fn finish(&self, words: &str) -> Finished {
        let lines = self.here.iter().fold(block(words).to_owned(), |lines, (there, here)| lines.replace(there, here));
        let mut path = Path::new(env!("CARGO_BIN_EXE_keyring")).parent().unwrap().as_os_str().to_owned();
        path.push(":");
        path.push(search_path());
        let mut command = BASH.command();
        command.env("PATH", path).env("KEYRING_STORE", self.scene.keyring.store()).env("HOME", self.file(""));
        command.args(["-euo", "pipefail", "-c", &lines]).current_dir(self.scene.keyring.path(""));
        finish(&mut command, "").unwrap_or_else(|error| BASH.missing(&error))
    }

    #[track_caller]
    fn run(&self, words: &str) {
        self.finish(words).succeeded();
    }

    fn file(&self, name: &str) -> String {
        self.scene.keyring.file(name)
    }

    /// nginx of the other machine, which serves what it always has.
    fn start_nginx(&mut self) -> Target {
        let (key, request) = (self.file("tls/private-key.pem"), self.file("tls/request.csr"));
        let new = ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=web02"];
        let names = ["-addext", "subjectAltName=DNS:web02.example.com", "-keyout", &key, "-out", &request];
        Tool::OPENSSL.run(&[&new[..], &names].concat());
        let authority = &self.scene.authority;
        let chain = [authority.sign(Path::new(&request)), authority.issuing()].map(|file| std::fs::read(file).unwrap());
        write(&self.scene.keyring.path("tls/fullchain.pem"), chain.concat());
        self.run("mkdir -p /srv/keyring/first");
        let live = self.scene.keyring.path("srv/live/default");
        let (nginx, [port]) = self.scene.start("nginx", |folder, [port]| {
            write(&self.scene.keyring.path("reload"), RELOAD.replace('@', &text(folder)));
            nginx::start(folder, &[Site::pair(port, &live)])
        });
        Tool { program: "chmod", package: "coreutils" }.run(&["755", &self.file("reload")]);
        self.here.push(("https://web02.example.com", format!("https://127.0.0.1:{port}")));
        self.nginx = Some(nginx);
        Target { dialogue: Dialogue::Https, port, name: NAME }
    }

    /// The guide's renewal, again and again.
    fn renew(&self) -> Finished {
        let _ = std::fs::remove_file(self.scene.keyring.path("next.csr"));
        self.finish("renewal of web02")
    }

    /// The next reload there does not what it should.
    fn once(&self, what: &str) {
        write(&self.nginx.as_ref().unwrap().folder().join(what), "");
    }

    /// The certificate in a file of the guide.
    fn certificate(&self, name: &str) -> Digest {
        fingerprint(&self.scene.keyring.path(name))
    }

    /// The folders on the other machine.
    fn folders(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.scene.keyring.path("srv")).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Gives the script an archive as whoever has the key may: with any words behind.
    fn send(&self, make: &str, words: &str) -> Finished {
        let ssh = format!("ssh -F {} {words}", self.file("etc/ssh_config"));
        let folder = self.scene.folder("archive");
        let line = format!("cd {} && {{ {make}; }} | timeout 20 {ssh}", text(&folder));
        BASH.finish(&["-euo", "pipefail", "-c", &line])
    }
}

#[test]
fn another_machine_is_published_to_over_openssh_as_the_guide_says() {
    let mut machines = Machines::new();
    machines.run("keyring init");
    let target = machines.start_nginx();
    for words in ["#!/bin/sh", "ssh-keygen", "authorized_keys", "set-service"] {
        machines.run(words);
    }
    let root = machines.scene.authority.root();
    let first = machines.certificate("tls/fullchain.pem");
    serves(target, &root, first);

    // not even the first publication changes anything that is not proven
    machines.once("idles");
    taken_back(&machines.finish("web02 from here").ended_with(6), "prove         failed");
    serves(target, &root, first);
    assert_eq!(machines.folders(), [".ssh", "first", "live", "lock", "receive"]);

    machines.run("web02 from here");
    let root = machines.scene.keyring.path("ca.pem");
    let old = machines.certificate("web02.pem");
    serves(target, &root, old);

    machines.renew().succeeded();
    let new = machines.certificate("next.pem");
    assert_ne!(new, old);
    serves(target, &root, new);
    assert_eq!(machines.folders().len(), 6, "one version is there, and not the former one");

    machines.once("fails");
    taken_back(&machines.renew().ended_with(6), "publish       failed");
    serves(target, &root, new);
    machines.once("idles");
    taken_back(&machines.scene.keyring.finish(&["commit"]).ended_with(6), "prove         failed");
    serves(target, &root, new);
    machines.scene.keyring.run(&["commit"]);
    let newest = machines.certificate("next.pem");
    assert_ne!(newest, new);
    serves(target, &root, newest);

    only_what_the_script_takes(&machines);
    serves(target, &root, newest);

    // it can be given nothing, and nothing back
    machines.sshd = None;
    machines.renew().ended_with(8);
    serves(target, &root, newest);
}

/// It is what is served. nginx has its old workers end a tenth of a second after the new ones began, and all of them take
/// connections in the meantime.
#[track_caller]
fn serves(target: Target, root: &Path, leaf: Digest) {
    let client = Client::new(root);
    wait_until("serve one certificate", || (0..3).all(|_| client.visit(target).is_ok_and(|served| served == leaf)));
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!((client.visit(target).unwrap(), served_to_openssl(target, root)), (leaf, leaf));
}

/// The table says what failed, and that the other machine is as it was.
#[track_caller]
fn taken_back(commit: &Finished, failed: &str) {
    for words in [failed, "undo          done", "prove-former  done"] {
        assert!(commit.stderr.contains(&format!("web02/https  {words}")), "{words}:\n{}", commit.stderr);
    }
}

/// The key runs the script, and the script takes what it expects.
#[track_caller]
fn only_what_the_script_takes(machines: &Machines) {
    let before = machines.folders();
    let files = "mkdir default; for name in fullchain private-key; do echo x > default/$name.pem; done";
    for (make, words, why) in [
        ("true", "web02 id", "does not look like a tar archive"),
        ("tar -c -T /dev/null", "web02", "no files at all"),
        (&format!("{files}; echo x > default/more.pem; tar -c default"), "web02", "not expected: default/more.pem"),
        (
            &format!("{files}; tar -c -P --transform 's,default/full,../full,' default"),
            "web02",
            "not expected: ../full",
        ),
        (&format!("{files}; ln -sf /etc/passwd default/fullchain.pem; tar -c default"), "web02", "no plain file"),
        (
            &format!("{files}; ln -f default/private-key.pem default/fullchain.pem; tar -c default"),
            "web02",
            "no plain file",
        ),
        ("true", "-N -o ExitOnForwardFailure=yes -R 0:127.0.0.1:9 web02", "forwarding failed"),
    ] {
        let said = machines.send(make, words);
        assert_ne!(said.code, Some(0), "{make}");
        assert_ne!(said.code, Some(124), "{make}: it did not end");
        assert!(said.stderr.contains(why) && said.stdout.is_empty(), "{make}: {}\n{}", said.stdout, said.stderr);
        assert_eq!(machines.folders(), before, "{make}");
    }
}
