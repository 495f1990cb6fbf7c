//! stunnel with the section of its guide, in front of a web server of one answer, on a file outside the keystore.

use super::backend::Backend;
use super::client::Dialogue;
use super::daemon::Daemon;
use super::guide::Guide;
use super::installation::{Grief, Installation, Served, copied_key};
use super::rotation::Scene;
use crate::common::{Tool, text, write};

const STUNNEL: Tool = Tool { program: "stunnel", package: "stunnel4" };

/// What every stunnel needs around its sections.
const AROUND: &str = "\
foreground = yes
pid = @DIR@/daemon.pid
debug = 5
output = @DIR@/stunnel.log
";

pub(crate) fn install(scene: &Scene, server: &str) -> Installation {
    let service = format!("{server}/tunnel");
    scene.endow(&service);
    let backend = Backend::start();
    let ((daemon, (guide, configuration)), [port]) = scene.start("stunnel", |folder, [port]| {
        let tls = scene.makeshift(folder);
        let guide = Guide::read("stunnel.md", &scene.keyring, "app01", server)
            .with("accept = 443", format!("accept = 127.0.0.1:{port}"))
            .with("connect = 127.0.0.1:8080", format!("connect = 127.0.0.1:{}", backend.port()))
            .with("tls://127.0.0.1:443", format!("tls://127.0.0.1:{port}"))
            .with("/etc/stunnel/tls", text(&tls));
        let configuration = AROUND.replace("@DIR@", &text(folder)) + &guide.configuration("stunnel");
        let file = folder.join("stunnel.conf");
        write(&file, &configuration);
        let file = text(&file);
        let command = move || {
            let mut command = STUNNEL.command();
            command.arg(&file);
            command
        };
        let daemon = Daemon::start(STUNNEL, command, &[port], folder, "stunnel.log")?;
        Some((daemon, (guide, configuration)))
    });
    let folder = daemon.folder().to_owned();
    let mut said = guide.said(&service);
    // what `systemctl reload stunnel4` does
    said.extend(["--reload-command".to_owned(), daemon.signalling("HUP")]);
    let live = scene.keyring.live(&format!("{service}/default"));
    let combined = format!("cert = {}", text(&folder.join("tls/combined.pem")));
    let pair = format!("cert = {}\nkey = {}", text(&live.join("fullchain.pem")), text(&copied_key(&folder)));
    let copied = configuration.replace(&combined, &pair);
    Installation {
        tool: STUNNEL,
        guide,
        daemons: vec![daemon],
        services: vec![Served { targets: vec![scene.target(Dialogue::Https, port)], service, said }],
        griefs: vec![
            // there is no test: the reload answers 0 and is refused
            Grief::configured(format!("{configuration}nonsense = yes\n"), "prove"),
            Grief::idle(),
            Grief::copied(copied, "prove", "it is the one from before"),
        ],
        configuration: (folder.join("stunnel.conf"), configuration),
        _backend: Some(backend),
    }
}
