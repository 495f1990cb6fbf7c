//! What to do next, for every cause.

use std::io::ErrorKind;

use keystore::name::{EndpointError, HostError, NameError, NameFault, PathError, ProbeUrlError};
use keystore::ops::Error as E;
use keystore::ops::create_key::AskedFault;
use keystore::ops::export_key::ExportError;
use keystore::ops::make_csr::BaseError;
use keystore::pki::{IssueError, LooksLike, ReadError, RecogniseError};
use keystore::request_config::RequestConfigError;
use keystore::store::{CommitError, StoreError};

use super::{Failure, import, vault};
use crate::outside::OutsideError;

/// What to do next.
pub(super) fn hint(failure: &Failure) -> Option<String> {
    use Failure as F;
    match failure {
        F::Missing { flag, .. } => Some(format!("give {flag}, or run this on a terminal to be asked")),
        F::Usage { hint, .. } => Some((*hint).to_owned()),
        F::Arguments { hint, .. } => Some(hint.clone()),
        F::NoSystemRoots => Some(
            "install its bundle (Debian package ca-certificates), or say whom to trust with --roots FILE".to_owned(),
        ),
        F::WantedKey { .. } => Some("say which one to make with --algorithm".to_owned()),
        F::RequestDeclined { key } => Some(format!("`keyring make-csr {key}` makes its request")),
        F::Output(_) => {
            Some("what the command was to change is changed: `keyring status` and `keyring log` show it".to_owned())
        }
        F::Path(error) | F::Endpoint(EndpointError::Service(error)) => path_hint(error),
        F::PlainName(error) => name_hint(error),
        F::ProbeUrl(error) => url_hint(error),
        F::Host(error) => host_hint(error).map(str::to_owned),
        F::Recipient(_) => {
            Some("`age-keygen` prints one as `Public key`; others, of ssh or plugins, are not known here".to_owned())
        }
        F::Identities { .. } => Some(
            "give a file that `age-keygen` made; one that is encrypted itself is opened with `age -d` first".to_owned(),
        ),
        F::Keystore(error) => keystore_hint(error),
        F::CaPassphraseMissing { name } => Some(format!(
            "give --passphrase-file or --passphrase-env, or say once for all where it is with `keyring set-authority {name} \
             --passphrase file:/PATH`"
        )),
        F::PassphraseMissing { .. } => {
            Some("give --passphrase-file or --passphrase-env, or run this on a terminal to be asked".to_owned())
        }
        F::NotRecognised { source, .. } => Some(recognise_hint(source).to_owned()),
        F::NothingReadable { .. } => {
            Some("copy the files again; text from its BEGIN line to its END line, the rest as binary".to_owned())
        }
        F::Outside(error) => outside_hint(error).map(str::to_owned),
        F::Folder { source, .. } => disk_hint(source).map(str::to_owned),
        F::RequestNotWritten { kept, .. } => Some(format!("send {} to the authority", kept.display())),
        F::RequestsNotWritten { .. } => {
            Some("`keyring show KEY` names the folder that a request is kept in".to_owned())
        }
        F::Publishing(fault) if fault.is_undone() => {
            Some("what is staged stays staged: mend what is named and commit again".to_owned())
        }
        F::Publishing(_) => Some(
            "look at the services that are named, with `keyring probe`; `keyring publish` tells them again".to_owned(),
        ),
        F::Account { service, .. } => {
            Some(format!("`keyring set-service {service} --owner NAME --group NAME` says whose they are"))
        }
        F::Service { hint, .. } | F::AuthoritySetting { hint, .. } => Some((*hint).to_owned()),
        F::Authority(fault) => fault.hint(),
        F::Passphrase { .. } => Some(
            "the passphrase is the first line of a file, a whole variable, or an answer; leave the flag out where \
                 none is wanted"
                .to_owned(),
        ),
        _ => None,
    }
}

fn outside_hint(error: &OutsideError) -> Option<&'static str> {
    match error {
        OutsideError::Exists { .. } => Some("name another file, or say --force to replace it"),
        OutsideError::NotAFile { .. } => Some("name a file; `-` is standard output where the command takes it"),
        OutsideError::FolderExists { .. } => Some("name a folder that is not there yet"),
        OutsideError::NoHome => Some("say where with --store DIR"),
        OutsideError::NoVariable { .. } | OutsideError::NotText { .. } => {
            Some("--passphrase-env takes the name of a variable that holds the passphrase")
        }
        OutsideError::LineNotText { .. } => Some("give a file whose first line is the passphrase"),
        OutsideError::Io { source, .. } if is_full(source) => Some(MAKE_ROOM),
        OutsideError::Io { .. } | OutsideError::TooLarge { .. } => None,
    }
}

pub(super) fn recognise_hint(error: &RecogniseError) -> &'static str {
    match error {
        RecogniseError::NotRecognised { looks_like: LooksLike::Html } => {
            "the authority's page was saved instead of the certificate"
        }
        RecogniseError::NotRecognised { looks_like: LooksLike::OpensshKey } => {
            "give the private key, not its public half of one line"
        }
        RecogniseError::NotRecognised { .. } => "give certificates, requests, revocation lists or keys",
        RecogniseError::Empty => "copy the file again",
        RecogniseError::TooMany { .. } => "give a part of it",
    }
}

const DOCTOR: &str = "`keyring doctor` names everything that is damaged and what mends it; nothing was changed";

const MAKE_ROOM: &str = "make room there and try again";

fn is_full(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
}

/// What to do when the keystore's disk refuses.
fn disk_hint(error: &std::io::Error) -> Option<&'static str> {
    match error.kind() {
        _ if is_full(error) => Some(MAKE_ROOM),
        ErrorKind::PermissionDenied => Some("run this as the keystore's owner"),
        _ => None,
    }
}

fn path_hint(error: &PathError) -> Option<String> {
    match error {
        PathError::Name(error) => name_hint(error),
        PathError::Form { .. } => None,
    }
}

fn name_hint(error: &NameError) -> Option<String> {
    match &error.fault {
        NameFault::UpperCase { lower } => Some(format!("write it {lower:?}")),
        _ => None,
    }
}

fn url_hint(error: &ProbeUrlError) -> Option<String> {
    let hint = match error {
        ProbeUrlError::Scheme { scheme } if scheme == "http" => "HTTP has no TLS: was https meant?",
        ProbeUrlError::Scheme { .. } => {
            "known are https, smtps, imaps, pop3s, nntps, ldaps, ftps and xmpps; smtp, imap, pop3, nntp, ldap, sieve, \
             ftp, xmpp, postgres and mysql with +starttls; and tls for anything else"
        }
        ProbeUrlError::NoStartTls { .. } => "leave +starttls out",
        ProbeUrlError::User { .. } | ProbeUrlError::Path { .. } => "give SCHEME://HOST:PORT alone",
        ProbeUrlError::ImplicitPort { implicit, explicit, .. } => {
            return Some(format!(
                "write it {implicit}://HOST:PORT, or {explicit}:// where it is STARTTLS all the same"
            ));
        }
        ProbeUrlError::Host(error) => return host_hint(error).map(str::to_owned),
        ProbeUrlError::Form { .. }
        | ProbeUrlError::Brackets { .. }
        | ProbeUrlError::Port { .. }
        | ProbeUrlError::NoPort { .. } => return None,
    };
    Some(hint.to_owned())
}

fn host_hint(error: &HostError) -> Option<&'static str> {
    match error {
        HostError::NotAscii { .. } => Some("write it with A-labels, as xn--bcher-kva.example"),
        HostError::Form { .. } | HostError::Ipv6(_) => None,
    }
}

fn keystore_hint(error: &E) -> Option<String> {
    let hint = match error {
        E::Store(error) => return store_hint(error),
        E::Commit(error) => return commit_hint(error),
        E::Backup(error) => return vault::backup_hint(error),
        E::Opening(error) => return vault::opening_hint(error),
        E::Restore(error) => return vault::restore_hint(error),
        E::NothingWaits { key } => format!("leave it out: `keyring show {key}` shows what there is"),
        E::KeyStaged { key } => format!("`keyring discard {key}` takes back what is staged"),
        E::KeyNotFound { key } => format!("`keyring create-key {key}` makes it; `keyring list` shows what there is"),
        E::NoKeyThen { .. } => "`keyring log` shows what each generation changed".to_owned(),
        E::NothingSaid { service } => format!("`keyring set-service {service} --profile PROFILE` says it"),
        E::NothingThere { .. } => "`keyring list` shows what there is".to_owned(),
        E::KeyHasCertificate { key } => {
            format!(
                "`keyring create-key {key} --next` makes a new private key beside the one in use; import-key has --next too"
            )
        }
        E::KeyWaits { key, state: "compromised" } => {
            format!("`keyring create-key {key} --next` makes a new private key in its place")
        }
        E::KeyWaits { key, state: "installed" } => format!(
            "`keyring commit` makes it current, and `keyring create-key {key} --next` then a new private key; or choose \
             another name"
        ),
        E::KeyWaits { key, .. } => format!("`keyring make-csr {key}` makes a request with it; or choose another name"),
        E::Lines { faults } if faults.iter().all(|line| matches!(line.fault, AskedFault::Exists { .. })) => {
            "--skip-existing passes over the keys that are there".to_owned()
        }
        E::Desired { .. } => "mend these; `keyring apply --help` shows examples, nothing was changed".to_owned(),
        E::Lines { .. } => "`keyring create-key --help` shows what a line holds".to_owned(),
        E::NothingToFollow { key } => {
            format!(
                "`keyring make-csr {key}` makes a request with the private key there is; commit its certificate first"
            )
        }
        E::NextExists { key, .. } => {
            format!("`keyring make-csr {key}` makes a request with it; `keyring show {key}` shows it")
        }
        E::EndpointNameless { endpoint } => format!(
            "name it with --san, or say what {} is reached by: `keyring set-service {} --probe-name HOST`",
            endpoint.service, endpoint.service
        ),
        E::NothingToRequest { key } => format!(
            "`keyring create-key {key} --next` makes a new private key first; --reuse-key asks for the one in use again"
        ),
        E::NothingToReuse { key } => format!("leave --reuse-key out: `keyring show {key}` shows what there is"),
        E::PrivateKey { source, .. } if source.is_wrong_passphrase() => {
            "try the passphrase again: nothing was changed".to_owned()
        }
        E::KeyChanged { .. } => "try again".to_owned(),
        E::KeyGoes { renamed_to: Some(to), .. } => {
            format!("use {to}, or take the renaming back with `keyring discard {to}`")
        }
        E::KeyGoes { key, .. } => format!("`keyring discard {key}` takes its deletion back"),
        E::KeyHasStaged { key } => {
            format!("commit them first, or take them back with `keyring discard {key}`; `keyring status` shows them")
        }
        E::KeyBound { .. } => "bind its endpoints to another key first, or say --unbind to free them".to_owned(),
        E::VersionNotFound { key, .. } => format!("`keyring show {key}` shows its versions"),
        E::Import { files, source } => return import::hint(files, source),
        E::Compromised { key, .. } | E::WeakKey { key, .. } => {
            format!("`keyring make-csr {key} --new-key` makes a new private key and its request")
        }
        E::StageNotEmpty => "commit them, or take them back with `keyring discard`".to_owned(),
        E::RollbackRefused { .. } => "say --force to bring them back all the same; nothing was changed".to_owned(),
        E::Unreadable { source, .. } => return read_hint(source),
        E::Base(error) => base_hint(error).to_owned(),
        E::NoRequest { key, .. } => format!("`keyring make-csr {key}` makes one; `keyring show {key}` shows them"),
        E::WrongKey { belongs_to: Some(key), .. } => format!("it is for {key}: `keyring install-cert {key} ...`"),
        E::WrongKey { key, .. } => {
            format!(
                "ask for the certificate of the request that `keyring show {key}` names; the key still waits for it"
            )
        }
        E::Roots { .. } => {
            "give certificates in PEM, base64, DER or PKCS#7; `system` means this machine's own".to_owned()
        }
        E::Lists { .. } => "give revocation lists (CRLs) in PEM or DER".to_owned(),
        E::Revoked { .. } => "ask the authority why, and for another one; the key still waits for it".to_owned(),
        E::Export { source: ExportError::Provider { .. }, .. } => {
            "leave --profile exchange out, or make an RSA key: Exchange takes no other".to_owned()
        }
        E::Export { source: ExportError::Differs { .. }, .. } => {
            "nothing was left there; please report this".to_owned()
        }
        E::Export { .. } => return None,
        E::NoCertificate { key } => format!("`keyring install-cert {key} FILE` installs one"),
        E::Expired { .. } => "ask the authority for a new certificate; the key still waits for it".to_owned(),
        E::NotYetValid { .. } => "check this machine's clock, or install it when it is valid".to_owned(),
        E::NotBound { .. } => "`keyring list` shows what is bound".to_owned(),
        E::AuthorityNotFound { name } => {
            format!("`keyring set-authority {name} --kind KIND` describes it; `keyring list-authorities` shows them")
        }
        E::AuthorityInUse { .. } => {
            "`keyring set-renewal KEY --authority NAME` names another one, `--remove` none; `keyring collect` installs \
             replies"
                .to_owned()
        }
        E::NoRequestWaits { key } => {
            format!("`keyring make-csr {key}` makes one; `keyring show {key}` shows what there is")
        }
        E::NoRenewal { key } => format!("`keyring set-renewal {key} --authority NAME` says it; commit that"),
        E::NotSubmitted { key } => format!("`keyring submit {key} --to NAME` hands it in"),
        E::SubmittedElsewhere { key, .. } => {
            format!("`keyring collect {key}` asks there; `keyring make-csr {key}` makes a request for another one")
        }
        E::Refused { .. } => "mend these, or take them back with `keyring discard`; nothing was changed".to_owned(),
        E::Warned { .. } => "mend these, or commit without --strict".to_owned(),
        E::NotUnlocked { .. } => {
            "give --passphrase-file or --passphrase-env, or run this on a terminal to be asked".to_owned()
        }
        E::CommitRunning => "wait for it; `keyring status` shows what is left".to_owned(),
        E::NotIssued { source, .. } => return issue_hint(source),
        E::NotARequest { .. } => "give a request (PKCS#10) in PEM, base64 or DER".to_owned(),
        E::CaKey { source, .. } if source.is_wrong_passphrase() => {
            "give the passphrase that `keyring create-ca` was given".to_owned()
        }
        E::CaKey { .. } => return None,
        E::AuthorityExists { .. } => "`keyring list-authorities` shows them; give this one another name".to_owned(),
        E::NotALocalCa { .. } => "`keyring create-ca NAME` makes one; `keyring list-authorities` shows them".to_owned(),
        E::AuthorityKeepsKeys { .. } => {
            "it stays what it is: nothing here throws away private keys of authorities".to_owned()
        }
        E::LocalCaRemains { name, .. } => {
            format!("put authorities/{name}/authority.json back from a backup, or give another name")
        }
        E::NotOnList { name, .. } => format!("`keyring list-issued --ca {name}` shows what it has issued"),
        E::NotForExchange { key, .. } => {
            format!("`keyring create-key {key} --next --algorithm rsa-2048` makes one; without --next for a new key")
        }
        E::PrivateKey { .. } | E::AccountKey { .. } | E::Request { .. } | E::Subject(_) | E::Chain(_) => {
            return None;
        }
    };
    Some(hint)
}

fn issue_hint(error: &IssueError) -> Option<String> {
    let hint = match error {
        IssueError::NoHost | IssueError::Nameless => "say what clients call the server: --cn HOST or --san dns:NAME",
        IssueError::OutsideConstraints { .. } => "leave these names out, or have another authority certify them",
        IssueError::WeakKey { .. } => "make a new private key for it",
        IssueError::Request(_) => "copy the request again, or have a new one made",
        IssueError::BeyondIssuer { .. } => "ask for fewer days",
        IssueError::IssuerNotValid { .. } => {
            "look at this machine's clock; an authority that has ended is replaced by a new one"
        }
        _ => return None,
    };
    Some(hint.to_owned())
}

fn base_hint(error: &BaseError) -> &'static str {
    match error {
        BaseError::Certificate { .. } => "give the certificate that is to be renewed: PEM, base64, DER or PKCS#7",
        BaseError::Several { .. } => "give a file with one of them, and its chain at most",
        BaseError::Request { .. } => "give a request (PKCS#10) in PEM, base64 or DER",
        BaseError::Config { source: RequestConfigError::Lines { .. }, .. } => {
            "take these lines out, or change them, and say the rest on the command line"
        }
        BaseError::Config { .. } => "give a config of `openssl req` or an INF file of `certreq`",
    }
}

fn read_hint(error: &ReadError) -> Option<String> {
    match error {
        ReadError::NotACertificate { looks_like } => Some(match looks_like {
            LooksLike::Request => "send the request to the authority and install what comes back".to_owned(),
            LooksLike::Html => "the authority's page was saved instead of the certificate".to_owned(),
            _ => "give the certificate that the authority sent back: PEM, base64, DER or PKCS#7".to_owned(),
        }),
        ReadError::DamagedBase64 { .. } | ReadError::UnterminatedBlock { .. } => {
            Some("copy the certificate again, from its BEGIN line to its END line".to_owned())
        }
        _ => None,
    }
}

fn store_hint(error: &StoreError) -> Option<String> {
    Some(match error {
        StoreError::NoKeystore { .. } => "`keyring init` makes one; --store DIR names another place".to_owned(),
        StoreError::AlreadyThere { .. } => "use it as it is, or name another place with --store DIR".to_owned(),
        StoreError::Incomplete { .. } => {
            "run what was cut off again: `keyring restore FILE` or `keyring init`".to_owned()
        }
        StoreError::NotEmpty { .. } => "name an empty or a new folder with --store DIR".to_owned(),
        StoreError::WritableByOthers { path, .. } => format!("`chmod go-w {}`", path.display()),
        StoreError::ForeignOwner { .. } => "run this as its owner".to_owned(),
        StoreError::NewerFormat { .. } => "use a newer keyring".to_owned(),
        StoreError::Damaged { .. } => DOCTOR.to_owned(),
        StoreError::Disk(error) if error.is_barred() => DOCTOR.to_owned(),
        StoreError::NoGeneration { .. } => "`keyring log` shows the generations".to_owned(),
        StoreError::Pruned { .. } => {
            "`keyring log` shows what is kept; a backup with --history from before has the rest".to_owned()
        }
        StoreError::Locked { .. } => "try again, or wait longer with --lock-wait SECONDS".to_owned(),
        StoreError::Config { .. } => "mend the file with an editor".to_owned(),
        StoreError::OutsideNoFolder { path } => {
            format!("make it first: `install -d -m 0755 {}`; nothing was changed", path.display())
        }
        StoreError::OutsideLinked { .. } => "name the folder that it leads to; nothing was changed".to_owned(),
        StoreError::OutsideWithin { .. } => {
            "services read live/ there as it is: name a folder elsewhere, or none; nothing was changed".to_owned()
        }
        StoreError::OutsideForeign { path, .. } => {
            format!(
                "name a folder of root's, or run this as its owner: `ls -ld {}`; nothing was changed",
                path.display()
            )
        }
        StoreError::OutsideWritable { path, .. } => {
            format!("`chmod go-w {}`, or name another folder; nothing was changed", path.display())
        }
        StoreError::OutsideNoFile { .. } => {
            "name the file that the service is to read, or move what stands there away; nothing was changed".to_owned()
        }
        StoreError::OutsideTwice { .. } => {
            "give each endpoint's service files of its own with set-service; nothing was changed".to_owned()
        }
        StoreError::OutsideGone { path } => {
            let path = path.display();
            format!("mount what its folder is on; if it was removed on purpose, `touch {path}`; then run this again")
        }
        StoreError::Disk(error) => return disk_hint(&error.source).map(str::to_owned),
        StoreError::Interrupted => return None,
    })
}

fn commit_hint(error: &CommitError) -> Option<String> {
    Some(match error {
        CommitError::NotBegun(error) => return store_hint(error),
        CommitError::Undone(_) => "mend the cause and commit again: the changes are still staged".to_owned(),
        CommitError::UndoIncomplete { .. } => {
            "mend the cause and run any command that writes: it takes the commit back first".to_owned()
        }
        CommitError::NotDurable { .. } => {
            "see to the disk (`dmesg` tells); the next command that writes tries again, and `keyring log` shows what is there"
                .to_owned()
        }
        CommitError::Unfinished { .. } => "the next command that writes clears up".to_owned(),
        CommitError::Moved => "try again".to_owned(),
    })
}
