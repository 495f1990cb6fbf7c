//! OpenLDAP's slapd: SIGHUP ends it. It reads its files again when the settings that name them are written again, the
//! same values included, which one operation does for all three.

use keystore::model::FileForm;

use super::{Files, Knowledge, UNKNOWN};

pub(super) const KNOWLEDGE: Knowledge = Knowledge {
    forms: &[FileForm::Certificate, FileForm::PrivateKey, FileForm::FullChain],
    owner: Some("openldap"),
    group: Some("openldap"),
    reload: Some(&["ldapmodify", "-Q", "-Y", "EXTERNAL", "-H", "ldapi:///"]),
    reload_input: Some(modification),
    configuration: "cn=config, by ldapmodify",
    lines: |files| modification(files).lines().map(str::to_owned).collect(),
    remarks: &["The reload gives these lines to ldapmodify on standard input: slapd ends at SIGHUP."],
    ..UNKNOWN
};

/// RFC 2849: one change of all that names files. A chain that is empty would be refused as a file of authorities.
fn modification(files: &Files) -> String {
    let attributes = [
        ("olcTLSCACertificateFile", FileForm::FullChain),
        ("olcTLSCertificateFile", FileForm::Certificate),
        ("olcTLSCertificateKeyFile", FileForm::PrivateKey),
    ];
    let replace = |(attribute, form)| format!("replace: {attribute}\n{attribute}: {}\n-\n", files.text(form));
    let replaces: String = attributes.into_iter().map(replace).collect();
    format!("dn: cn=config\nchangetype: modify\n{replaces}")
}
