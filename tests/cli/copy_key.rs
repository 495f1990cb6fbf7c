//! `copy-key`.

use crate::common::output::snapshot;
use crate::common::{KEY, World};

#[test]
fn a_copy_has_a_life_of_its_own_and_no_endpoints() {
    let (world, _) = World::committed();
    snapshot!(world.done(&["copy-key", KEY, "mail01/smtp/main"]), @"
    exit code 0
    -- stdout
    -- stderr
    Staged: mail01/imap/main is copied to mail01/smtp/main.
    ");
    snapshot!(world.done(&["list"]), @"
    exit code 0
    -- stdout
    mail01
      imap
        main  installed, dns:mail01.example.com, until [DATE] ([DAYS])
              bound to @default
      smtp
        main  installed, dns:mail01.example.com, until [DATE] ([DAYS]), staged
              a copy of mail01/imap/main, staged
    -- stderr
    ");
    world.done(&["commit"]);
    snapshot!(world.done(&["show", "mail01/smtp/main"]), @r#"
    exit code 0
    -- stdout
    mail01/smtp/main
      current: version 1, since generation 2
        private key   ecdsa-p256, made [TIME] by [ACTOR]
        public key    SHA-256 [SHA256]
        copy of       mail01/imap/main version 1
        request 1     [TIME] "CN=mail01.example.com"
        subject       CN=mail01.example.com
        names         dns:mail01.example.com
        issuer        CN=Test Issuing CA
        serial        [SERIAL]
        valid         from [DATE] until [DATE] ([DAYS])
        certificate   SHA-256 [SHA256]
        chain         1 intermediate(s)
      kept in       [FOLDER]/keystore/servers/mail01/smtp/main/1
      bound         to nothing
    -- stderr
    "#);
    world.done(&["bind", "mail01/smtp/main", "mail01/smtp@default"]);
    world.done(&["commit"]);

    let (world, _) = World::committed();
    let copied = world.done(&["copy-key", KEY, "mail01/smtp/main", "--json"]);
    copied.json();
    snapshot!(copied, @r#"
    exit code 0
    -- stdout
    {
      "command": "copy-key",
      "ok": true,
      "result": {
        "key": "mail01/imap/main",
        "new_key": "mail01/smtp/main",
        "versions": [
          {
            "new_version": 1,
            "version": 1
          }
        ]
      },
      "schema": 1
    }
    -- stderr
    "#);
}

#[test]
fn names_what_is_in_the_way() {
    let (world, _) = World::committed();
    let before = world.listing("keystore");
    snapshot!(world.keyring(&["copy-key", KEY, KEY]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: mail01/imap/main is there already and has a certificate
    hint: `keyring create-key mail01/imap/main --next` makes a new private key beside the one in use; import-key has --next too
    ");
    snapshot!(world.keyring(&["copy-key", "mail01/imap/none", "mail01/imap/new"]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: there is no key mail01/imap/none
    hint: `keyring create-key mail01/imap/none` makes it; `keyring list` shows what there is
    ");
    snapshot!(world.keyring(&["copy-key", KEY, "mail01/IMAP/new"]).exits(3), @r#"
    exit code 3
    -- stdout
    -- stderr
    error: "IMAP" is not a protocol name: names are lower case
    hint: write it "imap"
    "#);
    snapshot!(world.keyring(&["copy-key", KEY]).exits(2), @"
    exit code 2
    -- stdout
    -- stderr
    error: the new name of the key is missing
    hint: give NEW-KEY, or run this on a terminal to be asked
    ");
    assert_eq!(world.listing("keystore"), before);
}
