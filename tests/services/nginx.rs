//! nginx, by its own name, with a server for each certificate.

use std::path::{Path, PathBuf};

use super::account;
use super::client::Dialogue;
use super::daemon::Daemon;
use super::guide::Guide;
use super::installation::{Grief, Installation, Served, copied_key};
use super::rotation::Scene;
use crate::common::{Tool, text, write};

const NGINX: Tool = Tool { program: "nginx", package: "nginx-light" };

/// What one server of nginx reads.
pub(crate) struct Site {
    pub(crate) port: u16,
    pub(crate) certificate: PathBuf,
    pub(crate) private_key: PathBuf,
}

impl Site {
    /// A site on `fullchain.pem` and `private-key.pem` of a published folder.
    pub(crate) fn pair(port: u16, current: &Path) -> Self {
        Self { port, certificate: current.join("fullchain.pem"), private_key: current.join("private-key.pem") }
    }

    /// A site on `combined.pem` alone.
    pub(crate) fn combined(port: u16, current: &Path) -> Self {
        Self { port, certificate: current.join("combined.pem"), private_key: current.join("combined.pem") }
    }

    fn configuration(&self) -> String {
        format!(
            "server {{\n    listen 127.0.0.1:{} ssl;\n    ssl_certificate {};\n    ssl_certificate_key {};\n    \
             location / {{ return 200 \"keyring\\n\"; }}\n}}\n",
            self.port,
            text(&self.certificate),
            text(&self.private_key)
        )
    }
}

/// Starts nginx in a new folder with these sites; `None` when a port is taken.
pub(crate) fn start(folder: &Path, sites: &[Site]) -> Option<Daemon> {
    let servers: String = sites.iter().map(Site::configuration).collect();
    let ports: Vec<u16> = sites.iter().map(|site| site.port).collect();
    start_with(folder, &servers, &ports)
}

/// Starts nginx in a new folder with these lines in its `http` block; `None` when a port is taken.
pub(crate) fn start_with(folder: &Path, servers: &str, ports: &[u16]) -> Option<Daemon> {
    write(&folder.join("nginx.conf"), around(folder, servers));
    run(folder, ports)
}

/// nginx with the server of its guide.
pub(crate) fn install(scene: &Scene, server: &str) -> Installation {
    let service = format!("{server}/https");
    scene.deploy(&service);
    let ((daemon, (guide, configuration)), [port]) = scene.start("nginx", |folder, [port]| {
        let guide = Guide::read("nginx.md", &scene.keyring, "web01", server)
            .with("listen 443", format!("listen 127.0.0.1:{port}"))
            .with("https://127.0.0.1", format!("https://127.0.0.1:{port}"));
        let configuration = around(folder, &guide.configuration("nginx"));
        write(&folder.join("nginx.conf"), &configuration);
        Some((run(folder, &[port])?, (guide, configuration)))
    });
    let folder = daemon.folder().to_owned();
    let mut said = guide.said(&service);
    said.extend(commands(&folder));
    let live = text(&scene.keyring.live(&format!("{service}/default")));
    let copied = configuration.replace(&format!("{live}/private-key.pem"), &text(&copied_key(&folder)));
    Installation {
        tool: NGINX,
        guide,
        daemons: vec![daemon],
        services: vec![Served { targets: vec![scene.target(Dialogue::Https, port)], service, said }],
        griefs: vec![
            Grief::configured(format!("{configuration}nonsense;\n"), "test"),
            Grief::idle(),
            // the private key before was of another algorithm: `nginx -t` and the reload take the pair, and TLS is broken
            Grief::copied(copied, "prove", "it broke the handshake off"),
        ],
        configuration: (folder.join("nginx.conf"), configuration),
        _backend: None,
    }
}

/// What every nginx needs around its servers.
fn around(folder: &Path, servers: &str) -> String {
    std::fs::create_dir_all(folder.join("logs")).expect("a new folder");
    let user = if account::is_root() {
        let nobody = account::nobody();
        account::give(folder, nobody.uid, nobody.gid);
        format!("user {} {};\n", nobody.name, account::group(nobody.gid))
    } else {
        String::new()
    };
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(|of| format!("  {of}_temp_path {of};\n"));
    format!(
        "{user}pid nginx.pid;\nerror_log logs/error.log notice;\ndaemon off;\nworker_processes 1;\n\
         events {{ worker_connections 256; }}\nhttp {{\n  access_log off;\n  ssl_session_cache off;\n  \
         ssl_session_tickets off;\n{}{servers}}}\n",
        temporary.concat()
    )
}

fn run(folder: &Path, ports: &[u16]) -> Option<Daemon> {
    let arguments = arguments(folder);
    NGINX.finish(&[&["-t", "-q"], &arguments.each_ref().map(String::as_str)[..]].concat()).succeeded();
    let command = move || {
        let mut command = NGINX.command();
        command.args(&arguments);
        command
    };
    Daemon::start(NGINX, command, ports, folder, "logs/error.log")
}

/// What its profile runs, for the nginx of a folder.
pub(crate) fn commands(folder: &Path) -> [String; 4] {
    let words = arguments(folder).join(" ");
    let (test, reload) = (format!("nginx -t -q {words}"), format!("nginx -s reload {words}"));
    ["--test-command".to_owned(), test, "--reload-command".to_owned(), reload]
}

fn arguments(folder: &Path) -> [String; 6] {
    let own = |name: &str| text(&folder.join(name));
    ["-e".to_owned(), own("logs/error.log"), "-p".to_owned(), text(folder), "-c".to_owned(), own("nginx.conf")]
}
