//! `show-service`: what is said, what is known, and the lines for the software.

use crate::common::World;
use crate::common::output::snapshot;

#[test]
fn shows_the_lines_for_the_software() {
    let world = World::new();
    snapshot!(world.keyring(&["show-service", "web01/https"]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: nothing is said of how web01/https is published to
    hint: `keyring set-service web01/https --profile PROFILE` says it
    ");
    world.done(&[
        "set-service",
        "web01/https",
        "--profile",
        "nginx",
        "--owner",
        "root",
        "--probe",
        "https://127.0.0.1",
    ]);
    snapshot!(world.done(&["show-service", "web01/https"]), @"
    exit code 0
    -- stdout
    web01/https
      profile       nginx (staged)
      endpoint      web01/https@default
        file          [FOLDER]/keystore/live/web01/https/default/current/fullchain.pem
        file          [FOLDER]/keystore/live/web01/https/default/current/private-key.pem
        proven at     https://127.0.0.1:443
      owner         root, private keys 0600
      test          nginx -t -q
      reload        nginx -s reload
      within        30 s each

    For the server block in /etc/nginx/sites-enabled/:
      ssl_certificate     [FOLDER]/keystore/live/web01/https/default/current/fullchain.pem;
      ssl_certificate_key [FOLDER]/keystore/live/web01/https/default/current/private-key.pem;
    -- stderr
    ");
    snapshot!(world.done(&["show-service", "web01/https", "--json"]), @r#"
    exit code 0
    -- stdout
    {
      "command": "show-service",
      "ok": true,
      "result": {
        "configuration": "the server block in /etc/nginx/sites-enabled/",
        "endpoints": [
          {
            "endpoint": "web01/https@default",
            "files": {
              "fullchain": "[FOLDER]/keystore/live/web01/https/default/current/fullchain.pem",
              "private_key": "[FOLDER]/keystore/live/web01/https/default/current/private-key.pem"
            },
            "probes": [
              "https://127.0.0.1:443"
            ]
          }
        ],
        "group": null,
        "lines": [
          "ssl_certificate     [FOLDER]/keystore/live/web01/https/default/current/fullchain.pem;",
          "ssl_certificate_key [FOLDER]/keystore/live/web01/https/default/current/private-key.pem;"
        ],
        "mode": "0600",
        "owner": "root",
        "publish": null,
        "reload": {
          "argv": [
            "nginx",
            "-s",
            "reload"
          ]
        },
        "remarks": [],
        "service": "web01/https",
        "settings": {
          "owner": "root",
          "probes": [
            "https://127.0.0.1:443"
          ],
          "profile": "nginx"
        },
        "staged": true,
        "test": {
          "argv": [
            "nginx",
            "-t",
            "-q"
          ]
        },
        "timeout": 30,
        "undo": null
      },
      "schema": 1
    }
    -- stderr
    "#);
}

#[test]
fn every_profile_has_its_files_and_lines() {
    let world = World::new();
    let profiles = ["apache", "haproxy", "dovecot", "postfix", "exim", "openldap", "inn", "stunnel"];
    let shown = profiles.map(|profile| {
        world.done(&["set-service", "mail01/x", "--profile", profile, "--install-to", "/etc/tls"]);
        let shown = world.done(&["show-service", "mail01/x"]).stdout;
        shown.split_once("(staged)\n").unwrap().1.to_owned()
    });
    let shown: Vec<_> = profiles.iter().zip(shown).map(|(profile, shown)| format!("== {profile}\n{shown}")).collect();
    insta::assert_snapshot!(shown.concat(), @"
    == apache
      endpoint      mail01/x@default
        file          /etc/tls/fullchain.pem
        file          /etc/tls/private-key.pem
      owner         whoever commits, private keys 0600
      test          apachectl configtest
      reload        apachectl graceful
      within        30 s each

    For the VirtualHost in /etc/apache2/sites-enabled/:
      SSLEngine on
      SSLCertificateFile    /etc/tls/fullchain.pem
      SSLCertificateKeyFile /etc/tls/private-key.pem
    == haproxy
      endpoint      mail01/x@default
        file          /etc/tls/combined.pem
      owner         whoever commits, private keys 0600
      test          haproxy -c -f /etc/haproxy/haproxy.cfg
      reload        systemctl reload haproxy
      within        30 s each

    For the frontend in /etc/haproxy/haproxy.cfg:
      bind :443 ssl crt /etc/tls/combined.pem
    HAProxy reloads gracefully in master-worker mode alone (-W), as Debian's unit runs it.
    == dovecot
      endpoint      mail01/x@default
        file          /etc/tls/fullchain.pem
        file          /etc/tls/private-key.pem
      owner         whoever commits, private keys 0600
      test          doveconf -n
      reload        doveadm reload
      within        30 s each

    For /etc/dovecot/conf.d/10-ssl.conf (Dovecot 2.3):
      ssl_cert = </etc/tls/fullchain.pem
      ssl_key = </etc/tls/private-key.pem
    Dovecot 2.4 calls them ssl_server_cert_file and ssl_server_key_file, without the <.
    == postfix
      endpoint      mail01/x@default
        file          /etc/tls/combined.pem
      owner         whoever commits, private keys 0600
      test          postfix check
      reload        postfix reload
      within        30 s each

    For /etc/postfix/main.cf:
      smtpd_tls_security_level = may
      smtpd_tls_chain_files = /etc/tls/combined.pem
    smtpd_tls_chain_files takes the place of smtpd_tls_cert_file and smtpd_tls_key_file (Postfix 3.4).
    == exim
      endpoint      mail01/x@default
        file          /etc/tls/fullchain.pem
        file          /etc/tls/private-key.pem
      owner         whoever commits, group Debian-exim, private keys 0640
      test          exim4 -bV
      reload        systemctl reload exim4
      within        30 s each

    For /etc/exim4/exim4.conf, its main section:
      tls_advertise_hosts = *
      tls_certificate = /etc/tls/fullchain.pem
      tls_privatekey = /etc/tls/private-key.pem
    Exim takes no connections for a moment while it reloads.
    == openldap
      endpoint      mail01/x@default
        file          /etc/tls/certificate.pem
        file          /etc/tls/fullchain.pem
        file          /etc/tls/private-key.pem
      owner         openldap, group openldap, private keys 0600
      reload        ldapmodify -Q -Y EXTERNAL -H ldapi:///
      within        30 s each

    For cn=config, by ldapmodify:
      dn: cn=config
      changetype: modify
      replace: olcTLSCACertificateFile
      olcTLSCACertificateFile: /etc/tls/fullchain.pem
      -
      replace: olcTLSCertificateFile
      olcTLSCertificateFile: /etc/tls/certificate.pem
      -
      replace: olcTLSCertificateKeyFile
      olcTLSCertificateKeyFile: /etc/tls/private-key.pem
      -
    The reload gives these lines to ldapmodify on standard input: slapd ends at SIGHUP.
    == inn
      endpoint      mail01/x@default
        file          /etc/tls/fullchain.pem
        file          /etc/tls/private-key.pem
      owner         news, group news, private keys 0600
      within        30 s each

    For /etc/news/inn.conf:
      tlscertfile: /etc/tls/fullchain.pem
      tlskeyfile:  /etc/tls/private-key.pem
    nnrpd reads the files for each connection: there is nothing to reload.
    == stunnel
      endpoint      mail01/x@default
        file          /etc/tls/combined.pem
      owner         whoever commits, private keys 0600
      reload        systemctl reload stunnel4
      within        30 s each

    For /etc/stunnel/stunnel.conf, the service's section:
      cert = /etc/tls/combined.pem
    Private key and certificate stand in one file: `key =` is not needed.
    ");
}
