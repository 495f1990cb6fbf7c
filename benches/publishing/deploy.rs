//! One renewed certificate for nginx: a commit that tells and proves it, beside the scripts that others have for that.

use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use crate::large::{Large, Shape};
use crate::measure::{Contestant, compare, timed};
use crate::nginx::Nginx;
use crate::{keyring, openssl, shell};

/// The old workers of nginx have ended by then.
pub(crate) const SETTLED: Duration = Duration::from_millis(400);

pub(crate) fn deploy(rounds: usize) {
    let large = Large::apart("deployed-", Shape { keys: 1, servers: 1 });
    let folder = tempfile::tempdir().expect("a temporary folder");
    let live = large.root().join("live/server0000/https/default/current");
    let [ours, theirs] = ["ours", "theirs"].map(|name| folder.path().join(name));
    fs::create_dir_all(theirs.join("tls")).expect("the folder is there");
    for name in ["fullchain.pem", "private-key.pem"] {
        fs::copy(live.join(name), theirs.join("tls").join(name)).expect("a copy");
    }
    let tls = |folder: &Path| (folder.join("fullchain.pem"), folder.join("private-key.pem"));
    let [ours, theirs] = [(ours, tls(&live)), (theirs.clone(), tls(&theirs.join("tls")))]
        .map(|(folder, (chain, key))| Nginx::with_tls(&folder, &chain, &key));
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
        let run = move |round| shell(&(hook(theirs, &large.reply(round), live) + &last.replace('@', &theirs.address)));
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
pub(crate) const PROOF: &str = r#"
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
    timed(&mut keyring(root, &["discard"]));
    timed(&mut keyring(root, &nginx.settings("server0000/https").iter().map(String::as_str).collect::<Vec<_>>()));
}

/// What a hook does with a renewed certificate. The private key is one that it has already.
fn hook(nginx: &Nginx, new: &str, live: &Path) -> String {
    let (tls, live) = (nginx.folder.join("tls"), live.display());
    let tls = tls.display();
    format!(
        "new={new}\ninstall -m 600 {live}/private-key.pem {tls}/private-key.pem\n\
         install -m 644 \"$new\" {tls}/fullchain.pem\n{}\n{}\n",
        nginx.test(),
        nginx.reload()
    )
}
