//! HAProxy with the frontend of its guide, on a file outside the keystore.

use super::client::Dialogue;
use super::daemon::Daemon;
use super::guide::Guide;
use super::installation::{Grief, Installation, Served, copied_key};
use super::rotation::Scene;
use crate::common::{Tool, text, write};

const HAPROXY: Tool = Tool { program: "haproxy", package: "haproxy" };

/// What every HAProxy needs around its frontends.
const AROUND: &str = "\
global
    stats socket @DIR@/admin.sock mode 600 level admin expose-fd listeners
    hard-stop-after 5s
defaults
    mode http
    timeout client 10s
    timeout server 10s
    timeout connect 5s
";

pub(crate) fn install(scene: &Scene, server: &str) -> Installation {
    let service = format!("{server}/https");
    scene.endow(&service);
    let ((daemon, (guide, configuration)), [port]) = scene.start("haproxy", |folder, [port]| {
        let tls = scene.makeshift(folder);
        let guide = Guide::read("haproxy.md", &scene.keyring, "lb01", server)
            .with("bind :443", format!("bind 127.0.0.1:{port}"))
            .with("https://127.0.0.1", format!("https://127.0.0.1:{port}"))
            .with("/etc/haproxy/tls", text(&tls));
        let configuration = AROUND.replace("@DIR@", &text(folder)) + &guide.configuration("haproxy");
        let file = folder.join("haproxy.cfg");
        write(&file, &configuration);
        let (file, pid) = (text(&file), text(&folder.join("daemon.pid")));
        let command = move || {
            let mut command = HAPROXY.command();
            command.args(["-W", "-f", &file, "-p", &pid]);
            command
        };
        let daemon = Daemon::start(HAPROXY, command, &[port], folder, "haproxy.log")?;
        Some((daemon, (guide, configuration)))
    });
    let folder = daemon.folder().to_owned();
    let file = folder.join("haproxy.cfg");
    let mut said = guide.said(&service);
    said.extend(["--test-command".to_owned(), format!("haproxy -c -f {}", text(&file))]);
    // what `systemctl reload haproxy` does
    said.extend(["--reload-command".to_owned(), daemon.signalling("USR2")]);
    // a file of certificates, and its private key in another of the same name with .key
    let pair = folder.join("pair.pem");
    let live = scene.keyring.live(&format!("{service}/default"));
    std::os::unix::fs::symlink(live.join("fullchain.pem"), &pair).expect("a new name");
    std::os::unix::fs::symlink(copied_key(&folder), folder.join("pair.pem.key")).expect("a new name");
    let copied = configuration.replace(&text(&folder.join("tls/combined.pem")), &text(&pair));
    Installation {
        tool: HAPROXY,
        guide,
        daemons: vec![daemon],
        services: vec![Served { targets: vec![scene.target(Dialogue::Https, port)], service, said }],
        griefs: vec![
            Grief::configured(format!("{configuration}nonsense\n"), "test"),
            Grief::idle(),
            Grief::configured(copied.clone(), "test"),
            // without the test the master is told to reload, refuses and keeps what it has
            Grief {
                said: vec!["--test-command".to_owned(), "none".to_owned()],
                ..Grief::copied(copied, "prove", "it is the one from before")
            },
        ],
        configuration: (file, configuration),
        _backend: None,
    }
}
