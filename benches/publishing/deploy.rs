//! One renewed certificate for nginx: a commit that tells and proves it, beside the scripts that others have for that.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::thread::sleep;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::large::{Large, Shape};
use crate::measure::{Contestant, compare, timed};
use crate::{keyring, openssl, program, shell};

/// The old workers of nginx have ended by then.
const SETTLED: Duration = Duration::from_millis(400);

pub(crate) fn deploy(rounds: usize) {
    let large = Large::apart("deployed-", Shape { keys: 1, servers: 1 });
    let folder = tempfile::tempdir().expect("a temporary folder");
    let live = large.root().join("live/server0000/https/default/current");
    let [ours, theirs] = ["ours", "theirs"].map(|name| folder.path().join(name));
    fs::create_dir_all(theirs.join("tls")).expect("the folder is there");
    for name in ["fullchain.pem", "private-key.pem"] {
        fs::copy(live.join(name), theirs.join("tls").join(name)).expect("a copy");
    }
    let [ours, theirs] = [Nginx::start(ours, &live), Nginx::start(theirs.clone(), &theirs.join("tls"))];
    let root = large.root();
    tell(&root, &ours);
    let install = |round: usize| timed(&mut keyring(&root, &["install-cert", &large.key(), &large.reply(round)]));
    // so that the first round changes something too
    install(1);
    timed(&mut keyring(&root, &["commit"]));
    let commit = Contestant::program("keyring commit: files, nginx -t, reload, proof", |_| keyring(&root, &["commit"]));
    let commit = commit.after(|round| {
        sleep(SETTLED);
        install(round);
    });
    let script = |name: &str, last: &'static str| {
        let (theirs, large, live) = (&theirs, &large, &live);
        let run = move |round| shell(&(theirs.script(&large.reply(round), live) + &last.replace('@', &theirs.address)));
        Contestant::program(name, run).after(|_| sleep(SETTLED))
    };
    let contestants = [
        openssl(),
        script("a deploy hook: files, nginx -t, reload", ""),
        script("the same, and s_client until it is served", PROOF),
        commit,
    ];
    compare("one renewed certificate for nginx", rounds, 2, &contestants);
}

/// As many new connections in a row as the program makes.
const PROOF: &str = r#"
wanted=$(openssl x509 -in "$new" -noout -fingerprint -sha256)
row=0
while [ $row -lt 3 ]; do
    served=$(openssl s_client -connect @ -servername www.example.com < /dev/null 2> /dev/null |
        openssl x509 -noout -fingerprint -sha256)
    if [ "$served" = "$wanted" ]; then row=$((row + 1)); else row=0; fi
done
"#;

/// Says of the service what the profile for nginx knows, with an nginx of its own.
fn tell(root: &Path, nginx: &Nginx) {
    let words = nginx.arguments.join(" ");
    let (test, reload) = (format!("nginx -t -q {words}"), format!("nginx -s reload {words}"));
    let url = format!("https://{}", nginx.address);
    let hooks = ["--test-command", &test, "--reload-command", &reload, "--probe", &url];
    let said = [&["set-service", "server0000/https", "--profile", "nginx"], &hooks[..]].concat();
    timed(&mut keyring(root, &["discard"]));
    timed(&mut keyring(root, &said));
}

/// nginx in the foreground, ended when it is dropped.
struct Nginx {
    child: Child,
    folder: PathBuf,
    address: String,
    arguments: Vec<String>,
}

impl Nginx {
    fn start(folder: PathBuf, tls: &Path) -> Self {
        fs::create_dir_all(folder.join("logs")).expect("the folder is there");
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
        let address = free.expect("a free port").to_string();
        let temporary =
            ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(|of| format!("{of}_temp_path {of};\n"));
        let configuration = format!(
            "pid nginx.pid;\nerror_log logs/error.log;\ndaemon off;\nworker_processes 1;\nevents {{}}\nhttp {{\n\
             access_log off;\n{}server {{\nlisten {address} ssl;\nssl_certificate {tls}/fullchain.pem;\n\
             ssl_certificate_key {tls}/private-key.pem;\n}}\n}}\n",
            temporary.concat(),
            tls = tls.display(),
        );
        fs::write(folder.join("nginx.conf"), configuration).expect("the folder is there");
        let own = |name: &str| folder.join(name).display().to_string();
        let (log, prefix, file) = (own("logs/error.log"), own(""), own("nginx.conf"));
        let arguments = ["-e", &log, "-p", &prefix, "-c", &file].map(str::to_owned).to_vec();
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let child = program("nginx", &words).spawn().expect("nginx is installed");
        let nginx = Self { child, folder, address, arguments };
        while TcpStream::connect(&nginx.address).is_err() {
            sleep(Duration::from_millis(10));
        }
        nginx
    }

    /// What a hook does with a renewed certificate. The private key is one that it has already.
    fn script(&self, new: &str, live: &Path) -> String {
        let (tls, live, words) = (self.folder.join("tls"), live.display(), self.arguments.join(" "));
        let tls = tls.display();
        format!(
            "new={new}\ninstall -m 600 {live}/private-key.pem {tls}/private-key.pem\n\
             install -m 644 \"$new\" {tls}/fullchain.pem\nnginx -t -q {words}\nnginx -s reload {words}\n"
        )
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let _ = self.child.wait();
    }
}
