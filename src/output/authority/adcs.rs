//! What is said of a Windows certification authority.

use keystore::model::{AdcsLogin, AdcsSettings};
use serde::Serialize;

/// What is said of a Windows certification authority.
#[derive(Serialize, Clone, PartialEq, Eq, Debug)]
pub(crate) struct AdcsJson {
    url: String,
    template: Option<String>,
    login: &'static str,
    user: Option<String>,
    password: Option<String>,
    client_certificate: Option<String>,
    roots: Option<String>,
}

impl AdcsJson {
    pub(super) fn of(settings: &AdcsSettings) -> Self {
        let AdcsSettings { url, template, login, roots } = settings;
        let (account, file) = match login {
            AdcsLogin::Basic(account) | AdcsLogin::Ntlm(account) => (Some(account), None),
            AdcsLogin::Certificate { file } => (None, Some(file)),
            AdcsLogin::Negotiate => (None, None),
        };
        Self {
            url: url.to_string(),
            template: template.as_ref().map(ToString::to_string),
            login: login.as_str(),
            user: account.map(|account| account.user.to_string()),
            password: account.map(|account| account.password.to_string()),
            client_certificate: file.map(ToString::to_string),
            roots: roots.as_ref().map(ToString::to_string),
        }
    }
}

/// `adcs at https://ca.example.com/certsrv, template WebServer, basic as EXAMPLE\keyring`
pub(super) fn line(settings: &AdcsSettings) -> String {
    let AdcsSettings { url, template, login, .. } = settings;
    let template = template.as_ref().map_or_else(|| "no template".to_owned(), |name| format!("template {name}"));
    let who = match login {
        AdcsLogin::Basic(account) | AdcsLogin::Ntlm(account) => format!(" as {}", account.user),
        AdcsLogin::Certificate { file } => format!(" in {file}"),
        AdcsLogin::Negotiate => String::new(),
    };
    let clear = if url.is_secure() { "" } else { ", without TLS" };
    format!("adcs at {url}, {template}, {}{who}{clear}", login.as_str())
}
