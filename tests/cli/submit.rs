//! `submit`.

use crate::common::output::snapshot;
use crate::common::{Authority, ENDPOINT, KEY, World};

#[test]
fn hands_a_request_to_people_and_stages_what_they_send_back() {
    let (world, authority) = World::with_people();
    snapshot!(world.keyring(&["submit", KEY, "--to", "people"]).exits(10), @"
    exit code 10
    -- stdout
    -- stderr
    waiting: mail01/imap/main at people (mail01+imap+main-1.1.csr): [FOLDER]/requests/mail01+imap+main-1.1.csr has the request, [FOLDER]/replies has no reply yet
    ");
    // again: nothing is handed in twice, and there is still no reply
    snapshot!(world.keyring(&["submit", KEY, "--json"]).exits(10), @r#"
    exit code 10
    -- stdout
    {
      "command": "submit",
      "error": {
        "code": "waiting",
        "kind": "waiting",
        "message": "1 of 1 requests wait"
      },
      "ok": false,
      "result": {
        "keys": [
          {
            "authority": "people",
            "code": "waiting",
            "key": "mail01/imap/main",
            "message": "[FOLDER]/requests/mail01+imap+main-1.1.csr has the request, [FOLDER]/replies has no reply yet",
            "state": "waiting",
            "ticket": "mail01+imap+main-1.1.csr",
            "version": 1,
            "warnings": []
          }
        ]
      },
      "schema": 1
    }
    -- stderr
    "#);
    world.answer(&authority);
    snapshot!(world.done(&["submit", KEY]), @"
    exit code 0
    -- stdout
    -- stderr
    installed: mail01/imap/main by people, until [DATE] ([DAYS])
    ");
    world.done(&["bind", KEY, ENDPOINT]);
    world.done(&["commit"]);
    snapshot!(world.keyring(&["submit", KEY, "--to", "people"]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: mail01/imap/main has no request that waits for its certificate
    hint: `keyring make-csr mail01/imap/main` makes one; `keyring show mail01/imap/main` shows what there is
    ");
}

#[test]
fn a_program_signs_refuses_or_is_asked_again() {
    let (world, request) = World::with_request();
    world.write("reply.pem", Authority::new().order(&request).chain());
    let folder = world.store().parent().unwrap().display().to_string();
    let run = |line: &str| {
        world.done(&[
            "set-authority",
            "program",
            "--kind",
            "command",
            "--shell",
            "--run",
            &format!("cd {folder}; {line}"),
        ]);
    };
    run(
        "cat > request.pem; echo \"$KEYRING_AUTHORITY $KEYRING_KEY $KEYRING_NAMES\" > told; echo tomorrow >&2; exit 10",
    );
    snapshot!(world.keyring(&["submit", KEY, "--to", "program"]).exits(10), @"
    exit code 10
    -- stdout
    -- stderr
    waiting: mail01/imap/main at program: tomorrow
    ");
    assert_eq!(world.read("request.pem"), request);
    assert_eq!(world.read("told"), "program mail01/imap/main dns:mail01.example.com\n");
    run("echo out of paper >&2; exit 1");
    snapshot!(world.keyring(&["submit", KEY]).exits(9), @"
    exit code 9
    -- stdout
    -- stderr
    failed: mail01/imap/main: the program of program failed for mail01/imap/main: /bin/sh ended with exit status 1: out of paper
      hint          the request stays as it is: try again when the cause is mended
    ");
    run("exit 0");
    snapshot!(world.keyring(&["submit", KEY]).exits(9), @"
    exit code 9
    -- stdout
    -- stderr
    failed: mail01/imap/main: the program of program printed no certificate for mail01/imap/main
      hint          it prints the certificate and its chain on standard output, or ends with exit status 10 when it has to be asked again later
    ");
    run("echo the name is not yours >&2; exit 3");
    snapshot!(world.keyring(&["submit", KEY]).exits(9), @"
    exit code 9
    -- stdout
    -- stderr
    failed: mail01/imap/main: program refuses the request of mail01/imap/main: the name is not yours
      hint          mend what it names, make a new request with `keyring make-csr mail01/imap/main`, and submit that
    ");
    run("cat reply.pem");
    snapshot!(world.done(&["submit", KEY, "--to", "program"]), @"
    exit code 0
    -- stdout
    -- stderr
    installed: mail01/imap/main by program, until [DATE] ([DAYS])
    ");
}

#[test]
fn a_reply_for_another_key_is_refused_and_the_request_waits_on() {
    let (world, _) = World::with_request();
    world.write("reply.pem", Authority::new().foreign());
    let program = format!("cat {}", world.path("reply.pem").display());
    world.done(&["set-authority", "program", "--kind", "command", "--run", &program]);
    snapshot!(world.keyring(&["submit", KEY, "--to", "program"]).exits(3), @r#"
    exit code 3
    -- stdout
    -- stderr
    failed: mail01/imap/main: none of the certificates is for a private key of mail01/imap/main: they are for "CN=stranger.example.com", "CN=Test Issuing CA"
      hint          ask for the certificate of the request that `keyring show mail01/imap/main` names; the key still waits for it
    "#);
    assert_eq!(world.done(&["show", KEY, "--json"]).result()["key"]["state"], "pending");
}

#[test]
fn nobody_gets_a_request_that_another_one_has() {
    let (world, _) = World::with_people();
    world.done(&["set-authority", "others", "--kind", "command", "--run", "true"]);
    let _ = world.keyring(&["submit", KEY, "--to", "people"]).exits(10);
    snapshot!(world.keyring(&["submit", KEY, "--to", "others"]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    failed: mail01/imap/main: the request of mail01/imap/main is with people, which can still answer
      hint          `keyring collect mail01/imap/main` asks there; `keyring make-csr mail01/imap/main` makes a request for another one
    ");
    snapshot!(world.keyring(&["submit", KEY, "--to", "nobody"]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    failed: mail01/imap/main: the request of mail01/imap/main is with people, which can still answer
      hint          `keyring collect mail01/imap/main` asks there; `keyring make-csr mail01/imap/main` makes a request for another one
    ");
    world.done(&["create-key", "mail01/imap/other"]);
    snapshot!(world.keyring(&["submit", "mail01/imap/other", "--to", "others"]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: mail01/imap/other has no request with version 1
    hint: `keyring make-csr mail01/imap/other` makes one; `keyring show mail01/imap/other` shows them
    ");
    snapshot!(world.keyring(&["submit", "mail01/imap/none", "--to", "others"]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: there is no key mail01/imap/none
    hint: `keyring create-key mail01/imap/none` makes it; `keyring list` shows what there is
    ");
}
