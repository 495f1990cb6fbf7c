//! Whole renewals of a mail server by `keyring renew --due --commit`: one certificate for SMTP, IMAP, POP3 and HTTPS, by
//! the keystore's own authority and by ACME. While clients connect, and when something is in the way.

use std::path::PathBuf;
use std::time::Instant;

use keystore::digest::Digest;
use serde_json::{Value, json};

use super::account::may_become_others;
use super::acme::pebble::{Pebble, Wanted};
use super::client::{Client, Target, fingerprint};
use super::installation::Installation;
use super::rotation::{Scene, prove};
use super::traffic::{Gap, Rotation, Traffic};
use super::{dovecot, nginx, postfix};
use crate::common::{Finished, write};

const KEY: &str = "mail01/smtp/all";
const ENDPOINTS: [&str; 4] =
    ["mail01/smtp@default", "mail01/imap@default", "mail01/pop3@default", "mail01/https@default"];
const RENEW: [&str; 3] = ["renew", "--due", "--commit"];

#[derive(Clone, Copy)]
enum Daemon {
    Postfix,
    Dovecot,
    Nginx,
}

/// The server, where each service has a certificate of its own by another authority at first.
struct MailServer {
    scene: Scene,
    postfix: Installation,
    dovecot: Installation,
    nginx: Installation,
    /// The authority, where that is not the keystore's own.
    pebble: Option<Pebble>,
    root: PathBuf,
    client: Client,
}

impl MailServer {
    /// The server with the authority that this describes under the name `ca` to its keystore.
    fn new(describe: impl Fn(&Scene) -> (Option<Pebble>, PathBuf)) -> Self {
        let scene = Scene::new();
        let postfix = postfix::install(&scene, "mail01");
        let dovecot = dovecot::install(&scene, "mail01");
        let nginx = nginx::install(&scene, "mail01");
        let (pebble, root) = describe(&scene);
        let client = Client::new(&root);
        let server = Self { scene, postfix, dovecot, nginx, pebble, root, client };
        for it in server.all() {
            it.say(&server.scene, None);
        }
        server.scene.keyring.run(&["commit"]);
        for it in server.all() {
            it.prove(&server.scene, &it.newest(&server.scene));
        }
        server
    }

    fn all(&self) -> [&Installation; 3] {
        [&self.postfix, &self.dovecot, &self.nginx]
    }

    fn targets(&self) -> Vec<Target> {
        self.all().iter().flat_map(|it| it.targets()).collect()
    }

    /// The one certificate that is published to all of them.
    #[track_caller]
    fn published(&self) -> Digest {
        let file = |endpoint: &str| self.scene.keyring.live(&endpoint.replace('@', "/")).join("certificate.pem");
        let published = ENDPOINTS.map(|endpoint| fingerprint(&file(endpoint)));
        assert_eq!(published, [published[0]; 4]);
        published[0]
    }

    #[track_caller]
    fn prove(&self, leaf: Digest) {
        prove(&self.targets(), leaf, &self.client, &self.root);
    }

    /// The first certificate for all of them, in place of those that they had.
    #[track_caller]
    fn get_the_first(&self, at: &str) {
        let keyring = &self.scene.keyring;
        let names: Vec<_> = ENDPOINTS.iter().flat_map(|endpoint| ["--for", endpoint]).collect();
        keyring.request(KEY, &[], &names);
        keyring.run(&["set-renewal", KEY, "--authority", "ca", "--at", at]);
        let root = self.root.to_str().expect("a path in ASCII");
        let submitted = keyring.json(&["submit", KEY, "--roots", root]);
        assert_eq!(
            (&submitted["keys"][0]["state"], &submitted["keys"][0]["warnings"]),
            (&json!("installed"), &json!([]))
        );
        keyring.run(&[&["bind", KEY], &ENDPOINTS[..]].concat());
        keyring.run(&["commit"]);
        self.prove(self.published());
    }

    /// Has the authority suggest to renew the certificate in use, if it is one that does.
    fn suggest(&self) {
        if let Some(pebble) = &self.pebble {
            pebble.suggest_now(&self.scene.keyring, KEY, self.version());
        }
    }

    /// The version that is in use.
    fn version(&self) -> u32 {
        let shown = self.scene.keyring.json(&["show", KEY]);
        let version = shown["key"]["current"]["version"].as_u64().expect("a version in use");
        u32::try_from(version).expect("a small number")
    }

    /// Renews what is due.
    #[track_caller]
    fn renew(&self) {
        let keys = self.scene.keyring.json(&RENEW)["keys"].take();
        assert_eq!((keys[0]["key"].as_str(), keys[0]["state"].as_str()), (Some(KEY), Some("renewed")), "{keys}");
        assert_eq!(keys.as_array().map(Vec::len), Some(1), "{keys}");
    }

    /// Renews while clients connect: each was served, by the old pair or by the new one.
    #[track_caller]
    fn renew_under_traffic(&self) {
        let old = self.published();
        let traffic = Traffic::start(&self.client, &self.targets());
        traffic.wait_for(5);
        self.renew();
        let proven = Instant::now();
        traffic.wait_for(20);
        let new = self.published();
        self.prove(new);
        traffic.saw_nothing_but(Gap::None, |_| Rotation { old, new, proven });
    }

    #[track_caller]
    fn has_nothing_due(&self) {
        let before = self.state();
        let said = self.scene.keyring.finish(&RENEW).succeeded().stderr;
        assert_eq!((said.as_str(), self.state()), ("Nothing is due.\n", before));
    }

    /// A renewal that fails: every endpoint goes on as before, and nothing is recorded or staged.
    #[track_caller]
    fn fails_with(&self, line: &[&str], code: i32, says: &str) -> Finished {
        let (leaf, before) = (self.published(), self.state());
        let failed = self.scene.keyring.finish(line).ended_with(code);
        assert!(
            failed.stderr.contains(&format!("failed: {KEY}: ")) && failed.stderr.contains(says),
            "{}",
            failed.stderr
        );
        assert_eq!((self.published(), self.state()), (leaf, before));
        self.prove(leaf);
        failed
    }

    fn state(&self) -> [Value; 2] {
        let status = self.scene.keyring.json(&["status"]);
        [status["generation"].clone(), status["staged"].clone()]
    }

    fn split(&mut self, daemon: Daemon) -> (&mut Installation, &Scene) {
        let it = match daemon {
            Daemon::Postfix => &mut self.postfix,
            Daemon::Dovecot => &mut self.dovecot,
            Daemon::Nginx => &mut self.nginx,
        };
        (it, &self.scene)
    }

    /// A renewal that a service refuses is taken back at all of them, and done once that is mended: with the reply that
    /// came before.
    #[track_caller]
    fn is_refused_by(&mut self, daemon: Daemon, grief: usize) {
        self.suggest();
        let (it, scene) = self.split(daemon);
        let grief = it.griefs.swap_remove(grief);
        it.suffer(scene, &grief);
        // what administrators have said and not committed is none of a renewal's business
        scene.keyring.run(&["commit", "--no-publish"]);
        let asked = self.orders();
        let failed = self.fails_with(&RENEW, 6, &format!("({})", grief.phase));
        assert!(failed.stderr.contains("everything is as it was"), "{}", failed.stderr);
        let (it, scene) = self.split(daemon);
        it.heal(scene, &grief);
        scene.keyring.run(&["commit"]);
        let old = self.published();
        self.renew();
        assert_ne!(self.published(), old);
        self.prove(self.published());
        assert_eq!(self.orders(), asked + 1, "the authority was asked once");
    }

    /// How many certificates were ordered.
    fn orders(&self) -> usize {
        let issued = || self.scene.keyring.json(&["list-issued", "--ca", "ca"])["certificates"].take();
        self.pebble.as_ref().map_or_else(|| issued().as_array().expect("a list").len(), Pebble::orders)
    }
}

#[test]
fn a_mail_server_is_renewed_by_the_authority_of_its_keystore() {
    if !may_become_others("renewals of a mail server") {
        return;
    }
    let mut server = MailServer::new(|scene| {
        let (passphrase, root) = (scene.keyring.file("passphrase"), scene.keyring.file("lab-root.pem"));
        write(&scene.keyring.path("passphrase"), "a passphrase of the tests\n");
        let create = ["create-ca", "ca", "--cn", "Lab", "--permit", "dns:example.com"];
        scene.keyring.run(&[&create[..], &["--passphrase-file", &passphrase, "--out", &root]].concat());
        scene.keyring.run(&["set-authority", "ca", "--passphrase", &format!("file:{passphrase}"), "--days", "1"]);
        (None, root.into())
    });
    // certificates begin an hour before they are made: after 1/25 of a day, but not of a thousand
    server.get_the_first("1/25");
    let keyring = &server.scene.keyring;
    keyring.run(&["set-authority", "ca", "--days", "1000"]);
    let (passphrase, away) = (keyring.path("passphrase"), keyring.path("away"));
    std::fs::rename(&passphrase, &away).unwrap();
    server.fails_with(&RENEW, 3, "cannot read");
    std::fs::rename(&away, &passphrase).unwrap();
    server.renew_under_traffic();
    assert_eq!(
        (server.version(), server.orders()),
        (2, 2),
        "the request that was made first is the one that is signed"
    );
    server.has_nothing_due();

    keyring.run(&["set-authority", "ca", "--days", "1"]);
    keyring.run(&["renew", KEY, "--commit"]);
    // the pair does not fit; nothing is reloaded; the configuration is refused
    server.is_refused_by(Daemon::Postfix, 2);
    server.is_refused_by(Daemon::Dovecot, 1);
    server.is_refused_by(Daemon::Nginx, 0);
}

#[test]
fn a_mail_server_is_renewed_by_acme() {
    if !may_become_others("renewals of a mail server") {
        return;
    }
    let mut server = MailServer::new(|scene| {
        let pebble = Pebble::start(&Wanted { newer: true, ..Wanted::default() });
        pebble.describe(&scene.keyring, "ca", &["--listen", &pebble.http()]);
        let root = pebble.root(&scene.keyring);
        (Some(pebble), root.into())
    });
    server.get_the_first("ari");
    server.has_nothing_due();
    server.suggest();
    server.renew_under_traffic();
    assert_eq!((server.version(), server.orders()), (2, 2));
    server.has_nothing_due();

    server.is_refused_by(Daemon::Nginx, 0);
    // the authority is gone: nothing is due as far as anybody knows, and what is renewed at once fails
    server.pebble = None;
    let idle = server.scene.keyring.finish(&RENEW).succeeded().stderr;
    assert!(idle.contains("when to renew mail01/smtp/all is not known") && idle.contains("Nothing is due."), "{idle}");
    server.fails_with(&["renew", KEY, "--commit"], 9, "ca");
}
