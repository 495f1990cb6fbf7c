//! Real ACME servers: each way to prove a name, accounts, crashes in the middle of an order, renewals to the commit.
//! Nonces are refused and authorisations used again as real authorities do.

mod knot;
pub(crate) mod pebble;

use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use self::knot::Knot;
use self::pebble::{Pebble, Wanted};
use super::daemon::wait_until;
use super::port;
use crate::common::{Keyring, Tool, search_path, text, write};

const KEY: &str = "web01/https/main";

/// A keystore with a key whose request asks for these names.
fn with_request(names: &[&str]) -> Keyring {
    let keyring = Keyring::new();
    ask_for(&keyring, KEY, names);
    keyring
}

fn ask_for(keyring: &Keyring, key: &str, names: &[&str]) {
    let names: Vec<_> =
        names.iter().map(|name| if name.contains(':') { (*name).to_owned() } else { format!("dns:{name}") }).collect();
    let sans: Vec<&str> = names.iter().flat_map(|name| ["--san", name.as_str()]).collect();
    keyring.request(key, &[], &sans);
}

/// The same command, to be started and left alone.
fn start(keyring: &Keyring, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyring"));
    command.env_clear().env("PATH", search_path()).env("HOME", keyring.path("."));
    command.arg("--store").arg(keyring.store()).arg("--no-input").args(arguments).current_dir(keyring.path("."));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn script(keyring: &Keyring, name: &str, lines: &str) -> String {
    use std::os::unix::fs::PermissionsExt as _;
    let path = keyring.path(name);
    write(&path, format!("#!/bin/sh\nset -e\n{lines}"));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    text(&path)
}

#[test]
fn http_01_is_answered_by_the_program_itself() {
    let pebble = Pebble::start(&Wanted::default());
    let keyring = with_request(&["web01.example.test", "www.example.test"]);
    pebble.describe(&keyring, "pebble", &["--listen", &pebble.http(), "--contact", "hostmaster@example.test"]);
    let submitted = keyring.json(&["submit", KEY, "--to", "pebble", "--roots", &pebble.root(&keyring)]);
    assert_eq!(submitted["keys"][0]["state"], "installed", "{submitted}");
    assert_eq!(submitted["keys"][0]["warnings"], json!([]), "the chain leads to Pebble's root");
    keyring.run(&["commit"]);
    // eight at once, by the same account and through one port
    let keys: Vec<String> = (0..8).map(|at| format!("web01/https/more{at}")).collect();
    for (at, key) in keys.iter().enumerate() {
        ask_for(&keyring, key, &[&format!("more{at}.example.test")]);
    }
    let mut submit = vec!["submit", "--to", "pebble"];
    submit.extend(keys.iter().map(String::as_str));
    keyring.run(&submit);
    assert_eq!((pebble.accounts(), pebble.orders()), (1, 9));
    assert!(!port::answers(pebble.http_port()), "nobody listens any more");
}

#[test]
fn http_01_is_answered_by_a_web_server_from_its_folder() {
    let pebble = Pebble::start(&Wanted::default());
    let keyring = with_request(&["web01.example.test"]);
    let www = keyring.path("www");
    std::fs::create_dir(&www).unwrap();
    let _server = pebble.web_server(&www);
    pebble.describe(&keyring, "pebble", &["--webroot", &text(&www)]);
    keyring.run(&["submit", KEY, "--to", "pebble"]);
    let left: Vec<_> = std::fs::read_dir(www.join(".well-known/acme-challenge")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn dns_01_is_answered_by_a_program_also_for_wildcards() {
    let pebble = Pebble::start(&Wanted::default());
    let keyring = with_request(&["*.example.test", "example.test"]);
    let log = keyring.file("dns.log");
    let hook = script(
        &keyring,
        "dns",
        &format!(
            "echo $KEYRING_ACME_ACTION $KEYRING_ACME_NAME $KEYRING_ACME_DOMAIN $KEYRING_KEY >>{log}\n{}",
            pebble.dns_script()
        ),
    );
    pebble.describe(&keyring, "pebble", &["--dns-command", &hook]);
    keyring.run(&["submit", KEY, "--to", "pebble"]);
    let line = |action: &str| format!("{action} _acme-challenge.example.test example.test {KEY}\n");
    let said = std::fs::read_to_string(log).unwrap();
    assert_eq!(said, line("present").repeat(2) + &line("cleanup").repeat(2));
}

#[test]
fn dns_01_is_answered_by_signed_updates() {
    let knot = Knot::start();
    let pebble = Pebble::start(&Wanted { resolver: Some(knot.port()), ..Wanted::default() });
    let keyring = with_request(&["*.lab.example.test", "lab.example.test"]);
    write(&keyring.path("tsig"), format!("{}\n", knot::SECRET));
    let (server, key) = (format!("127.0.0.1:{}", knot.port()), format!("file:{}", keyring.file("tsig")));
    let update = ["--dns-server", &server, "--tsig-name", knot::NAME, "--tsig-key", &key, "--dns-wait", "0"];
    pebble.describe(&keyring, "pebble", &update);
    keyring.run(&["submit", KEY, "--to", "pebble"]);
    assert!(!knot.has_records(), "they were taken out again");
    // a key that the server does not know
    write(&keyring.path("tsig"), "d3Jvbmc=\n");
    ask_for(&keyring, "web01/https/other", &["other.example.test"]);
    let refused = keyring.finish(&["submit", "web01/https/other", "--to", "pebble"]).ended_with(9);
    assert!(refused.stderr.contains("refuses the update of the zone example.test"), "{}", refused.stderr);
    // and once that is mended, the same order goes on
    write(&keyring.path("tsig"), format!("{}\n", knot::SECRET));
    keyring.run(&["collect"]);
    assert_eq!(pebble.orders(), 2);
}

#[test]
fn tls_alpn_01_is_answered_by_the_program_itself() {
    let pebble = Pebble::start(&Wanted::default());
    let keyring = with_request(&["web01.example.test", "ip:127.0.0.1"]);
    pebble.describe(&keyring, "pebble", &["--challenge", "tls-alpn-01", "--listen", &pebble.tls()]);
    keyring.run(&["submit", KEY, "--to", "pebble"]);
}

#[test]
fn an_account_can_be_bound_to_one_that_is_older() {
    let key = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W";
    let pebble = Pebble::start(&Wanted { external: Some(("kid-1", key)), ..Wanted::default() });
    let keyring = with_request(&["web01.example.test"]);
    pebble.describe(&keyring, "pebble", &["--listen", &pebble.http()]);
    let refused = keyring.finish(&["submit", KEY, "--to", "pebble"]).ended_with(9);
    assert!(
        refused.stderr.contains("external account binding") && refused.stderr.contains("--eab-kid"),
        "{}",
        refused.stderr
    );
    write(&keyring.path("eab"), "bm90IHRoZSBrZXk\n");
    let source = format!("file:{}", keyring.file("eab"));
    keyring.run(&["set-authority", "pebble", "--eab-kid", "kid-1", "--eab-key", &source]);
    keyring.finish(&["submit", KEY]).ended_with(9);
    write(&keyring.path("eab"), format!("{key}\n"));
    keyring.run(&["submit", KEY]);
    let found = Tool { program: "grep", package: "grep" }.finish(&["-r", key, &text(&keyring.store())]);
    assert_eq!((found.code, found.stdout.as_str()), (Some(1), ""), "the key stays where it is");
}

/// A program for DNS that kills whoever has called it is a crash in the middle of an order.
#[test]
fn an_order_survives_a_crash_and_is_never_placed_twice() {
    let pebble = Pebble::start(&Wanted::default());
    let keyring = with_request(&["web01.example.test"]);
    let once = keyring.file("killed");
    let hook = script(
        &keyring,
        "dns",
        &format!("[ -e {once} ] || {{ : >{once}; kill -9 $PPID; exit 1; }}\n{}", pebble.dns_script()),
    );
    pebble.describe(&keyring, "pebble", &["--dns-command", &hook]);
    let status = start(&keyring, &["submit", KEY, "--to", "pebble"]).status().unwrap();
    assert_eq!(status.signal(), Some(9));
    assert_eq!(pebble.orders(), 1);
    let waits = keyring.json(&["show", KEY]);
    assert!(waits.to_string().contains("/my-order/"), "{waits}");
    keyring.run(&["collect", "--wait"]);
    assert_eq!((pebble.accounts(), pebble.orders()), (1, 1));
    keyring.run(&["doctor"]);
}

#[test]
fn ctrl_c_leaves_nothing_behind() {
    let pebble = Pebble::start(&Wanted::default());
    let keyring = with_request(&["web01.example.test"]);
    let (put, taken) = (keyring.path("put"), keyring.path("taken"));
    let hook = script(
        &keyring,
        "dns",
        &format!(
            "case $KEYRING_ACME_ACTION in present) : >{} ;; cleanup) : >{} ;; esac\n{}",
            put.display(),
            taken.display(),
            pebble.dns_script()
        ),
    );
    pebble.describe(&keyring, "pebble", &["--dns-command", &hook, "--dns-wait", "600"]);
    let mut child = start(&keyring, &["submit", KEY, "--to", "pebble"]).spawn().unwrap();
    wait_until("be asked for a record", || put.exists());
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(taken.exists(), "the record is taken out");
    keyring.run(&["set-authority", "pebble", "--dns-wait", "0"]);
    keyring.run(&["collect", "--wait"]);
    assert_eq!(pebble.orders(), 1);
}

#[test]
fn what_is_refused_is_told_and_the_next_request_is_another_order() {
    let pebble = Pebble::start(&Wanted::default());
    let keyring = with_request(&["web01.example.test"]);
    // nobody answers there
    let [closed] = port::free();
    pebble.describe(&keyring, "pebble", &["--listen", &format!("127.0.0.1:{closed}")]);
    let kept = std::fs::read(keyring.kept(KEY, 1, "private-key.pem")).unwrap();
    let refused = keyring.finish(&["submit", KEY, "--to", "pebble"]).ended_with(9);
    assert!(refused.stderr.contains("web01.example.test is not proven: it could not connect"), "{}", refused.stderr);
    assert_eq!(std::fs::read(keyring.kept(KEY, 1, "private-key.pem")).unwrap(), kept);
    keyring.finish(&["collect", KEY]).ended_with(4);
    keyring.run(&["set-authority", "pebble", "--listen", &pebble.http()]);
    keyring.run(&["make-csr", KEY]);
    keyring.run(&["submit", KEY, "--to", "pebble"]);
    assert_eq!(pebble.orders(), 2);
    // a name that it never certifies
    ask_for(&keyring, "web01/https/other", &["blocked-domain.example"]);
    let refused = keyring.finish(&["submit", "web01/https/other", "--to", "pebble"]).ended_with(9);
    assert!(refused.stderr.contains("does not certify the name"), "{}", refused.stderr);
    // a wildcard can't be proven over HTTP: the order stays, and goes on in DNS
    ask_for(&keyring, "web01/https/wild", &["*.example.test"]);
    let refused = keyring.finish(&["submit", "web01/https/wild", "--to", "pebble"]).ended_with(9);
    assert!(refused.stderr.contains("dns-01"), "{}", refused.stderr);
    let hook = script(&keyring, "dns", &pebble.dns_script());
    keyring.run(&["set-authority", "pebble", "--challenge", "dns-01", "--dns-command", &hook]);
    keyring.run(&["collect", "web01/https/wild"]);
    assert_eq!(pebble.orders(), 3);
}

/// The lines of the guide that need an authority: all of its `text` blocks. tests/cli runs the others.
#[test]
fn the_guide_is_walked() {
    let pebble = Pebble::start(&Wanted::default());
    let keyring = Keyring::new();
    let www = keyring.path("www");
    std::fs::create_dir(&www).unwrap();
    let _server = pebble.web_server(&www);
    let root = pebble.describe(&keyring, "another", &[]);
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/guides/acme.md");
    let page = std::fs::read_to_string(path).unwrap().replace("\\\n", " ");
    let blocks = page.split("```text\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let lines: Vec<_> = blocks.flat_map(str::lines).filter_map(|line| line.strip_prefix("$ keyring ")).collect();
    for line in &lines {
        let line = line.replace("https://acme-v02.api.letsencrypt.org/directory", &pebble.directory());
        let mut words = shell_words::split(&line.replace("/var/www/html", &text(&www))).unwrap();
        if words[0] == "set-authority" {
            words.extend(["--ca-file".to_owned(), root.clone()]);
        }
        keyring.run(&words.iter().map(String::as_str).collect::<Vec<_>>());
    }
    assert!(lines.last().unwrap().starts_with("renew --due --commit") && lines.len() == 8, "{lines:?}");
    assert!(keyring.live("web01/https/default").join("certificate.pem").exists());
}

#[test]
fn keys_are_renewed_to_the_commit() {
    let pebble = Pebble::start(&Wanted { lifetime: Some(86_400), ..Wanted::default() });
    let keyring = with_request(&["web01.example.test"]);
    pebble.describe(&keyring, "pebble", &["--listen", &pebble.http()]);
    keyring.run(&["bind", KEY, "web01/https@default"]);
    // after a second of its day
    keyring.run(&["set-renewal", KEY, "--authority", "pebble", "--at", "1/86400"]);
    keyring.run(&["submit", KEY]);
    keyring.run(&["commit"]);
    let live = keyring.live("web01/https/default").join("certificate.pem");
    let before = std::fs::read(&live).unwrap();
    let mut renewed = json!(null);
    wait_until("be due", || {
        renewed = keyring.json(&["renew", "--due", "--commit"])["keys"][0].clone();
        renewed != json!(null)
    });
    assert_eq!(renewed["state"], "renewed", "{renewed}");
    assert_ne!(std::fs::read(&live).unwrap(), before);
    assert_eq!(pebble.orders(), 2);
    // an authority that has forgotten everything: the account is registered again, with the same key
    let key = std::fs::read(keyring.store().join("authorities/pebble/account-key.pem")).unwrap();
    let pebble = pebble.forget();
    // its own TLS has another root by now
    pebble.describe(&keyring, "pebble", &[]);
    keyring.run(&["renew", KEY, "--commit"]);
    assert_eq!((pebble.accounts(), pebble.orders()), (1, 1));
    assert_eq!(std::fs::read(keyring.store().join("authorities/pebble/account-key.pem")).unwrap(), key);
}

/// The window that the authority suggests decides, and its orders say what they replace.
#[test]
fn suggestions_and_profiles_of_a_newer_server_are_heeded() {
    let pebble = Pebble::start(&Wanted { newer: true, ..Wanted::default() });
    let keyring = with_request(&["web01.example.test"]);
    pebble.describe(&keyring, "pebble", &["--listen", &pebble.http(), "--acme-profile", "nonsense"]);
    keyring.run(&["set-renewal", KEY, "--authority", "pebble", "--at", "ari"]);
    let refused = keyring.finish(&["submit", KEY]).ended_with(9);
    assert!(refused.stderr.contains("it has no profile nonsense; it has "), "{}", refused.stderr);
    keyring.run(&["set-authority", "pebble", "--acme-profile", "shortlived"]);
    keyring.run(&["submit", KEY]);
    let shown = keyring.json(&["show", KEY]);
    assert!(shown.to_string().contains("not_after"), "{shown}");
    keyring.run(&["commit"]);
    let idle = keyring.json(&["renew", "--due", "--commit"]);
    assert_eq!((&idle["keys"], &idle["warnings"]), (&json!([]), &json!([])), "its window is not open yet");
    pebble.suggest_now(&keyring, KEY, 1);
    let renewed = keyring.json(&["renew", "--due", "--commit"]);
    assert_eq!(renewed["keys"][0]["state"], "renewed", "{renewed}");
    assert!(pebble.log().contains("is a replacement of"), "the order said what it replaces");
}
