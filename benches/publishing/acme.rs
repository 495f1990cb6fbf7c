//! One certificate renewed by ACME, with a new private key, and deployed to nginx: beside certbot and lego, which do not
//! look at what is served then, and beside certbot with a script that does.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;

use crate::deploy::{PROOF, SETTLED};
use crate::measure::{Contestant, compare, timed};
use crate::nginx::Nginx;
use crate::pebble::Pebble;
use crate::{keyring, program, shell};

const NAME: &str = "www.example.com";
const KEY: &str = "web01/https/main";

pub(crate) fn renew(rounds: usize) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let pebble = Pebble::start(folder.path());
    let place = Place { folder: folder.path(), pebble: &pebble };
    std::fs::create_dir(place.path("www")).expect("a new folder");
    let _web = Nginx::with_files(&place.path("web"), pebble.http, &place.path("www"));

    timed(&mut place.certbot(&["certonly", "--webroot", "--webroot-path", &place.text("www"), "--domain", NAME]));
    let live = place.path("certbot/live").join(NAME);
    let by_certbot = Nginx::with_tls(&place.path("nginx-1"), &live.join("fullchain.pem"), &live.join("privkey.pem"));
    timed(&mut place.lego(&["run"]));
    let kept = |end: &str| place.path(&format!("lego/certificates/{NAME}.{end}"));
    let by_lego = Nginx::with_tls(&place.path("nginx-2"), &kept("crt"), &kept("key"));
    let by_keyring = place.deploy_by_keyring();

    // lego runs a program and not a line for a shell
    let hook = |nginx: &Nginx| {
        let script = nginx.folder.join("hook");
        std::fs::write(&script, format!("{} && {}\n", nginx.test(), nginx.reload())).expect("the folder is there");
        format!("/bin/sh {}", script.display())
    };
    let certbot_hook = hook(&by_certbot);
    let certbot = || {
        let forced = ["renew", "--force-renewal", "--no-random-sleep-on-renew", "--deploy-hook", &certbot_hook];
        place.certbot(&forced)
    };
    let proof = format!("new={}\n{}", live.join("cert.pem").display(), PROOF.replace('@', &by_certbot.address));
    let proven = Contestant {
        name: "certbot renew, its hook, and s_client until it is served".to_owned(),
        before: Box::new(|_| sleep(SETTLED)),
        run: Box::new(|_| timed(&mut certbot()) + timed(&mut shell(&proof))),
    };
    let lego_hook = hook(&by_lego);
    let lego = ["renew", "--days", "9999", "--no-random-sleep", "--renew-hook", &lego_hook];
    let contestants = [
        Contestant::program("certbot renew, with a deploy hook: nginx -t, reload", |_| certbot())
            .after(|_| sleep(SETTLED)),
        proven,
        Contestant::program("lego renew, with the same hook", |_| place.lego(&lego)).after(|_| sleep(SETTLED)),
        Contestant::program("keyring renew --commit: nginx -t, reload, proof", |_| {
            keyring(&place.path("keystore"), &["renew", KEY, "--commit"])
        })
        .after(|_| sleep(SETTLED)),
    ];
    compare("one certificate renewed by ACME for nginx", rounds, 1, &contestants);
    drop(by_keyring);
}

struct Place<'a> {
    folder: &'a Path,
    pebble: &'a Pebble,
}

impl Place<'_> {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    fn certbot(&self, arguments: &[&str]) -> Command {
        let folders = ["config", "work", "logs"].map(|of| (format!("--{of}-dir"), self.text("certbot")));
        let mut command = program("certbot", arguments);
        command.args(folders.iter().flat_map(|(flag, folder)| [flag, folder]));
        command.args(["--non-interactive", "--agree-tos", "--register-unsafely-without-email"]);
        command.args(["--server", &self.pebble.directory]).env("REQUESTS_CA_BUNDLE", &self.pebble.root);
        command
    }

    fn lego(&self, arguments: &[&str]) -> Command {
        let usual = ["--accept-tos", "--email", "hostmaster@example.com", "--key-type", "ec256", "--domains", NAME];
        let mut command = program("lego", &usual);
        command.args(["--server", &self.pebble.directory, "--path", &self.text("lego")]);
        command.args(["--http", "--http.webroot", &self.text("www")]).args(arguments);
        command.env("LEGO_CA_CERTIFICATES", &self.pebble.root);
        command
    }

    /// The first certificate, bound and published to an nginx.
    fn deploy_by_keyring(&self) -> Nginx {
        let run = |arguments: &[&str]| timed(&mut keyring(&self.path("keystore"), arguments));
        let (root, www) = (self.pebble.root.display().to_string(), self.text("www"));
        run(&["init"]);
        run(&["make-csr", KEY, "--new-key", "--cn", NAME]);
        let known = ["set-authority", "pebble", "--kind", "acme", "--directory", &self.pebble.directory];
        run(&[&known[..], &["--accept-terms", "--ca-file", &root, "--webroot", &www]].concat());
        run(&["submit", KEY, "--to", "pebble"]);
        run(&["set-renewal", KEY, "--authority", "pebble"]);
        run(&["bind", KEY, "web01/https@default"]);
        run(&["commit"]);
        let live = self.path("keystore/live/web01/https/default/current");
        let nginx = Nginx::with_tls(&self.path("nginx-3"), &live.join("fullchain.pem"), &live.join("private-key.pem"));
        let settings = nginx.settings("web01/https");
        run(&settings.iter().map(String::as_str).collect::<Vec<_>>());
        run(&["commit"]);
        nginx
    }
}
