//! `renew`.

use crate::common::output::snapshot;
use crate::common::{Authority, ENDPOINT, KEY, World};

/// A key with a certificate that lives so many more days of a hundred, renewed by a program that signs what `sign` says.
fn rotating(left: i64) -> (World, Authority) {
    let (world, request) = World::with_request();
    let authority = Authority::new();
    world.write("reply.pem", authority.order(&request).valid(left - 100, left).chain());
    world.done(&["install-cert", KEY, "reply.pem"]);
    world.done(&["bind", KEY, ENDPOINT]);
    let folder = world.path("").display().to_string();
    let line = format!("cd {folder}; cat > request.pem; test -f signed.pem && cat signed.pem || exit 10");
    world.done(&["set-authority", "program", "--kind", "command", "--shell", "--run", &line]);
    world.done(&["set-renewal", KEY, "--authority", "program"]);
    world.done(&["commit"]);
    (world, authority)
}

fn sign(world: &World, authority: &Authority) {
    world.write("signed.pem", authority.order(&world.read("request.pem")).chain());
}

const LIVE: &str = "keystore/live/mail01/imap/default/current/combined.pem";

#[test]
fn what_is_due_is_renewed_and_committed_and_nothing_else() {
    let (world, authority) = rotating(50);
    snapshot!(world.done(&["renew", "--due", "--commit"]), @"
    exit code 0
    -- stdout
    -- stderr
    Nothing is due.
    ");
    let (world, _) = {
        drop((world, authority));
        rotating(30)
    };
    let authority = Authority::new();
    let before = world.read(LIVE);
    snapshot!(world.keyring(&["renew", "--due", "--commit"]).exits(10), @"
    exit code 10
    -- stdout
    -- stderr
    waiting: mail01/imap/main at program: program has no reply yet
    ");
    // an hour later: the same request, no other private key, and what is in use stays
    let request = world.read("request.pem");
    snapshot!(world.keyring(&["renew", "--due", "--commit", "--json"]).exits(10), @r#"
    exit code 10
    -- stdout
    {
      "command": "renew",
      "error": {
        "code": "waiting",
        "kind": "waiting",
        "message": "1 of 1 requests wait"
      },
      "ok": false,
      "result": {
        "generations": [],
        "keys": [
          {
            "authority": "program",
            "code": "waiting",
            "key": "mail01/imap/main",
            "message": "program has no reply yet",
            "state": "waiting",
            "version": 2,
            "warnings": []
          }
        ],
        "warnings": []
      },
      "schema": 1
    }
    -- stderr
    "#);
    assert_eq!((world.read("request.pem"), world.read(LIVE)), (request, before));
    sign(&world, &authority);
    snapshot!(world.done(&["renew", "--due", "--commit"]), @"
    exit code 0
    -- stdout
    -- stderr
    renewed: mail01/imap/main by program, until [DATE] ([DAYS])
    Committed generation 2.
    ");
    assert!(world.read(LIVE).starts_with(&world.read("keystore/servers/mail01/imap/main/2/private-key.pem")));
    snapshot!(world.done(&["renew", "--due", "--commit"]), @"
    exit code 0
    -- stdout
    -- stderr
    Nothing is due.
    ");
    snapshot!(world.done(&["log", "--limit", "1"]), @"
    exit code 0
    -- stdout
    generation 2
      made          [TIME] by [ACTOR] (`keyring renew`)
      hash          [SHA256]
      why           renewal
        install  mail01/imap/main  version 2, certificate until [DATE]
        serves   mail01/imap@default: mail01/imap/main version 2, before: mail01/imap/main version 1
    -- stderr
    ");
    world.done(&["doctor"]);
}

#[test]
fn what_administrators_have_staged_stays_and_their_commit_hears_of_it() {
    let (world, authority) = rotating(30);
    world.done(&["create-key", KEY, "--next"]);
    let request = world.done(&["make-csr", KEY]).stdout;
    world.write("by-hand.pem", authority.order(&request).chain());
    world.done(&["install-cert", KEY, "by-hand.pem"]);
    world.done(&["create-key", "mail02/smtp/main"]);
    let _ = world.keyring(&["renew", "--due", "--commit"]).exits(10);
    sign(&world, &authority);
    snapshot!(world.done(&["renew", "--due", "--commit"]), @"
    exit code 0
    -- stdout
    -- stderr
    renewed: mail01/imap/main by program, until [DATE] ([DAYS])
    Committed generation 2.
    ");
    snapshot!(world.done(&["status"]), @"
    exit code 0
    -- stdout
    Generation 2. 1 change is staged:
      install  mail01/imap/main  version 2, certificate until [DATE]
    refused: mail01/imap/main got another certificate by generation 2, after this was staged for it: discard it first
    To see to:
      mail02/smtp/main: it has a private key and no request
    -- stderr
    ");
    snapshot!(world.keyring(&["commit"]).exits(3), @"
    exit code 3
    -- stdout
    -- stderr
    error: the commit is refused
      - mail01/imap/main got another certificate by generation 2, after this was staged for it: discard it first
    hint: mend these, or take them back with `keyring discard`; nothing was changed
    ");
    world.done(&["discard", KEY]);
    snapshot!(world.done(&["commit"]), @"
    exit code 0
    -- stdout
    -- stderr
    Nothing is staged: nothing to commit.
    ");
}

#[test]
fn without_commit_it_is_staged_and_done_once() {
    let (world, authority) = rotating(30);
    let _ = world.keyring(&["renew", KEY]).exits(10);
    sign(&world, &authority);
    snapshot!(world.done(&["renew", "--due"]), @"
    exit code 0
    -- stdout
    -- stderr
    installed: mail01/imap/main by program, until [DATE] ([DAYS])
    ");
    snapshot!(world.done(&["renew", "--due"]), @"
    exit code 0
    -- stdout
    -- stderr
    Nothing is due.
    ");
    world.done(&["commit"]);
}

#[test]
fn the_same_private_key_is_certified_again_where_that_was_said() {
    let (world, authority) = rotating(30);
    world.done(&["set-renewal", KEY, "--reuse-key", "--max-certificates", "2"]);
    world.done(&["commit"]);
    for version in ["1", "2"] {
        let _ = world.keyring(&["renew", KEY, "--commit"]).exits(10);
        sign(&world, &authority);
        let renewed = world.done(&["renew", KEY, "--commit", "--json"]).result();
        assert_eq!(renewed["keys"][0]["version"].to_string(), version);
        let _ = world.shell("rm signed.pem").exits(0);
    }
}

#[test]
fn a_key_that_fails_keeps_none_of_the_others() {
    let (world, authority) = rotating(30);
    for key in ["mail02/imap/main", "mail03/imap/main"] {
        world.done(&["create-key", key]);
        let request = world.done(&["make-csr", key, "--cn", "mail.example.com"]).stdout;
        world.write("other.pem", authority.order(&request).valid(-70, 30).chain());
        world.done(&["install-cert", key, "other.pem"]);
    }
    world.done(&["set-authority", "broken", "--kind", "command", "--shell", "--run", "echo no power >&2; exit 1"]);
    world.done(&["set-renewal", "mail02/imap/main", "--authority", "broken"]);
    world.done(&["set-renewal", "mail03/imap/main", "--authority", "program"]);
    world.done(&["commit"]);
    let _ = world.keyring(&["renew", KEY, "--commit"]).exits(10);
    sign(&world, &authority);
    snapshot!(world.keyring(&["renew", "--due", "--commit"]).exits(11), @r#"
    exit code 11
    -- stdout
    -- stderr
    renewed: mail01/imap/main by program, until [DATE] ([DAYS])
    failed: mail02/imap/main: the program of broken failed for mail02/imap/main: /bin/sh ended with exit status 1: no power
      hint          the request stays as it is: try again when the cause is mended
    failed: mail03/imap/main: none of the certificates is for a private key of mail03/imap/main: they are for "CN=mail01.example.com", "CN=Test Issuing CA"
      hint          it is for mail01/imap/main: `keyring install-cert mail01/imap/main ...`
    Committed generation 3.
    "#);
    let current = |key: &str| world.done(&["show", key, "--json"]).result()["key"]["current"]["version"].clone();
    assert_eq!([current(KEY), current("mail02/imap/main"), current("mail03/imap/main")], [2, 1, 1]);
}

#[test]
fn a_service_that_fails_is_as_it_was_and_its_key_is_taken_up_again() {
    let (world, authority) = rotating(30);
    world.done(&["set-service", "mail01/imap", "--profile", "files", "--test-command", "false"]);
    world.done(&["commit", "--no-publish"]);
    let before = world.read(LIVE);
    let _ = world.keyring(&["renew", KEY, "--commit"]).exits(10);
    sign(&world, &authority);
    snapshot!(world.keyring(&["renew", "--due", "--commit"]).exits(6), @"
    exit code 6
    -- stdout
    -- stderr
    failed: mail01/imap/main: publishing failed at mail01/imap (test) and everything is as it was
      hint          what is staged stays staged: mend what is named and commit again
    ");
    assert_eq!(world.read(LIVE), before);
    // the reply is kept: the authority, which would sign something else now, is not asked again
    world.write("signed.pem", "nothing");
    world.done(&["set-service", "mail01/imap", "--test-command", "true"]);
    world.done(&["commit"]);
    snapshot!(world.done(&["renew", "--due", "--commit"]), @"
    exit code 0
    -- stdout
    -- stderr
    renewed: mail01/imap/main by program, until [DATE] ([DAYS])
    Committed generation 4.
    ");
    assert_ne!(world.read(LIVE), before);
}

#[test]
fn encrypted_private_keys_are_renewed_with_their_passphrase() {
    let (mut world, request) = World::with_request();
    drop(request);
    world.set("PASSPHRASE", "correct horse");
    let key = "mail01/pop3/main";
    world.done(&["create-key", key, "--passphrase-env", "PASSPHRASE"]);
    let request = world.done(&["make-csr", key, "--cn", "mail01.example.com", "--passphrase-env", "PASSPHRASE"]).stdout;
    let authority = Authority::new();
    world.write("reply.pem", authority.order(&request).valid(-70, 30).chain());
    world.done(&["install-cert", key, "reply.pem"]);
    let line = format!("cd {}; cat > request.pem; exit 10", world.path("").display());
    world.done(&["set-authority", "program", "--kind", "command", "--shell", "--run", &line]);
    world.done(&["set-renewal", key, "--authority", "program"]);
    world.done(&["commit"]);
    snapshot!(world.keyring(&["renew", "--due", "--commit"]).exits(2), @"
    exit code 2
    -- stdout
    -- stderr
    failed: mail01/pop3/main: the private key of mail01/pop3/main is encrypted, and its passphrase is missing
      hint          give --passphrase-file or --passphrase-env, or run this on a terminal to be asked
    ");
    let _ = world.keyring(&["renew", "--due", "--commit", "--passphrase-env", "PASSPHRASE"]).exits(10);
    assert!(world.read("keystore/servers/mail01/pop3/main/2/private-key.pem").starts_with("-----BEGIN ENCRYPTED"));
}

#[test]
fn says_what_is_missing() {
    let (world, _) = World::with_request();
    snapshot!(world.keyring(&["renew", KEY]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: nothing is said of how mail01/imap/main is renewed
    hint: `keyring set-renewal mail01/imap/main --authority NAME` says it; commit that
    ");
    snapshot!(world.keyring(&["renew"]).exits(2), @"
    exit code 2
    -- stdout
    -- stderr
    error: the following required arguments were not provided:
      <KEY>...

    Usage: keyring renew <KEY>...

    For more information, try '--help'.
    ");
}
