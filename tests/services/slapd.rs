//! OpenLDAP's slapd, told by the modification of its guide over its own socket.

use std::path::Path;

use super::account;
use super::client::Dialogue;
use super::daemon::Daemon;
use super::guide::Guide;
use super::installation::{Grief, Installation, Served, copied_key};
use super::rotation::Scene;
use crate::common::{Tool, text, write};

const SLAPD: Tool = Tool { program: "slapd", package: "slapd" };
const SLAPADD: Tool = Tool { program: "slapadd", package: "slapd" };
const SLAPMODIFY: Tool = Tool { program: "slapmodify", package: "slapd" };

/// The account that Debian's slapd runs as.
const ACCOUNT: &str = "openldap";

/// Settings without certificates. Who may change them is who runs this, by the numbers that the socket tells.
const START: &str = "\
dn: cn=config
objectClass: olcGlobal
cn: config
olcPidFile: @DIR@/slapd.pid

dn: cn=schema,cn=config
objectClass: olcSchemaConfig
cn: schema

dn: olcDatabase={0}config,cn=config
objectClass: olcDatabaseConfig
olcDatabase: {0}config
olcAccess: {0}to * by dn.exact=gidNumber=@GID@+uidNumber=@UID@,cn=peercred,cn=external,cn=auth manage
";

pub(crate) fn install(scene: &Scene, server: &str) -> Installation {
    let service = format!("{server}/ldap");
    scene.endow(&service);
    if account::is_root() {
        let guide = Guide::read("openldap.md", &scene.keyring, "dir01", server);
        let first: Vec<_> = guide.everything_said(&service).swap_remove(0);
        let words: Vec<_> = first.iter().map(String::as_str).collect();
        scene.keyring.run(&[&["set-service", &service], &words[..]].concat());
    }
    scene.keyring.run(&["commit"]);
    let ((daemon, guide), [ldap, ldaps]) = scene.start("slapd", |folder, [ldap, ldaps]| {
        let guide = Guide::read("openldap.md", &scene.keyring, "dir01", server)
            .with("ldap+starttls://127.0.0.1", format!("ldap+starttls://127.0.0.1:{ldap}"))
            .with("ldaps://127.0.0.1", format!("ldaps://127.0.0.1:{ldaps}"))
            .with("ldapi:///", socket(folder));
        let configuration = guide.configuration("ldif");
        prepare(folder, &configuration);
        let urls = format!("ldap://127.0.0.1:{ldap} ldaps://127.0.0.1:{ldaps} {}", socket(folder));
        let settings = text(&folder.join("slapd.d"));
        let command = move || {
            let mut command = SLAPD.command();
            command.args(["-d", "0", "-F", &settings, "-h", &urls]);
            if account::is_root() {
                command.args(["-u", ACCOUNT, "-g", ACCOUNT]);
            }
            command
        };
        Some((Daemon::start(SLAPD, command, &[ldap, ldaps], folder, "slapd.log")?, guide))
    });
    let folder = daemon.folder().to_owned();
    let ldif = folder.join("tls.ldif");
    let configuration = guide.configuration("ldif");
    let modify = format!("ldapmodify -Q -Y EXTERNAL -H {}", socket(&folder));
    let mut said = guide.said(&service);
    said.extend(["--reload-command".to_owned(), modify.clone()]);
    let live = text(&scene.keyring.live(&format!("{service}/default")));
    let other = |name: &str, from: &str, to: &str, says: &'static str| {
        let file = folder.join(name);
        write(&file, configuration.replace(from, to));
        let grief = Grief::said(&["--reload-command", &format!("{modify} -f {}", text(&file))], "reload");
        Grief { says, ..grief }
    };
    let griefs = vec![
        other("broken.ldif", "olcTLSCertificateKeyFile:", "olcTLSNonsense:", "wrong attributeType"),
        Grief::idle(),
        // answers 80, and TLS is broken by then
        other("copied.ldif", &format!("{live}/private-key.pem"), &text(&copied_key(&folder)), "exit status 80"),
    ];
    let targets = vec![scene.target(Dialogue::Ldap, ldap), scene.target(Dialogue::Ldaps, ldaps)];
    Installation {
        tool: SLAPD,
        guide,
        daemons: vec![daemon],
        services: vec![Served { service, said, targets }],
        griefs,
        configuration: (ldif, configuration),
        _backend: None,
    }
}

fn socket(folder: &Path) -> String {
    format!("ldapi://{}", text(&folder.join("ldapi")).replace('/', "%2F"))
}

/// The settings at the start, and the guide's modification of them, which slapd needs to listen for LDAPS.
fn prepare(folder: &Path, modification: &str) {
    let settings = folder.join("slapd.d");
    std::fs::create_dir(&settings).expect("a new folder");
    let own = account::own();
    let start = START.replace("@DIR@", &text(folder)).replace("@UID@", &own.uid.to_string());
    write(&folder.join("start.ldif"), start.replace("@GID@", &own.gid.to_string()));
    write(&folder.join("tls.ldif"), modification);
    for (tool, ldif) in [(SLAPADD, "start.ldif"), (SLAPMODIFY, "tls.ldif")] {
        tool.run(&["-n", "0", "-F", &text(&settings), "-l", &text(&folder.join(ldif))]);
    }
    if account::is_root() {
        let openldap = account::of_package(ACCOUNT, "slapd");
        give_all(folder, openldap.uid, openldap.gid);
    }
}

fn give_all(folder: &Path, uid: nix::unistd::Uid, gid: nix::unistd::Gid) {
    account::give(folder, uid, gid);
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            give_all(&path, uid, gid);
        } else {
            account::give(&path, uid, gid);
        }
    }
}
