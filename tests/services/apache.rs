//! Apache's httpd with the virtual host of its guide.

use std::path::Path;

use super::account;
use super::client::Dialogue;
use super::daemon::Daemon;
use super::guide::Guide;
use super::installation::{Grief, Installation, Served, copied_key};
use super::rotation::Scene;
use crate::common::{Tool, text, write};

const APACHE: Tool = Tool { program: "apache2", package: "apache2" };

/// What every Apache needs around its hosts.
const AROUND: &str = "\
ServerRoot @DIR@
PidFile daemon.pid
DefaultRuntimeDir @DIR@
Mutex file:@DIR@
ErrorLog error.log
ServerName localhost
Listen 127.0.0.1:@PORT@ https
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule socache_shmcb_module /usr/lib/apache2/modules/mod_socache_shmcb.so
LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so
SSLRandomSeed startup builtin
StartServers 1
";

pub(crate) fn install(scene: &Scene, server: &str) -> Installation {
    let service = format!("{server}/https");
    scene.deploy(&service);
    let ((daemon, (guide, configuration)), [port]) = scene.start("apache", |folder, [port]| {
        let guide = Guide::read("apache.md", &scene.keyring, "web02", server)
            .with("*:443", format!("127.0.0.1:{port}"))
            .with("https://127.0.0.1", format!("https://127.0.0.1:{port}"));
        let mut configuration = AROUND.replace("@DIR@", &text(folder)).replace("@PORT@", &port.to_string());
        if account::is_root() {
            let nobody = account::nobody();
            configuration += &format!("User {}\nGroup {}\n", nobody.name, account::group(nobody.gid));
        }
        configuration += &guide.configuration("apache");
        write(&folder.join("apache2.conf"), &configuration);
        Some((run(folder, port)?, (guide, configuration)))
    });
    let folder = daemon.folder().to_owned();
    let file = folder.join("apache2.conf");
    let words = text(&file);
    let mut said = guide.said(&service);
    // what `apachectl configtest` and `apachectl graceful` run, for another configuration than the machine's
    said.extend(["--test-command".to_owned(), format!("apache2 -f {words} -t")]);
    said.extend(["--reload-command".to_owned(), format!("apache2 -f {words} -k graceful")]);
    let live = text(&scene.keyring.live(&format!("{service}/default")));
    let copied = configuration.replace(&format!("{live}/private-key.pem"), &text(&copied_key(&folder)));
    Installation {
        tool: APACHE,
        guide,
        daemons: vec![daemon],
        services: vec![Served { targets: vec![scene.target(Dialogue::Https, port)], service, said }],
        griefs: vec![
            Grief::configured(format!("{configuration}Nonsense on\n"), "test"),
            Grief::idle(),
            // "Syntax OK", and the graceful restart ends the server: the one of the undo starts it again
            Grief::copied(copied, "prove", "refused the connection"),
        ],
        configuration: (file, configuration),
        _backend: None,
    }
}

fn run(folder: &Path, port: u16) -> Option<Daemon> {
    let file = text(&folder.join("apache2.conf"));
    let command = move || {
        let mut command = APACHE.command();
        command.args(["-f", &file, "-D", "FOREGROUND"]);
        command
    };
    Daemon::start(APACHE, command, &[port], folder, "error.log")
}
