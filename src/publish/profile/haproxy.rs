//! HAProxy: one file with everything, so that one rename changes all of it.

use keystore::model::FileForm;

use super::{Knowledge, UNKNOWN};

pub(super) const KNOWLEDGE: Knowledge = Knowledge {
    forms: &[FileForm::Combined],
    test: Some(&["haproxy", "-c", "-f", "/etc/haproxy/haproxy.cfg"]),
    reload: Some(&["systemctl", "reload", "haproxy"]),
    configuration: "the frontend in /etc/haproxy/haproxy.cfg",
    lines: |files| vec![format!("bind :443 ssl crt {}", files.text(FileForm::Combined))],
    remarks: &["HAProxy reloads gracefully in master-worker mode alone (-W), as Debian's unit runs it."],
    ..UNKNOWN
};
