//! Authorities of the kind acme: what is said of them, and what is done when they do wrong. tests/services has real ones.

mod server;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::json;

use self::server::{Answer, Server};
use crate::common::output::snapshot;
use crate::common::{Authority, KEY, World};

/// A world with a request, and an authority that is called `acme` there.
fn world(server: &Server) -> World {
    let (world, _) = World::with_request();
    world.write("tls-root.pem", &server.root);
    let roots = world.path("tls-root.pem");
    world.done(&[
        "set-authority",
        "acme",
        "--kind",
        "acme",
        "--directory",
        &server.directory(),
        "--accept-terms",
        "--ca-file",
        roots.to_str().unwrap(),
        "--listen",
        "127.0.0.1:1",
    ]);
    world
}

/// A server that signs in the name of an authority, which clients of this world trust.
fn honest() -> (Arc<Authority>, Server) {
    let authority = Arc::new(Authority::new());
    let signing = authority.clone();
    (authority, Server::start(move |request| signing.order(request).chain()))
}

#[test]
fn says_what_it_needs_to_know_and_keeps_what_was_said() {
    let world = World::new();
    let acme = ["set-authority", "public", "--kind", "acme", "--directory", "https://acme.example/directory"];
    snapshot!(world.keyring(&acme).exits(2), @"
    exit code 2
    -- stdout
    -- stderr
    error: that you agree to the authority's terms of service, which its directory names, is missing
    hint: give --accept-terms, or run this on a terminal to be asked
    ");
    let said = [&acme[..], &["--accept-terms", "--contact", "host@example.com", "--webroot", "/var/www/html"]].concat();
    snapshot!(world.done(&said), @"
    exit code 0
    -- stdout
    -- stderr
    public: acme at https://acme.example/directory, http-01 from /var/www/html.
    ");
    snapshot!(world.done(&["set-authority", "public", "--challenge", "dns-01", "--dns-command", "/usr/local/bin/dns edit"]), @"
    exit code 0
    -- stdout
    -- stderr
    public: acme at https://acme.example/directory, dns-01 by /usr/local/bin/dns edit.
    ");
    let update = ["set-authority", "public", "--dns-server", "ns1.example.com", "--tsig-name", "acme"];
    snapshot!(world.keyring(&update).exits(2), @"
    exit code 2
    -- stdout
    -- stderr
    error: where the key is that updates are signed with is missing
    hint: give --tsig-key SOURCE, or run this on a terminal to be asked
    ");
    let update =
        [&update[..], &["--tsig-key", "file:/etc/keyring/tsig", "--eab-kid", "k1", "--eab-key", "env:EAB"]].concat();
    let said =
        world.done(&[&update[..], &["--acme-profile", "short", "--preferred-chain", "Root X1", "--json"]].concat());
    said.json();
    snapshot!(said, @r#"
    exit code 0
    -- stdout
    {
      "command": "set-authority",
      "ok": true,
      "result": {
        "authority": {
          "challenge": "dns-01",
          "contacts": [
            "host@example.com"
          ],
          "directory": "https://acme.example/directory",
          "external_account": {
            "key": "env:EAB",
            "kid": "k1"
          },
          "kind": "acme",
          "preferred_chain": "Root X1",
          "profile": "short",
          "proof": {
            "by": "[...]",
            "server": "ns1.example.com:53",
            "tsig": {
              "algorithm": "hmac-sha256",
              "key": "file:/etc/keyring/tsig",
              "name": "acme"
            },
            "wait": 10,
            "zone": null
          },
          "roots": null
        },
        "before": {
          "challenge": "dns-01",
          "contacts": [
            "host@example.com"
          ],
          "directory": "https://acme.example/directory",
          "external_account": null,
          "kind": "acme",
          "preferred_chain": null,
          "profile": null,
          "proof": {
            "by": "[...]",
            "run": {
              "argv": [
                "/usr/local/bin/dns",
                "edit"
              ]
            },
            "wait": 0
          },
          "roots": null
        },
        "changed": true,
        "name": "public"
      },
      "schema": 1
    }
    -- stderr
    "#);
    snapshot!(world.done(&["set-authority", "public", "--challenge", "tls-alpn-01", "--acme-profile", "none"]), @"
    exit code 0
    -- stdout
    -- stderr
    public: acme at https://acme.example/directory, tls-alpn-01 at [::]:443.
    ");
    snapshot!(world.keyring(&["set-authority", "public", "--challenge", "http-01", "--dns-wait", "3"]).exits(2), @"
    exit code 2
    -- stdout
    -- stderr
    error: --dns-wait is for another challenge
    hint: http-01: --listen or --webroot; dns-01: --dns-... and --tsig-...; tls-alpn-01: --listen
    ");
    for (flag, value) in [
        ("--directory", "http://acme.example/directory"),
        ("--contact", "nobody"),
        ("--listen", "80"),
        ("--webroot", "html"),
        ("--tsig-key", "c2VjcmV0"),
        ("--dns-server", "ns1:dns"),
        ("--preferred-chain", ""),
    ] {
        world.keyring(&["set-authority", "public", flag, value, "--accept-terms"]).exits(3);
    }
    // another directory is another authority
    world.keyring(&["set-authority", "public", "--directory", "https://other.example/directory"]).exits(2);
}

#[test]
fn an_order_is_placed_once_and_its_reply_is_staged() {
    let (_authority, server) = honest();
    let world = world(&server);
    let submitted = world.done(&["submit", KEY, "--to", "acme", "--json"]).result();
    assert_eq!(submitted["keys"][0]["state"], "installed");
    assert_eq!(submitted["keys"][0]["ticket"], format!("https://{}/order/0", server.address));
    assert_eq!((server.orders(), server.asked("POST /account")), (1, 1));
    world.done(&["commit"]);
    // the account is known from now on
    world.done(&["create-key", KEY, "--next"]);
    world.done(&["make-csr", KEY]);
    world.done(&["submit", KEY, "--to", "acme"]);
    assert_eq!((server.orders(), server.asked("POST /account")), (2, 1));
    let key = world.read("keystore/authorities/acme/account-key.pem");
    assert!(key.starts_with("-----BEGIN PRIVATE KEY-----"));
    assert_eq!(world.shell("stat -c %a keystore/authorities/acme/*").stdout, "600\n600\n600\n");
    assert_eq!(world.done(&["doctor", "--json"]).result()["findings"], json!([]));
    // and it comes along in backups
    world.done(&["backup", "all.tar", "--no-passphrase"]);
    world.done(&["restore", "all.tar", "--store", "again"]);
    assert_eq!(world.read("again/authorities/acme/account-key.pem"), key);
}

#[test]
fn what_is_lost_of_an_account_is_told_and_made_anew() {
    let (_authority, server) = honest();
    let world = world(&server);
    world.done(&["submit", KEY, "--to", "acme"]);
    world.write("keystore/authorities/acme/account.json", "{}");
    world.write("keystore/authorities/acme/account-key.pem", "no key");
    let found = world.keyring(&["doctor", "--json"]).exits(7).result();
    let codes: Vec<_> = found["findings"].as_array().unwrap().iter().map(|it| it["code"].clone()).collect();
    assert_eq!(codes, ["authority-damaged", "authority-damaged"]);
    world.done(&["doctor", "--repair"]);
    world.done(&["create-key", "mail01/imap/other"]);
    world.done(&["make-csr", "mail01/imap/other", "--cn", "mail02.example.com"]);
    world.done(&["submit", "mail01/imap/other", "--to", "acme"]);
    assert_eq!(server.asked("POST /account"), 2);
}

/// Whatever an authority signs: it is held against the request as any reply, and the private key waits unharmed.
#[test]
fn what_is_mis_issued_is_refused_and_the_private_key_waits_unharmed() {
    type Sign = fn(&Authority, &str) -> String;
    let wrongs: [(Sign, &str); 2] = [
        (|authority, request| authority.order(request).valid(-90, -2).chain(), "expired"),
        (|authority, _| authority.foreign(), "key-mismatch"),
    ];
    for (sign, code) in wrongs {
        let authority = Authority::new();
        let server = Server::start(move |request| sign(&authority, request));
        let world = world(&server);
        let kept = world.read("keystore/servers/mail01/imap/main/1/private-key.pem");
        let output = world.keyring(&["submit", KEY, "--to", "acme", "--json"]).exits(3);
        assert_eq!(output.result()["keys"][0]["code"], code, "{}", output.stdout);
        assert_eq!(world.read("keystore/servers/mail01/imap/main/1/private-key.pem"), kept);
        assert_eq!(world.done(&["show", KEY, "--json"]).result()["key"]["current"], json!(null));
        // asked again it would say the same: the request is at nobody any more, and can be handed in elsewhere
        world.keyring(&["collect", KEY]).exits(4);
        assert_eq!(server.orders(), 1);
    }
    let oddities: [(Sign, &str); 2] = [
        (|authority, request| authority.order(request).names(&["other.example.com"]).chain(), "names-not-issued"),
        (|authority, request| authority.order(request).leaf(), "issuer-missing"),
    ];
    for (sign, code) in oddities {
        let authority = Authority::new();
        let server = Server::start(move |request| sign(&authority, request));
        let world = world(&server);
        let result = world.done(&["submit", KEY, "--to", "acme", "--json"]).result();
        let warnings: Vec<_> =
            result["keys"][0]["warnings"].as_array().unwrap().iter().map(|it| it["code"].clone()).collect();
        assert!(warnings.contains(&json!(code)), "{warnings:?}");
    }
}

#[test]
fn limits_are_told_in_plain_words_and_nothing_is_lost() {
    let (_authority, server) = honest();
    let world = world(&server);
    server.change(|asked, answer| {
        let limited = Answer::problem(429, "rateLimited", "too many certificates (5) for mail01.example.com");
        Some(if asked.path == "/new-order" { limited.with("Retry-After", "3600") } else { answer })
    });
    let output = world.keyring(&["submit", KEY, "--to", "acme", "--json"]).exits(9).result();
    assert_eq!(output["keys"][0]["code"], "authority-rate-limited");
    let message = output["keys"][0]["message"].as_str().unwrap();
    assert!(
        message.contains("too many requests: too many certificates (5)") && message.contains("not before 20"),
        "{message}"
    );
    server.change(|_, answer| Some(answer));
    world.done(&["collect", KEY]);
}

#[test]
fn an_order_whose_answer_was_lost_is_found_and_not_placed_again() {
    let (_authority, server) = honest();
    let world = world(&server);
    server.change(|asked, answer| (asked.path != "/new-order").then_some(answer));
    world.keyring(&["submit", KEY, "--to", "acme"]).exits(9);
    assert_eq!(server.orders(), 1);
    server.change(|_, answer| Some(answer));
    world.done(&["collect", KEY]);
    assert_eq!(server.orders(), 1, "the list of orders has it");

    // where an authority has no list, it can't be known: another one is placed
    let (_authority, server) = honest();
    let world = self::world(&server);
    server.change(|asked, answer| (asked.path != "/new-order").then_some(answer));
    world.keyring(&["submit", KEY, "--to", "acme"]).exits(9);
    server.change(|asked, answer| {
        Some(if asked.path == "/orders" { Answer::problem(404, "malformed", "") } else { answer })
    });
    world.done(&["submit", KEY]);
    assert_eq!(server.orders(), 2);
}

#[test]
fn nonces_are_replaced_as_often_as_they_are_refused() {
    let (_authority, server) = honest();
    let world = world(&server);
    let count = AtomicUsize::new(0);
    server.change(move |asked, answer| {
        let refused = asked.method == "POST" && count.fetch_add(1, Ordering::Relaxed) % 5 != 4;
        Some(if refused { Answer::problem(400, "badNonce", "another, please") } else { answer })
    });
    world.done(&["submit", KEY, "--to", "acme"]);
}

#[test]
fn what_takes_long_is_waited_for_and_collected_later() {
    let (_authority, server) = honest();
    let world = world(&server);
    let left = Arc::new(AtomicUsize::new(3));
    server.change(move |asked, mut answer| {
        let is_order = asked.path.starts_with("/order/") || asked.path.starts_with("/finalize/");
        if is_order && left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
            answer.body = answer.body.replace("\"valid\"", "\"processing\"");
            answer = answer.with("Retry-After", "0");
        }
        Some(answer)
    });
    world.done(&["submit", KEY, "--to", "acme"]);
    assert_eq!(server.orders(), 1);
}

#[test]
fn an_order_that_came_to_nothing_is_a_refusal() {
    let (_authority, server) = honest();
    let world = world(&server);
    server.change(|asked, mut answer| {
        if asked.path.starts_with("/finalize/") {
            answer = Answer::problem(403, "caa", "CAA record for mail01.example.com forbids it.");
        }
        Some(answer)
    });
    let refused = world.keyring(&["submit", KEY, "--to", "acme"]).exits(9);
    snapshot!(refused, @"
    exit code 9
    -- stdout
    -- stderr
    failed: mail01/imap/main: acme refuses the request of mail01/imap/main: DNS forbids it to issue (CAA record): CAA record for mail01.example.com forbids it
      hint          mend what it names, make a new request with `keyring make-csr mail01/imap/main`, and submit that
    ");
    server.change(|_, answer| Some(answer));
    world.keyring(&["collect", KEY]).exits(4);
    world.done(&["make-csr", KEY]);
    world.done(&["submit", KEY, "--to", "acme"]);
    assert_eq!(server.orders(), 2);
}

#[test]
fn what_is_no_acme_is_told_as_that() {
    let (_authority, server) = honest();
    let world = world(&server);
    let odd = [
        Answer { status: 200, headers: Vec::new(), body: "<html>hello</html>".to_owned() },
        Answer { status: 503, headers: Vec::new(), body: "busy".to_owned() },
        Answer::json(200, &json!({"newNonce": 1})),
    ];
    for answer in odd {
        server.change(move |asked, usual| Some(if asked.path == "/dir" { answer.clone() } else { usual }));
        let output = world.keyring(&["submit", KEY, "--to", "acme", "--json"]).exits(9).result();
        assert_eq!(output["keys"][0]["code"], "authority-not-acme", "{output}");
    }
    // a gateway's page in place of a problem
    server.change(|asked, usual| {
        let page = Answer { status: 502, headers: Vec::new(), body: "<html>".to_owned() };
        Some(if asked.path == "/account" { page } else { usual })
    });
    let output = world.keyring(&["submit", KEY, "--json"]).exits(9).result();
    assert!(output["keys"][0]["message"].as_str().unwrap().contains("HTTP status 502"), "{output}");
    // TLS of a stranger
    world.done(&["set-authority", "acme", "--ca-file", "none"]);
    let output = world.keyring(&["submit", KEY, "--json"]).exits(9).result();
    assert_eq!(output["keys"][0]["code"], "authority-unreachable", "{output}");
}

#[test]
fn the_preferred_chain_is_taken_where_there_is_one() {
    let (_authority, server) = honest();
    let world = world(&server);
    let base = format!("https://{}", server.address);
    let leaf = Arc::new(Mutex::new(String::new()));
    server.change(move |asked, mut answer| {
        if asked.path.starts_with("/certificate/") {
            let first = answer.body.split_inclusive("-----END CERTIFICATE-----\n").next();
            *leaf.lock().unwrap() = first.unwrap().to_owned();
            answer = answer.with("Link", format!("<{base}/alternate/0>;rel=\"alternate\""));
        }
        if asked.path.starts_with("/alternate/") {
            answer = Answer { status: 200, headers: Vec::new(), body: leaf.lock().unwrap().clone() };
        }
        Some(answer)
    });
    let preferring = |chain: &str, key: &str| {
        world.done(&["set-authority", "acme", "--preferred-chain", chain]);
        world.done(&["create-key", key]);
        world.done(&["make-csr", key, "--cn", "mail02.example.com"]);
        let result = world.done(&["submit", key, "--to", "acme", "--json"]).result();
        // the other chain is the leaf alone
        result["keys"][0]["warnings"].to_string().contains("issuer-missing")
    };
    assert!(!preferring("Test Root", "mail01/imap/first"));
    assert_eq!(server.asked("POST /alternate/"), 0, "the first one leads there");
    assert!(preferring("Test Issuing CA", "mail01/imap/second"));
    assert!(!preferring("Nobody", "mail01/imap/third"));
    assert_eq!(server.asked("POST /alternate/"), 2);
}

/// A token becomes the name of a file in the web server's folder.
#[test]
fn tokens_that_are_none_are_refused() {
    let (_authority, server) = honest();
    let world = world(&server);
    world.make_folder("www");
    world.done(&["set-authority", "acme", "--webroot", world.path("www").to_str().unwrap()]);
    let base = format!("https://{}", server.address);
    server.change(move |asked, mut answer| {
        let order = answer.body.replace("\"ready\"", "\"pending\"");
        if asked.path == "/new-order" {
            answer.body = order.replace("\"authorizations\":[]", &format!("\"authorizations\":[\"{base}/authz\"]"));
        }
        if asked.path == "/authz" {
            answer = Answer::json(
                200,
                &json!({
                    "status": "pending",
                    "identifier": {"type": "dns", "value": "mail01.example.com"},
                    "challenges": [{"type": "http-01", "url": format!("{base}/challenge"), "status": "pending",
                        "token": "../../../../escaped"}],
                }),
            );
        }
        Some(answer)
    });
    let output = world.keyring(&["submit", KEY, "--to", "acme"]).exits(9);
    assert!(output.stderr.contains("token"), "{}", output.stderr);
    assert!(!world.path("escaped").exists());
    assert_eq!(server.asked("POST /challenge"), 0);
}
