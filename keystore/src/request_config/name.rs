//! The names in a config: `DNS:a.example`, `dns=a.example`.

use super::notes::Notes;
use crate::pki::SubjectAltName;

/// One name by its kind, as openssl and certreq call it.
pub(super) fn name(kind: &str, value: &str, line: usize, notes: &mut Notes) -> Option<SubjectAltName> {
    let kind = match kind.to_ascii_lowercase().as_str() {
        "dns" => "dns",
        "ip" | "ipaddress" => "ip",
        "email" => "email",
        "uri" | "url" => "uri",
        _ => {
            notes.fault(
                line,
                format!("{kind:?} is a kind of name that is not requested here: there are dns, ip, email and uri"),
            );
            return None;
        }
    };
    if kind == "email" && (value == "copy" || value == "move") {
        notes.fault(line, format!("email:{value} is not done here: write the address out"));
        return None;
    }
    notes.take(line, format!("{kind}:{value}").parse())
}
