//! The profile for Microsoft Exchange: a PFX file and a script, for a machine of its own.

use crate::common::output::snapshot;
use crate::common::{Authority, KEY, World};

/// Three protocols of Exchange with one certificate.
fn world(algorithm: &str) -> World {
    let (world, authority) = (World::new(), Authority::new());
    world.make_folder("exchange");
    world.write("secret.txt", "the passphrase of the file\n");
    world.done(&["create-key", KEY, "--algorithm", algorithm]);
    let request = world.done(&["make-csr", KEY, "--cn", "mail01.example.com"]).stdout;
    world.write("reply.pem", authority.order(&request).chain());
    world.done(&["install-cert", KEY, "reply.pem"]);
    world.done(&["bind", KEY, "mail01/imap@default", "mail01/smtp@default", "mail01/https@default"]);
    let (folder, secret) = (world.path("exchange"), world.path("secret.txt"));
    let files = ["--install-to", folder.to_str().unwrap(), "--pfx-passphrase-file", secret.to_str().unwrap()];
    for service in ["mail01/imap", "mail01/smtp", "mail01/https"] {
        world.done(&[&["set-service", service, "--profile", "exchange"], &files[..]].concat());
    }
    world
}

#[test]
fn one_file_and_one_script_serve_all_protocols_of_a_certificate() {
    let world = world("rsa-2048");
    world.done(&["commit"]);
    let files: Vec<_> =
        world.listing("exchange").iter().map(|line| line[..line.find(" 0").unwrap() + 5].to_owned()).collect();
    assert_eq!(files, ["exchange/mail01-https-imap-smtp.pfx 0600", "exchange/mail01-https-imap-smtp.ps1 0644"]);
    let script = world.read("exchange/mail01-https-imap-smtp.ps1");
    let thumbprint = script.split("$thumbprint = '").nth(1).unwrap().split('\'').next().unwrap().to_owned();
    let inspected =
        world.done(&["inspect", "exchange/mail01-https-imap-smtp.pfx", "--passphrase-file", "secret.txt", "--json"]);
    let objects = inspected.result()["objects"].clone();
    let leaf = objects.as_array().unwrap().iter().find(|object| object["sha1"].is_string()).unwrap();
    assert_eq!(leaf["sha1"].as_str().unwrap().replace(':', "").to_uppercase(), thumbprint);
    assert!(inspected.stdout.contains("Microsoft RSA SChannel Cryptographic Provider"), "{}", inspected.stdout);
    insta::with_settings!({ filters => vec![(r"[0-9A-F]{40}", "[THUMBPRINT]"), (r"\d{4}-\d\d-\d\d", "[DATE]")] }, {
        insta::assert_snapshot!(script, @r#"
        <#
        .SYNOPSIS
        Gives Exchange on mail01 its certificate for IIS,IMAP,SMTP.

        .DESCRIPTION
        Imports mail01-https-imap-smtp.pfx, which lies beside this script, enables the certificate for the services and looks at the result.
        Run it in the Exchange Management Shell, with the rights to manage certificates. It may be run again.
        A service that has a certificate keeps it until another one is enabled: Exchange takes none away.

        Names: dns:mail01.example.com
        Valid until: [DATE]
        #>
        [CmdletBinding()]
        param(
            # The file with the private key.
            [string] $Pfx = (Join-Path -Path $PSScriptRoot -ChildPath 'mail01-https-imap-smtp.pfx'),
            # Its passphrase; asked for when it is not given.
            [System.Security.SecureString] $Password,
            # The Exchange server.
            [string] $Server = $env:COMPUTERNAME,
            # Replace the default certificate of SMTP without asking.
            [switch] $ReplaceSmtpDefault
        )

        Set-StrictMode -Version 2.0
        $ErrorActionPreference = 'Stop'

        $thumbprint = '[THUMBPRINT]'
        $services = 'IIS,IMAP,SMTP'

        if (-not (Get-Command -Name Import-ExchangeCertificate -ErrorAction SilentlyContinue)) {
            throw 'Exchange''s cmdlets are not here: run this in the Exchange Management Shell.'
        }

        $known = Get-ExchangeCertificate -Server $Server | Where-Object { $_.Thumbprint -eq $thumbprint }
        if (-not $known) {
            if (-not $Password) {
                $Password = Read-Host -AsSecureString -Prompt "Passphrase of $Pfx"
            }
            $bytes = [System.IO.File]::ReadAllBytes((Resolve-Path -Path $Pfx).ProviderPath)
            Import-ExchangeCertificate -Server $Server -FileData $bytes -Password $Password -PrivateKeyExportable:$false | Out-Null
        }

        Enable-ExchangeCertificate -Server $Server -Thumbprint $thumbprint -Services $services -Force:$ReplaceSmtpDefault

        $certificate = Get-ExchangeCertificate -Server $Server -Thumbprint $thumbprint
        if (-not $certificate.HasPrivateKey) {
            throw "The certificate $thumbprint has no private key on $Server."
        }
        foreach ($service in $services.Split(',')) {
            if ("$($certificate.Services)" -notmatch "\b$service\b") {
                throw "$Server does not use the certificate $thumbprint for ${service}: it says '$($certificate.Services)'."
            }
        }
        if ("$($certificate.Status)" -ne 'Valid') {
            Write-Warning "Exchange says of the certificate $thumbprint that it is '$($certificate.Status)'."
        }
        Write-Output "$Server uses the certificate $thumbprint for $services, until $($certificate.NotAfter)."
        "#);
    });
    snapshot!(world.done(&["show-service", "mail01/imap"]), @"
    exit code 0
    -- stdout
    mail01/imap
      profile       exchange
      endpoint      mail01/imap@default
      owner         whoever commits, private keys 0600
      within        30 s each
    Take the .pfx and the .ps1 to the Exchange server and run the script there, in the Exchange Management Shell.
    `keyring probe` and `keyring check` tell whether Exchange serves the certificate.
    -- stderr
    ");
}

#[test]
fn keys_that_exchange_does_not_take_are_refused() {
    let world = world("ecdsa-p256");
    snapshot!(world.keyring(&["commit"]).exits(3), @r#"
    exit code 3
    -- stdout
    -- stderr
    error: what is said of mail01/https is refused: Exchange cannot be given its files: the Windows provider "Microsoft RSA SChannel Cryptographic Provider" takes RSA keys, and this one is ecdsa-p256
    hint: Exchange takes RSA keys: `keyring create-key KEY --next --algorithm rsa-2048`
    "#);
    assert!(world.listing("exchange").is_empty());
}

#[test]
fn what_exchange_needs_is_asked_for() {
    let world = World::new();
    for (service, says) in [("mail01/imap", "--install-to DIR"), ("mail01/nntp", "imap, pop3, smtp and https")] {
        let files = ["--install-to", "/srv/exchange", "--pfx-passphrase-file", "/etc/secret"];
        let flags = if service == "mail01/imap" { &files[..0] } else { &files[..] };
        let refused = world.keyring(&[&["set-service", service, "--profile", "exchange"], flags].concat()).exits(3);
        assert!(refused.stderr.contains(says), "{}", refused.stderr);
    }
}

#[test]
fn of_its_files_it_is_known_whether_they_are_there() {
    let world = world("rsa-2048");
    world.done(&["commit"]);
    world.write("exchange/mail01-https-imap-smtp.ps1", "# changed by its administrator");
    world.done(&["doctor"]);
    let _ = world.shell("rm exchange/mail01-https-imap-smtp.pfx").exits(0);
    let found = world.keyring(&["doctor", "--json"]).exits(7).result()["findings"].clone();
    let codes: Vec<_> = found.as_array().unwrap().iter().map(|it| it["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["installed-differs"; 3]);
    world.done(&["publish"]);
    assert_eq!(world.listing("exchange").len(), 2);
    world.done(&["doctor"]);
    assert!(world.done(&["publish"]).stderr.contains("nothing to do"));
}
