//! The questions, answered on a real terminal.

use crate::common::terminal::Terminal;
use crate::common::{Authority, ENDPOINT, KEY, World};

const SECRET: &str = "correct horse battery staple";
const NONE: &str = "";
const CTRL_C: &str = "\x03";

/// What `create-key` asks, with answers.
const KEY_QUESTIONS: [(&str, &str); 7] = [
    ("Server", "mail01"),
    ("Protocol", "imap"),
    ("Key name", NONE),
    ("Passphrase", SECRET),
    ("The same again", SECRET),
    ("Algorithm", NONE),
    ("Go on?", NONE),
];

/// What `make-csr` asks, with answers.
const REQUEST_QUESTIONS: [(&str, &str); 9] = [
    ("Organization", "Example Corp"),
    ("Organizational unit", "IT; Mail"),
    ("Common name", "mail01.example.com"),
    ("Country", "nether"),
    ("State", "Noord-Holland"),
    ("Locality", "Amsterdam"),
    ("Names", "mail01.example.com imap.example.com 192.0.2.7"),
    ("File", "mail01.csr"),
    ("Go on?", NONE),
];

#[track_caller]
fn answer(terminal: &mut Terminal, questions: &[(&str, &str)]) {
    for (question, answer) in questions {
        terminal.ask(question, answer);
    }
}

/// The command lines that a wizard has shown.
fn shown_lines(text: &str) -> Vec<Vec<String>> {
    let lines = text.lines().filter(|line| line.starts_with("  keyring "));
    lines.map(|line| shell_words::split(line).unwrap()[1..].to_vec()).collect()
}

/// Whether Ctrl-C is ignored here, as shells have it for what a script runs in the background. The program then
/// ignores it too.
#[allow(clippy::disallowed_methods, reason = "asks the system about this process")]
pub(crate) fn ctrl_c_is_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored.is_some_and(|mask| u64::from_str_radix(mask.trim(), 16).is_ok_and(|mask| mask & 2 != 0))
}

/// Answers some questions, presses Ctrl-C at the next one, and checks that nothing is left of it.
#[track_caller]
fn interrupted(world: &World, arguments: &[&str], questions: &[(&str, &str)]) {
    if ctrl_c_is_ignored() {
        return;
    }
    // that somebody was about to open a private key is written down before
    let listing = || {
        let mut listing = world.listing("");
        listing.retain(|line| !line.starts_with("keystore/audit"));
        listing
    };
    let before = listing();
    let ((last, _), first) = questions.split_last().unwrap();
    let mut terminal = world.terminal(arguments);
    answer(&mut terminal, first);
    terminal.expect_question(last);
    terminal.press(CTRL_C);
    let (code, text, restored) = terminal.end();
    assert_eq!(code, Some(130), "at {last}: {text}");
    assert!(restored, "at {last} the terminal is not as it was");
    assert!(!text.contains("panicked"), "{text}");
    assert_eq!(listing(), before, "at {last}");
}

#[test]
fn from_nothing_to_a_request_and_again_by_the_lines_that_are_shown() {
    let world = World::new();
    let mut terminal = world.terminal(&["create-key"]);
    answer(&mut terminal, &KEY_QUESTIONS);
    terminal.expect("Made mail01/imap/main, version 1 (ecdsa-p256, encrypted)");
    terminal.ask("Make the request now?", NONE);
    answer(&mut terminal, &REQUEST_QUESTIONS);
    let (code, text, restored) = terminal.end();
    assert_eq!((code, restored), (Some(0), true), "{text}");
    assert!(!text.contains(SECRET), "the passphrase is shown:\n{text}");
    for summary in ["To be made", "encrypted with the passphrase", "To be requested", "mail01.csr"] {
        assert!(text.contains(summary), "{summary} in:\n{text}");
    }
    let subject = "C=NL,ST=Noord-Holland,L=Amsterdam,O=Example Corp,OU=IT,OU=Mail,CN=mail01.example.com";
    let names = ["dns:mail01.example.com", "dns:imap.example.com", "ip:192.0.2.7"];
    assert!(world.read("mail01.csr").starts_with("-----BEGIN CERTIFICATE REQUEST-----\n"));
    let made = world.done(&["show", KEY, "--json"]).result()["requests"][0].clone();
    assert_eq!((made["subject"].as_str(), made["names"].as_array().unwrap().len()), (Some(subject), names.len()));

    let second = World::new();
    second.write("secret.txt", SECRET);
    let lines = shown_lines(&text);
    assert_eq!(lines.len(), 2, "{text}");
    for line in &lines {
        let words = line.iter().map(|word| if word == "PASSPHRASE-FILE" { "secret.txt" } else { word });
        second.done(&words.chain(["--no-input"]).collect::<Vec<_>>());
    }
    let again = second.done(&["show", KEY, "--json"]).result();
    assert_eq!((&again["requests"][0]["subject"], &again["requests"][0]["names"]), (&made["subject"], &made["names"]));
    assert_eq!(again["key"]["next"]["encrypted"], true);
    assert!(second.path("mail01.csr").exists());
    // the authority signs what was asked for, which proves that the request is whole
    second.write("reply.pem", Authority::new().order(&second.read("mail01.csr")).chain());
    let installed = second.done(&["install-cert", KEY, "reply.pem", "--json"]).result();
    assert_eq!(installed["certificate"]["names"], made["names"]);
}

#[test]
fn the_lines_that_are_shown_keep_the_flags_that_were_given() {
    let world = World::new();
    world.write("secret.txt", SECRET);
    let flags = ["--store", "keystore", "--passphrase-file", "secret.txt", "--algorithm", "ecdsa-p384"];
    let mut terminal = world.terminal(&[&["create-key"], &flags[..]].concat());
    answer(&mut terminal, &KEY_QUESTIONS[..3]);
    terminal.ask("Go on?", NONE);
    terminal.ask("Make the request now?", "n");
    let (code, text, _) = terminal.end();
    assert_eq!(code, Some(0));
    let line = "create-key mail01/imap/main --algorithm ecdsa-p384 --passphrase-file secret.txt";
    assert!(text.contains(&format!("keyring --store keystore {line}\n")), "{text}");

    let header = ["--key-manager-header", "--email", "webmaster@example.com", "--phone", "+1 425"];
    let flags =
        [&["make-csr", KEY, "--template", "WebServer", "--passphrase-file", "secret.txt"], &header[..]].concat();
    let mut terminal = world.terminal(&flags);
    answer(&mut terminal, &REQUEST_QUESTIONS);
    let (code, text, _) = terminal.end();
    assert_eq!(code, Some(0), "{text}");
    let [line] = &shown_lines(&text)[..] else { panic!("{text}") };
    for flag in &flags[2..] {
        assert!(line.iter().any(|word| word == flag), "{flag} is not in {line:?}");
    }
    assert!(world.read("mail01.csr").starts_with("Webmaster: webmaster@example.com\r\n"));
}

#[test]
fn a_wrong_answer_is_refused_and_asked_for_again() {
    let world = World::new();
    let mut terminal = world.terminal(&["create-key"]);
    terminal.ask("Server", "Mail01");
    terminal.expect("names are lower case");
    // the answer stands there to be corrected
    terminal.press("\x7f".repeat("Mail01".len()).as_str());
    terminal.answer("mail01");
    terminal.ask("Protocol", NONE);
    terminal.ask("Key name", "web");
    terminal.ask("Passphrase", SECRET);
    terminal.ask("The same again", "something else");
    terminal.expect("The two differ.");
    terminal.ask("Passphrase", NONE);
    terminal.ask("The same again", NONE);
    terminal.ask("Algorithm", NONE);
    terminal.expect("in the clear, mode 0600");
    terminal.ask("Go on?", "y");
    terminal.ask("Make the request now?", "n");
    let (code, text, _) = terminal.end();
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(world.done(&["show", "mail01/https/web", "--json"]).result()["key"]["state"], "new");
}

#[test]
fn no_at_the_summary_leaves_nothing_behind() {
    let world = World::new();
    let before = world.listing("");
    let mut terminal = world.terminal(&["create-key"]);
    answer(&mut terminal, &KEY_QUESTIONS[..6]);
    terminal.ask("Go on?", "n");
    let (code, text, restored) = terminal.end();
    assert_eq!((code, restored), (Some(130), true), "{text}");
    assert!(text.contains("nothing was done") && !text.contains("  keyring create-key"), "{text}");
    assert_eq!(world.listing(""), before);
}

#[test]
fn ctrl_c_at_any_question_of_create_key_leaves_nothing_behind() {
    let world = World::new();
    for questions in 1..=KEY_QUESTIONS.len() {
        interrupted(&world, &["create-key"], &KEY_QUESTIONS[..questions]);
    }
}

#[test]
fn ctrl_c_at_any_question_of_make_csr_leaves_nothing_behind() {
    let world = World::new();
    world.done(&["create-key", KEY]);
    for questions in 1..=REQUEST_QUESTIONS.len() {
        interrupted(&world, &["make-csr", KEY], &REQUEST_QUESTIONS[..questions]);
    }
    interrupted(&world, &["make-csr"], &[("Key", NONE)]);
}

#[test]
fn the_key_stays_when_the_request_that_follows_it_is_given_up() {
    let world = World::new();
    let mut terminal = world.terminal(&["create-key"]);
    answer(&mut terminal, &KEY_QUESTIONS);
    terminal.ask("Make the request now?", NONE);
    answer(&mut terminal, &REQUEST_QUESTIONS[..8]);
    terminal.ask("Go on?", "n");
    let (code, text, _) = terminal.end();
    assert_eq!(code, Some(130), "{text}");
    assert!(text.contains("no request was made") && text.contains("keyring make-csr mail01/imap/main"), "{text}");
    assert_eq!(world.done(&["show", KEY, "--json"]).result()["key"]["state"], "new");
}

#[test]
fn the_passphrase_of_an_encrypted_key_is_asked_for_three_times() {
    let mut world = World::new();
    world.set("MAIL_SECRET", SECRET);
    world.done(&["create-key", KEY, "--passphrase-env", "MAIL_SECRET"]);
    let make = ["make-csr", KEY, "--cn", "mail01.example.com", "--out", "mail01.csr"];
    let mut terminal = world.terminal(&make);
    terminal.ask("Passphrase of mail01/imap/main", "guess");
    terminal.expect("That is not its passphrase.");
    terminal.ask("Passphrase of mail01/imap/main", SECRET);
    let (code, text, restored) = terminal.end();
    assert_eq!((code, restored), (Some(0), true), "{text}");
    assert!(!text.contains(SECRET) && !text.contains("guess"), "{text}");
    interrupted(&world, &["make-csr", KEY], &[("Passphrase of", NONE)]);

    let mut terminal = world.terminal(&["make-csr", KEY]);
    for _ in 0..2 {
        terminal.ask("Passphrase of mail01/imap/main", "guess");
        terminal.expect("That is not its passphrase.");
    }
    terminal.ask("Passphrase of mail01/imap/main", "guess");
    let (code, text, _) = terminal.end();
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("wrong passphrase"), "{text}");
}

#[test]
fn install_cert_and_bind_ask_for_the_key_and_the_rest() {
    let (world, request) = World::with_request();
    world.write("reply.pem", Authority::new().order(&request).chain());
    interrupted(&world, &["install-cert"], &[("Key", NONE), ("File", "reply.pem"), ("Go on?", NONE)]);
    let mut terminal = world.terminal(&["install-cert"]);
    terminal.expect("mail01/imap/main (pending)");
    terminal.answer(NONE);
    terminal.ask("File", "no-such-file");
    terminal.expect("there is no such file");
    terminal.press("\x7f".repeat("no-such-file".len()).as_str());
    terminal.answer("reply.pem");
    terminal.ask("Go on?", NONE);
    let (code, text, _) = terminal.end();
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(shown_lines(&text), [["install-cert", KEY, "reply.pem"]]);

    interrupted(&world, &["bind"], &[("Key", NONE), ("Endpoints", NONE), ("Go on?", NONE)]);
    let mut terminal = world.terminal(&["bind"]);
    terminal.ask("Key", NONE);
    // the key's own service is offered
    terminal.ask("Endpoints", NONE);
    terminal.ask("Go on?", NONE);
    let (code, text, _) = terminal.end();
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(shown_lines(&text), [["bind", KEY, ENDPOINT]]);
    world.done(&["commit"]);
}

#[test]
fn show_and_unbind_ask_for_what_they_lack() {
    let (world, _) = World::committed();
    let mut terminal = world.terminal(&["show"]);
    terminal.ask("Key", NONE);
    let (code, text, _) = terminal.end();
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("current: version 1"), "{text}");
    interrupted(&world, &["unbind"], &[("Endpoint", NONE), ("Go on?", NONE)]);
    let mut terminal = world.terminal(&["unbind"]);
    terminal.ask("Endpoint", NONE);
    terminal.ask("Go on?", NONE);
    let (code, text, _) = terminal.end();
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(shown_lines(&text), [["unbind", ENDPOINT]]);
}

#[test]
fn no_input_asks_nothing_on_a_terminal() {
    let (world, _) = World::with_request();
    for command in ["create-key", "make-csr", "install-cert", "bind", "unbind", "show"] {
        for flag in ["--no-input", "--json"] {
            let (code, text, _) = world.terminal(&[command, flag]).end();
            assert_eq!(code, Some(2), "{command} {flag}: {text}");
            assert!(text.contains("missing") && text.contains("give "), "{command} {flag}: {text}");
        }
    }
    // with all that it needs there is nothing to ask
    let (code, text, _) = world.terminal(&["bind", KEY, ENDPOINT]).end();
    assert_eq!((code, text.contains('?')), (Some(0), false), "{text}");
}
