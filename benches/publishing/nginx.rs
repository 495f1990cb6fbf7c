//! nginx in the foreground.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::thread::sleep;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::program;

/// Free ports of this machine.
pub(crate) fn free<const N: usize>() -> [u16; N] {
    let listeners = [(); N].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port"));
    listeners.map(|listener| listener.local_addr().expect("a bound socket has an address").port())
}

/// One that runs, ended when it is dropped.
pub(crate) struct Nginx {
    child: Child,
    pub(crate) folder: PathBuf,
    pub(crate) address: String,
    arguments: Vec<String>,
}

impl Nginx {
    /// It serves TLS.
    pub(crate) fn with_tls(folder: &Path, chain: &Path, key: &Path) -> Self {
        let files = format!("ssl_certificate {};\nssl_certificate_key {};\n", chain.display(), key.display());
        let [port] = free();
        Self::start(folder, port, " ssl", &files)
    }

    /// It serves files.
    pub(crate) fn with_files(folder: &Path, port: u16, root: &Path) -> Self {
        Self::start(folder, port, "", &format!("root {};\n", root.display()))
    }

    fn start(folder: &Path, port: u16, kind: &str, lines: &str) -> Self {
        fs::create_dir_all(folder.join("logs")).expect("the folder is there");
        let address = format!("127.0.0.1:{port}");
        let temporary =
            ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(|of| format!("{of}_temp_path {of};\n"));
        // beside folders that only their owner enters
        let user = if rustix::process::geteuid().is_root() { "user root;\n" } else { "" };
        let configuration = format!(
            "{user}pid nginx.pid;\nerror_log logs/error.log;\ndaemon off;\nworker_processes 1;\nevents {{}}\nhttp {{\n\
             access_log off;\n{}server {{\nlisten {address}{kind};\n{lines}}}\n}}\n",
            temporary.concat(),
        );
        fs::write(folder.join("nginx.conf"), configuration).expect("the folder is there");
        let own = |name: &str| folder.join(name).display().to_string();
        let (log, prefix, file) = (own("logs/error.log"), own(""), own("nginx.conf"));
        let arguments = ["-e", &log, "-p", &prefix, "-c", &file].map(str::to_owned).to_vec();
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let child = program("nginx", &words).spawn().expect("nginx is installed");
        let nginx = Self { child, folder: folder.to_path_buf(), address, arguments };
        while TcpStream::connect(&nginx.address).is_err() {
            sleep(Duration::from_millis(10));
        }
        nginx
    }

    /// Has it look at its configuration.
    pub(crate) fn test(&self) -> String {
        format!("nginx -t -q {}", self.arguments.join(" "))
    }

    /// Has it read its files again.
    pub(crate) fn reload(&self) -> String {
        format!("nginx -s reload {}", self.arguments.join(" "))
    }

    /// Says all this to a keystore.
    pub(crate) fn settings(&self, service: &str) -> Vec<String> {
        let url = format!("https://{}", self.address);
        let said = ["set-service", service, "--profile", "nginx", "--probe", &url].map(str::to_owned);
        let hooks = ["--test-command".to_owned(), self.test(), "--reload-command".to_owned(), self.reload()];
        said.into_iter().chain(hooks).collect()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let _ = self.child.wait();
    }
}
