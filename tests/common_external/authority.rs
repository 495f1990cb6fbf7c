//! An authority as `openssl ca` makes one: a root, an issuing CA, a configuration and databases of its own.

use std::path::{Path, PathBuf};

use super::{Tool, text, write};

const CONFIGURATION: &str = r"
[ root ]
database = @DIR@/root.db
new_certs_dir = @DIR@
certificate = @DIR@/root.pem
private_key = @DIR@/root.key
default_md = sha256
default_days = 3650
policy = anything
rand_serial = yes
x509_extensions = ca

[ issuing ]
database = @DIR@/issuing.db
new_certs_dir = @DIR@
certificate = @DIR@/issuing.pem
private_key = @DIR@/issuing.key
default_md = sha256
default_days = 47
policy = anything
preserve = yes
unique_subject = no
rand_serial = yes
copy_extensions = copy
x509_extensions = server

[ anything ]
countryName = optional
stateOrProvinceName = optional
localityName = optional
organizationName = optional
organizationalUnitName = optional
commonName = optional
emailAddress = optional

[ req ]
distinguished_name = empty
prompt = no
string_mask = utf8only

[ empty ]

[ ca ]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always

[ self ]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash

[ server ]
basicConstraints = critical, CA:FALSE
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always
";

/// The authority. Its folder is somebody else's to remove.
pub(crate) struct Authority {
    folder: PathBuf,
}

impl Authority {
    /// Makes the root and the issuing CA in a new folder.
    pub(crate) fn new(folder: PathBuf) -> Self {
        std::fs::create_dir(&folder).expect("a new folder");
        let authority = Self { folder };
        let configuration = CONFIGURATION.replace("@DIR@", &text(&authority.folder));
        write(&authority.path("ca.conf"), configuration);
        for database in ["root.db", "issuing.db"] {
            write(&authority.path(database), "");
        }
        for name in ["root", "issuing"] {
            Tool::OPENSSL.run(&[
                "ecparam",
                "-name",
                "prime256v1",
                "-genkey",
                "-noout",
                "-out",
                &authority.file(&format!("{name}.key")),
            ]);
        }
        let file = |name: &str| authority.file(name);
        let request = |name: &str, subject: &str, more: &[&str]| {
            let (key, configuration) = (file(&format!("{name}.key")), file("ca.conf"));
            let usual = ["req", "-new", "-config", &configuration, "-key", &key, "-subj", subject];
            Tool::OPENSSL.run(&[&usual, more].concat());
        };
        request(
            "root",
            "/O=Keyring Tests/CN=Test Root",
            &["-x509", "-days", "3650", "-extensions", "self", "-out", &file("root.pem")],
        );
        request("issuing", "/O=Keyring Tests/CN=Test Issuing CA", &["-out", &file("issuing.csr")]);
        authority.ca("root", &file("issuing.csr"), &file("issuing.pem"));
        authority
    }

    /// Signs a request, with the names and uses it asks for. Returns the file of the certificate, which is alone in it.
    #[track_caller]
    pub(crate) fn sign(&self, request: &Path) -> PathBuf {
        let certificate = request.with_extension("pem");
        self.ca("issuing", &text(request), &text(&certificate));
        certificate
    }

    #[track_caller]
    fn ca(&self, who: &str, request: &str, certificate: &str) {
        let configuration = self.file("ca.conf");
        Tool::OPENSSL.run(&[
            "ca",
            "-batch",
            "-notext",
            "-utf8",
            "-config",
            &configuration,
            "-name",
            who,
            "-in",
            request,
            "-out",
            certificate,
        ]);
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn file(&self, name: &str) -> String {
        text(&self.path(name))
    }

    /// The root's certificate, which clients trust.
    pub(crate) fn root(&self) -> PathBuf {
        self.path("root.pem")
    }

    /// The issuing CA's certificate.
    pub(crate) fn issuing(&self) -> PathBuf {
        self.path("issuing.pem")
    }
}
