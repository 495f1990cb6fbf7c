//! Authorities of the kind adcs: what is said of them, and what comes of requests, from an imitation of a Windows
//! authority's web enrolment.
#![allow(clippy::disallowed_methods, reason = "reads the guide, and the list of processes")]

mod server;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rcgen::{CertificateParams, KeyPair};
use serde_json::{Value, json};

use self::server::{ENGLISH, FRENCH, GERMAN, JAPANESE, Policy, Server, html};
use crate::common::http::{Answer, Asked, Tls};
use crate::common::output::snapshot;
use crate::common::{ENDPOINT, KEY, World};

/// What stands in no list of processes and no message.
const PASSWORD: &str = "pass:\"word\\ 1";

/// A world with a request, and an authority that is called `windows` there.
fn world(server: &Server, more: &[&str]) -> World {
    let (world, _) = World::with_request();
    describe(&world, server, more);
    world
}

fn describe(world: &World, server: &Server, more: &[&str]) {
    world.write("password", format!("{PASSWORD}\n"));
    world.write("tls-root.pem", &server.root);
    let roots = world.path("tls-root.pem");
    let mut words = vec!["set-authority", "windows", "--kind", "adcs", "--url", &server.url];
    words.extend(if server.root.is_empty() {
        ["--insecure-http"].to_vec()
    } else {
        vec!["--ca-file", roots.to_str().unwrap()]
    });
    world.done(&[&words[..], more].concat());
}

/// The flags of somebody with a password.
fn account(world: &World) -> String {
    format!("file:{}", world.path("password").display())
}

fn with_password(server: &Server) -> World {
    let (world, _) = World::with_request();
    let source = account(&world);
    describe(&world, server, &["--user", "EXAMPLE\\keyring", "--password", &source]);
    world
}

/// Base64 of `EXAMPLE\keyring:` and the password.
fn is_logged_in(asked: &Asked) -> bool {
    let sent = asked.header("authorization").and_then(|value| value.strip_prefix("Basic ")).map(decode);
    sent.is_some_and(|sent| sent == format!("EXAMPLE\\keyring:{PASSWORD}").as_bytes())
}

fn decode(base64: &str) -> Vec<u8> {
    pem::parse(format!("-----BEGIN X-----\n{base64}\n-----END X-----\n")).unwrap().into_contents()
}

fn encode(octets: Vec<u8>) -> String {
    let text = pem::encode(&pem::Pem::new("X", octets));
    text.lines().filter(|line| !line.starts_with('-')).collect()
}

fn row(output: &Value) -> &Value {
    &output["keys"][0]
}

#[test]
fn says_what_it_needs_to_know_and_keeps_what_was_said() {
    let world = World::new();
    let windows = ["set-authority", "windows", "--kind", "adcs"];
    snapshot!(world.keyring(&windows).exits(2), @"
    exit code 2
    -- stdout
    -- stderr
    error: the URL of its web enrolment is missing
    hint: give --url URL, or run this on a terminal to be asked
    ");
    let windows = [&windows[..], &["--url", "https://ca.example.com"]].concat();
    snapshot!(world.keyring(&windows).exits(2), @"
    exit code 2
    -- stdout
    -- stderr
    error: the way to log in is missing
    hint: give --user NAME --password SOURCE, --client-cert FILE or --login negotiate, or run this on a terminal to be asked
    ");
    snapshot!(world.keyring(&[&windows[..], &["--user", "EXAMPLE\\svc"]].concat()).exits(2), @"
    exit code 2
    -- stdout
    -- stderr
    error: the source of the password is missing
    hint: give --password SOURCE, or run this on a terminal to be asked
    ");
    let account = ["--user", "EXAMPLE\\svc", "--password", "file:/etc/keyring/windows"];
    snapshot!(world.done(&[&windows[..], &account].concat()), @r"
    exit code 0
    -- stdout
    -- stderr
    windows: adcs at https://ca.example.com/certsrv, template WebServer, basic as EXAMPLE\svc.
    ");
    for (flag, value) in [
        ("--url", "ca.example.com"),
        ("--url", "https://svc:word@ca.example.com/certsrv"),
        ("--user", "svc:word"),
        ("--password", "word"),
        ("--template", "\u{7}"),
        ("--client-cert", "enrol.pem"),
        ("--ca-file", "root.pem"),
    ] {
        let refused = world.keyring(&["set-authority", "windows", flag, value]).exits(3);
        assert!(flag == "--url" || refused.stderr.contains(flag), "{refused}");
    }
    snapshot!(world.keyring(&["set-authority", "windows", "--url", "http://ca.example.com/certsrv"]).exits(3), @"
    exit code 3
    -- stdout
    -- stderr
    error: what is said of windows is refused: http://ca.example.com/certsrv has no TLS: whoever listens has the password and can answer in its name
    hint: --insecure-http says that this is meant
    ");
    let clear = ["set-authority", "windows", "--url", "http://ca.example.com/certsrv", "--insecure-http"];
    snapshot!(world.done(&clear), @r"
    exit code 0
    -- stdout
    -- stderr
    windows: adcs at http://ca.example.com/certsrv, template WebServer, basic as EXAMPLE\svc, without TLS.
    ");
    snapshot!(world.done(&["set-authority", "windows", "--login", "ntlm", "--template", "none"]), @r"
    exit code 0
    -- stdout
    -- stderr
    windows: adcs at http://ca.example.com/certsrv, no template, ntlm as EXAMPLE\svc, without TLS.
    ");
    let said = world.done(&[
        "set-authority",
        "windows",
        "--url",
        "https://ca.example.com",
        "--client-cert",
        "/etc/keyring/enrol.pem",
        "--template",
        "Web2",
        "--json",
    ]);
    said.json();
    snapshot!(said, @r#"
    exit code 0
    -- stdout
    {
      "command": "set-authority",
      "ok": true,
      "result": {
        "authority": {
          "client_certificate": "/etc/keyring/enrol.pem",
          "kind": "adcs",
          "login": "certificate",
          "password": null,
          "roots": null,
          "template": "Web2",
          "url": "https://ca.example.com/certsrv",
          "user": null
        },
        "before": {
          "client_certificate": null,
          "kind": "adcs",
          "login": "ntlm",
          "password": "file:/etc/keyring/windows",
          "roots": null,
          "template": null,
          "url": "http://ca.example.com/certsrv",
          "user": "[...]"
        },
        "changed": true,
        "name": "windows"
      },
      "schema": 1
    }
    -- stderr
    "#);
    snapshot!(world.keyring(&["set-authority", "windows", "--login", "negotiate", "--user", "svc"]).exits(2), @"
    exit code 2
    -- stdout
    -- stderr
    error: what is said of who asks is for another --login
    hint: basic and ntlm: --user and --password; certificate: --client-cert; negotiate: none of them
    ");
    snapshot!(world.done(&["set-authority", "windows", "--login", "negotiate", "--ca-file", "/etc/root.pem"]), @"
    exit code 0
    -- stdout
    -- stderr
    windows: adcs at https://ca.example.com/certsrv, template Web2, negotiate.
    ");
    snapshot!(world.keyring(&["set-authority", "windows", "--days", "3"]).exits(2), @"
    exit code 2
    -- stdout
    -- stderr
    error: --days says nothing of an authority of the kind adcs
    hint: `keyring set-authority --help` shows which flags are for which kind
    ");
}

#[test]
fn a_person_is_asked_for_what_is_missing() {
    let world = World::new();
    let mut terminal = world.terminal(&["set-authority", "windows", "--kind", "adcs"]);
    terminal.ask("URL of its web enrolment", "https://ca.example.com");
    terminal.ask("How is it told who asks", "");
    terminal.ask("User", "EXAMPLE\\svc");
    terminal.ask("Where its password is", "env:CA_PASSWORD");
    let (code, text, restored) = terminal.end();
    assert!(code == Some(0) && restored, "{text}");
    let known = world.done(&["list-authorities"]).stdout;
    assert!(
        known.contains("adcs at https://ca.example.com/certsrv, template WebServer, basic as EXAMPLE\\svc"),
        "{known}"
    );
}

#[test]
fn a_request_becomes_a_certificate_with_its_chain_in_use() {
    let server = Server::start();
    server.guard(|asked| {
        let refused = || Answer::new(401, "").with("WWW-Authenticate", "Negotiate").with("WWW-Authenticate", "NTLM");
        (!is_logged_in(asked)).then(refused)
    });
    let world = with_password(&server);
    world.write("root.pem", server.authority.root_pem());
    let result = world.done(&["submit", KEY, "--to", "windows", "--roots", "root.pem", "--json"]).result();
    assert_eq!(row(&result)["state"], "installed");
    assert_eq!((&row(&result)["ticket"], &row(&result)["warnings"]), (&json!("1"), &json!([])), "{result}");
    assert_eq!(server.attributes(), ["CertificateTemplate:WebServer\r\n"]);
    assert_eq!(
        server.asked(),
        [
            "POST certfnsh.asp",
            "GET certnew.cer?ReqID=1&Enc=b64",
            "GET certcarc.asp",
            "GET certnew.p7b?ReqID=CACert&Renewal=1&Enc=bin"
        ]
    );
    world.done(&["bind", KEY, ENDPOINT]);
    world.done(&["set-renewal", KEY, "--authority", "windows"]);
    world.done(&["commit"]);
    let live = world.read("keystore/live/mail01/imap/default/current/fullchain.pem");
    assert_eq!(live.matches("BEGIN CERTIFICATE").count(), 2);
    // from then on without a person
    let renewed = world.done(&["renew", KEY, "--commit", "--json"]).result();
    assert_eq!((&row(&renewed)["state"], &row(&renewed)["ticket"]), (&json!("renewed"), &json!("2")));
    assert_eq!(world.done(&["doctor", "--json"]).result()["findings"], json!([]));
    world.write("password", "wrong\n");
    snapshot!(world.keyring(&["renew", KEY, "--commit"]).exits(9), @r"
    exit code 9
    -- stdout
    -- stderr
    failed: mail01/imap/main: windows gives no certificate now: https://127.0.0.1:[PORT]/certsrv/certfnsh.asp does not let EXAMPLE\keyring in; it takes Negotiate, NTLM
      hint          `keyring set-authority windows --login HOW` says another way; --user and --password who asks
    ");
    let kept = world.listing("keystore");
    assert!(!kept.iter().any(|line| line.contains(PASSWORD)), "the password is not kept");
}

#[test]
fn what_waits_for_a_person_is_collected_later() {
    let server = Server::start();
    server.behave(Policy::Pend, GERMAN);
    let world = with_password(&server);
    snapshot!(world.keyring(&["submit", KEY, "--to", "windows"]).exits(10), @"
    exit code 10
    -- stdout
    -- stderr
    waiting: mail01/imap/main at windows (1): windows has it as request 1, which somebody has to approve there
    ");
    let waits = world.keyring(&["collect", "--json"]).exits(10).result();
    assert_eq!((&row(&waits)["state"], &row(&waits)["ticket"]), (&json!("waiting"), &json!("1")));
    // the page in the certificate's place said nothing: it was asked what became of the request
    assert_eq!(server.asked().last().map(String::as_str), Some("POST certfnsh.asp"));
    server.decide(&Policy::Issue);
    world.done(&["collect"]);
    assert_eq!(server.requests(), 1);
    assert_eq!(world.done(&["show", KEY, "--json"]).result()["key"]["state"], "installed");
}

#[test]
fn a_denial_is_told_with_its_reason_and_is_the_last_word() {
    let server = Server::start();
    server.behave(
        Policy::Deny("Denied by Policy Module  0x80094800, 指定された証明書テンプレートはサポートされていません。"),
        JAPANESE,
    );
    let world = with_password(&server);
    snapshot!(world.keyring(&["submit", KEY, "--to", "windows"]).exits(9), @"
    exit code 9
    -- stdout
    -- stderr
    failed: mail01/imap/main: windows refuses the request of mail01/imap/main: Denied by Policy Module 0x80094800, 指定された証明書テンプレートはサポートされていません。
      hint          mend what it names, make a new request with `keyring make-csr mail01/imap/main`, and submit that
    ");
    world.keyring(&["collect", KEY]).exits(4);
    // the next one is denied by a person, and later
    server.behave(Policy::Pend, FRENCH);
    world.done(&["make-csr", KEY]);
    world.keyring(&["submit", KEY, "--to", "windows"]).exits(10);
    server.decide(&Policy::Deny("Refusée par EXAMPLE\\admin"));
    snapshot!(world.keyring(&["collect", KEY]).exits(9), @r"
    exit code 9
    -- stdout
    -- stderr
    failed: mail01/imap/main: windows refuses the request of mail01/imap/main: Refusée par EXAMPLE\admin
      hint          mend what it names, make a new request with `keyring make-csr mail01/imap/main`, and submit that
    ");
    server.behave(Policy::Issue, FRENCH);
    world.done(&["make-csr", KEY]);
    world.done(&["submit", KEY, "--to", "windows"]);
    assert_eq!(server.requests(), 3);
}

#[test]
fn errors_are_told_in_plain_words_and_the_request_waits() {
    let server = Server::start();
    let world = with_password(&server);
    let failed = |answer: Answer| {
        server.change(move |_, _| Some(answer.clone()));
        let words = ["submit", KEY, "--to", "windows", "--json"];
        let result = world.keyring(&words).exits(9).result();
        let text = |field: &str| row(&result)[field].as_str().unwrap_or_default().to_owned();
        format!("{}\n{}\n{}", text("code"), text("message").replace(&server.url, "[URL]"), text("hint"))
    };
    let page = |status| Answer { status, ..html("It is not so.", "") };
    insta::assert_snapshot!(failed(Answer::new(401, "").with("WWW-Authenticate", "NTLM")), @r"
    authority-login-refused
    windows gives no certificate now: [URL]/certfnsh.asp does not let EXAMPLE\keyring in; it takes NTLM
    `keyring set-authority windows --login HOW` says another way; --user and --password who asks
    ");
    insta::assert_snapshot!(failed(page(403)), @"
    authority-problem
    windows gives no certificate now: [URL]/certfnsh.asp answers with HTTP status 403: It is not so.
    it may want TLS, a certificate of who asks, or an account that may enrol for this template
    ");
    insta::assert_snapshot!(failed(page(404)), @"
    authority-problem
    windows gives no certificate now: [URL]/certfnsh.asp answers with HTTP status 404: It is not so.
    nothing is there: the role service is called Certification Authority Web Enrollment; `keyring set-authority windows --url https://HOST/certsrv` says where it is
    ");
    insta::assert_snapshot!(failed(page(302)), @"
    authority-problem
    windows gives no certificate now: [URL]/certfnsh.asp answers with HTTP status 302: It is not so.
    `keyring set-authority windows --url https://HOST/certsrv` says where its web enrolment is
    ");
    insta::assert_snapshot!(failed(page(500)), @"
    authority-unclear
    windows gives no certificate now: it may have got the request or not, and the number of it is not known: [URL]/certfnsh.asp answers with HTTP status 500: It is not so.
    `keyring collect` hands it in again: where the authority has it already, its list (certsrv.msc) has it twice then
    ");
    insta::assert_snapshot!(failed(html("Welcome", "Please log in")), @"
    authority-unclear
    windows gives no certificate now: it may have got the request or not, and the number of it is not known: [URL]/certfnsh.asp answers with a page that is not understood: Welcome
    `keyring collect` hands it in again: where the authority has it already, its list (certsrv.msc) has it twice then
    ");
    let down = "<DT ID=locLastStatLabel>x</DT><DD>The RPC server is unavailable. 0x800706ba</DD>";
    insta::assert_snapshot!(failed(html("Error", down)), @"
    authority-problem
    windows gives no certificate now: it could not handle the request: The RPC server is unavailable. 0x800706ba
    mend what it names, there or in the request, and try again
    ");
    // TLS of a stranger
    server.change(|_, answer| Some(answer));
    world.done(&["set-authority", "windows", "--ca-file", "none"]);
    let result = world.keyring(&["submit", KEY, "--json"]).exits(9).result();
    assert_eq!(row(&result)["code"], "authority-unreachable", "{result}");
    let roots = world.path("tls-root.pem");
    world.done(&["set-authority", "windows", "--ca-file", roots.to_str().unwrap()]);
    world.done(&["collect", KEY]);
}

#[test]
fn a_number_that_was_never_read_is_not_hidden() {
    let server = Server::start();
    server.change(|asked, answer| (asked.method != "POST").then_some(answer));
    let world = with_password(&server);
    snapshot!(world.keyring(&["submit", KEY, "--to", "windows"]).exits(9), @"
    exit code 9
    -- stdout
    -- stderr
    failed: mail01/imap/main: windows gives no certificate now: it may have got the request or not, and the number of it is not known: https://127.0.0.1:[PORT]/certsrv/certfnsh.asp cannot be reached: io: Peer disconnected
      hint          `keyring collect` hands it in again: where the authority has it already, its list (certsrv.msc) has it twice then
    ");
    server.change(|_, answer| Some(answer));
    world.done(&["collect", KEY]);
    // the authority has it twice, which nobody here can know
    assert_eq!(server.requests(), 2);
}

#[test]
fn what_is_mis_issued_is_refused_and_the_private_key_waits_unharmed() {
    let server = Server::signing(Some(Tls::new(None)), |authority, _| authority.foreign());
    let world = with_password(&server);
    let kept = world.read("keystore/servers/mail01/imap/main/1/private-key.pem");
    let result = world.keyring(&["submit", KEY, "--to", "windows", "--json"]).exits(3).result();
    assert_eq!(row(&result)["code"], "key-mismatch");
    assert_eq!(world.read("keystore/servers/mail01/imap/main/1/private-key.pem"), kept);
    world.keyring(&["collect", KEY]).exits(4);
}

#[test]
fn the_chain_is_looked_for_where_it_can_be() {
    let server = Server::start();
    let world = with_password(&server);
    world.write("root.pem", server.authority.root_pem());
    let submit = |key: &str| {
        world.done(&["create-key", key]);
        world.done(&["make-csr", key, "--cn", "mail01.example.com"]);
        row(&world.done(&["submit", key, "--to", "windows", "--roots", "root.pem", "--json"]).result())["warnings"]
            .clone()
    };
    let gone = || Answer::new(404, "");
    server.change(move |asked, answer| Some(if asked.path.contains("certcarc.asp") { gone() } else { answer }));
    assert_eq!(submit("mail01/imap/first"), json!([]));
    assert_eq!(server.asked().last().map(String::as_str), Some("GET certnew.p7b?ReqID=1&Enc=bin"));
    // that of another authority leads nowhere
    server.change(|asked, mut answer| {
        if asked.path.contains("certcarc.asp") {
            answer = html("x", "var nRenewals=0;");
        }
        Some(if asked.path.contains("ReqID=CACert") { html("x", "") } else { answer })
    });
    assert_eq!(submit("mail01/imap/second"), json!([]));
    server.change(move |asked, answer| Some(if asked.path.contains("certnew.p7b") { gone() } else { answer }));
    let warnings = submit("mail01/imap/third").to_string();
    assert!(warnings.contains("issuer-missing"), "{warnings}");
}

#[test]
fn a_certificate_in_tls_says_who_asks() {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["enrol.example.com".to_owned()]).unwrap().self_signed(&key).unwrap();
    let tls = Tls::new(Some(&certificate));
    let server = Server::signing(Some(tls), |authority, request| authority.order(request).leaf());
    let (world, _) = World::with_request();
    let file = world.path("enrol.pem").display().to_string();
    describe(&world, &server, &["--client-cert", &file, "--template", "none"]);
    world.write("enrol.pem", certificate.pem());
    let result = world.keyring(&["submit", KEY, "--to", "windows", "--json"]).exits(9).result();
    assert_eq!(row(&result)["code"], "authority-unusable");
    world.write("enrol.pem", certificate.pem() + &key.serialize_pem());
    world.done(&["submit", KEY, "--to", "windows"]);
    assert_eq!(server.attributes(), [""]);
}

/// The second message of NTLM (MS-NLMP section 2.2.1.2), for the domain EXAMPLE.
fn challenge() -> String {
    let name: Vec<u8> = "EXAMPLE".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let info = [&[2, 0, 14, 0], &name[..], &[0, 0, 0, 0]].concat();
    let length = u8::try_from(info.len()).unwrap();
    let mut message = b"NTLMSSP\0\x02\0\0\0".to_vec();
    message.extend([14, 0, 14, 0, 48, 0, 0, 0]);
    // Unicode, NTLM, target information
    message.extend(0x0080_0201_u32.to_le_bytes());
    message.extend([1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0]);
    message.extend([length, 0, length, 0, 62, 0, 0, 0]);
    message.extend(name);
    message.extend(info);
    encode(message)
}

/// Whether a process shows the password, and whether there is a curl that is told by its standard input.
fn processes() -> (bool, bool) {
    let lines = std::fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| {
        let line = std::fs::read(entry.path().join("cmdline")).ok()?;
        Some(String::from_utf8_lossy(&line).replace('\0', " "))
    });
    let lines: Vec<_> = lines.collect();
    let shows = lines.iter().any(|line| line.contains(PASSWORD));
    (shows, lines.iter().any(|line| line.starts_with("curl --disable --config -")))
}

#[test]
fn ntlm_goes_through_curl_which_is_told_the_password_on_standard_input() {
    let server = Server::signing(None, |authority, request| authority.order(request).leaf());
    let seen = Arc::new(AtomicBool::new(false));
    let noted = seen.clone();
    server.guard(move |asked| {
        let message = asked.header("authorization").and_then(|value| value.strip_prefix("NTLM ")).map(decode);
        let offer = |value: String| Some(Answer::new(401, "").with("WWW-Authenticate", value));
        match message {
            None => offer("NTLM".to_owned()),
            Some(message) if message[8] == 1 => offer(format!("NTLM {}", challenge())),
            Some(message) => {
                let name: Vec<u8> = "keyring".encode_utf16().flat_map(u16::to_le_bytes).collect();
                assert!(message.windows(name.len()).any(|window| window == name), "{message:?}");
                if Path::new("/proc/self/cmdline").exists() {
                    assert_eq!(processes(), (false, true));
                }
                noted.store(true, Ordering::Relaxed);
                None
            }
        }
    });
    let (world, _) = World::with_request();
    let source = account(&world);
    describe(&world, &server, &["--login", "ntlm", "--user", "EXAMPLE\\keyring", "--password", &source]);
    server.behave(Policy::Pend, ENGLISH);
    world.keyring(&["submit", KEY, "--to", "windows"]).exits(10);
    server.decide(&Policy::Issue);
    let result = world.done(&["collect", "--json"]).result();
    assert_eq!(row(&result)["state"], "installed");
    assert!(seen.load(Ordering::Relaxed));
    // one that refuses everybody
    server.guard(|_| Some(Answer::new(401, "").with("WWW-Authenticate", "NTLM")));
    world.done(&["create-key", "mail01/imap/other"]);
    world.done(&["make-csr", "mail01/imap/other", "--cn", "mail01.example.com"]);
    let result = world.keyring(&["submit", "mail01/imap/other", "--to", "windows", "--json"]).exits(9).result();
    assert_eq!(row(&result)["code"], "authority-login-refused");
}

#[test]
fn without_a_ticket_nobody_is_let_in() {
    let server = Server::start();
    server.change(|_, _| Some(Answer::new(401, "").with("WWW-Authenticate", "Negotiate")));
    let world = world(&server, &["--login", "negotiate"]);
    let result = world.keyring(&["submit", KEY, "--to", "windows", "--json"]).exits(9).result();
    assert_eq!(row(&result)["code"], "authority-login-refused", "{result}");
    assert!(row(&result)["hint"].as_str().unwrap().contains("kinit"), "{result}");
    // TLS of a stranger, which curl says is why nothing was sent
    world.done(&["set-authority", "windows", "--ca-file", "none"]);
    let result = world.keyring(&["submit", KEY, "--json"]).exits(9).result();
    assert_eq!(row(&result)["code"], "authority-unreachable", "{result}");
}

/// The lines of the guide that need an authority: all of its `text` blocks. The others are run with every document's.
#[test]
fn the_guide_is_walked() {
    let server = Server::start();
    let world = World::new();
    world.write("password", format!("{PASSWORD}\n"));
    world.write("tls-root.pem", &server.root);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/guides/adcs.md");
    let page = std::fs::read_to_string(path).unwrap().replace("\\\n", " ");
    let blocks = page.split("```text\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let lines: Vec<_> = blocks.flat_map(str::lines).filter_map(|line| line.strip_prefix("$ keyring ")).collect();
    for line in &lines {
        let line = line.replace("https://ca.example.com/certsrv", &server.url);
        let line = line.replace("/etc/keyring/root.pem", world.path("tls-root.pem").to_str().unwrap());
        let line = line.replace("/etc/keyring/windows", world.path("password").to_str().unwrap());
        let words = shell_words::split(&line).unwrap();
        world.done(&words.iter().map(String::as_str).collect::<Vec<_>>());
    }
    assert!(lines.last().unwrap().starts_with("renew --due --commit") && lines.len() == 8, "{lines:?}");
    assert_eq!(server.requests(), 1);
}
