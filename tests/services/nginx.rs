//! nginx, by its own name, with a server for each certificate.

use std::path::{Path, PathBuf};

use super::account;
use super::daemon::Daemon;
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
            "  server {{\n    listen 127.0.0.1:{} ssl;\n    ssl_certificate {};\n    ssl_certificate_key {};\n    \
             location / {{ return 200 \"keyring\\n\"; }}\n  }}\n",
            self.port,
            text(&self.certificate),
            text(&self.private_key)
        )
    }
}

/// Starts nginx in a new folder; `None` when a port is taken.
pub(crate) fn start(folder: &Path, sites: &[Site]) -> Option<Daemon> {
    std::fs::create_dir_all(folder.join("logs")).expect("a new folder");
    let user = if account::is_root() {
        let nobody = account::nobody();
        account::give(folder, nobody.uid, nobody.gid);
        format!("user {} {};\n", nobody.name, account::group(nobody.gid))
    } else {
        String::new()
    };
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(|of| format!("  {of}_temp_path {of};\n"));
    let servers: String = sites.iter().map(Site::configuration).collect();
    let configuration = format!(
        "{user}pid nginx.pid;\nerror_log logs/error.log notice;\ndaemon off;\nworker_processes 1;\n\
         events {{ worker_connections 256; }}\nhttp {{\n  access_log off;\n  ssl_session_cache off;\n  \
         ssl_session_tickets off;\n{}{servers}}}\n",
        temporary.concat()
    );
    write(&folder.join("nginx.conf"), configuration);
    NGINX.finish(&[&["-t", "-q"], &arguments(folder).each_ref().map(String::as_str)[..]].concat()).succeeded();
    let ports: Vec<u16> = sites.iter().map(|site| site.port).collect();
    Daemon::start(NGINX, NGINX.command().args(arguments(folder)), &ports, folder, "logs/error.log")
}

/// `nginx -s reload`, as its manual says to.
#[track_caller]
pub(crate) fn reload(nginx: &Daemon) {
    NGINX.run(&[&["-s", "reload"], &arguments(nginx.folder()).each_ref().map(String::as_str)[..]].concat());
}

fn arguments(folder: &Path) -> [String; 6] {
    let own = |name: &str| text(&folder.join(name));
    ["-e".to_owned(), own("logs/error.log"), "-p".to_owned(), text(folder), "-c".to_owned(), own("nginx.conf")]
}
