//! A Windows certification authority (Active Directory Certificate Services), by its web enrolment.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::SecretSource;
use crate::model::AbsolutePath;
use crate::name::serde_as_text;
use crate::pki::TemplateName;

/// A Windows certification authority, by its web enrolment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AdcsSettings {
    /// Where its web enrolment is.
    pub url: EnrolmentUrl,
    /// The certificate template, by its common name; none where it has no templates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<TemplateName>,
    /// How it is told who asks.
    pub login: AdcsLogin,
    /// A file with the roots that its own TLS is held against, in place of those of this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roots: Option<AbsolutePath>,
}

/// How a web enrolment is told who asks.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "kebab-case")]
pub enum AdcsLogin {
    /// HTTP's Basic authentication (RFC 7617).
    Basic(Account),
    /// A certificate in the TLS handshake.
    Certificate {
        /// The file with the certificate, its chain and its private key, PEM.
        file: AbsolutePath,
    },
    /// Kerberos (RFC 4559), with the ticket that the machine or its user has.
    Negotiate,
    /// NTLM (MS-NLMP).
    Ntlm(Account),
}

/// A user's name, and where the password is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Account {
    /// The name: `user`, `DOMAIN\user`, `user@domain.example`.
    pub user: UserName,
    /// Where the password is read from.
    pub password: SecretSource,
}

impl AdcsLogin {
    /// The word for it.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Basic(_) => "basic",
            Self::Certificate { .. } => "certificate",
            Self::Negotiate => "negotiate",
            Self::Ntlm(_) => "ntlm",
        }
    }
}

/// Where a web enrolment is: `https://ca.example.com/certsrv`, without a slash behind it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct EnrolmentUrl(String);

/// Text that is no such URL.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0:?} is not the URL of a web enrolment: it is written https://HOST/certsrv")]
pub struct EnrolmentUrlError(String);

impl EnrolmentUrl {
    /// The URL as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is reached over TLS.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.0.starts_with("https://")
    }

    /// The URL of one of its pages.
    #[must_use]
    pub fn page(&self, page: &str) -> String {
        format!("{}/{page}", self.0)
    }
}

impl FromStr for EnrolmentUrl {
    type Err = EnrolmentUrlError;

    fn from_str(text: &str) -> Result<Self, EnrolmentUrlError> {
        let error = || EnrolmentUrlError(text.to_owned());
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).ok_or_else(error)?;
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        // no user, and no password that would end up in messages
        let is_plain =
            !host.is_empty() && !rest.contains(['@', '#', '?', '\\', '"', '<', '>', '%', '{', '}', '[', ']']);
        let is_plain = is_plain || is_bracketed(host, path);
        if !is_plain || !text.chars().all(|c| c.is_ascii_graphic()) {
            return Err(error());
        }
        let whole = text.trim_end_matches('/');
        // where the role puts it when it is installed
        let usual = if path.trim_matches('/').is_empty() { "/certsrv" } else { "" };
        Ok(Self(format!("{whole}{usual}")))
    }
}

/// `[2001:db8::1]:8443`
fn is_bracketed(host: &str, path: &str) -> bool {
    let address = host.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let is_port =
        |text: &str| text.is_empty() || text.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok());
    let is_plain = |path: &str| path.chars().all(|c| c.is_ascii_alphanumeric() || "/-._~".contains(c));
    address.is_some_and(|(ip, port)| ip.parse::<std::net::Ipv6Addr>().is_ok() && is_port(port)) && is_plain(path)
}

impl fmt::Display for EnrolmentUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

serde_as_text!(EnrolmentUrl);

/// The name of a user, who logs in with it and a password.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct UserName(String);

/// Text that is no such name.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0:?} is not the name of a user: it has 1 to 255 characters, none of them a colon or a control character")]
pub struct UserNameError(String);

impl UserName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for UserName {
    type Err = UserNameError;

    fn from_str(text: &str) -> Result<Self, UserNameError> {
        let is_name = (1..=255).contains(&text.chars().count()) && !text.chars().any(|c| c == ':' || c.is_control());
        if is_name { Ok(Self(text.to_owned())) } else { Err(UserNameError(text.to_owned())) }
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

serde_as_text!(UserName);

#[cfg(test)]
mod tests {
    use super::{EnrolmentUrl, UserName};

    #[test]
    fn urls_are_whole_and_name_no_user() {
        for (text, url) in [
            ("https://ca.example.com", "https://ca.example.com/certsrv"),
            ("https://ca.example.com/", "https://ca.example.com/certsrv"),
            ("https://ca.example.com:8443/certsrv/", "https://ca.example.com:8443/certsrv"),
            ("http://192.0.2.7/pki/certsrv", "http://192.0.2.7/pki/certsrv"),
            ("https://[2001:db8::1]:8443/certsrv", "https://[2001:db8::1]:8443/certsrv"),
        ] {
            assert_eq!(text.parse::<EnrolmentUrl>().map(|url| url.to_string()), Ok(url.to_owned()));
        }
        for text in [
            "ca.example.com",
            "https://",
            "https:///certsrv",
            "ftp://ca.example.com",
            "https://user:word@ca.example.com/certsrv",
            "https://ca.example.com/certsrv?a=b",
            "https://ca.example.com/cert srv",
            "https://ca.example.com/certsrv\"",
            "https://[x]/certsrv",
            "https://[::1]:x/certsrv",
        ] {
            assert!(text.parse::<EnrolmentUrl>().is_err(), "{text:?}");
        }
        let url: EnrolmentUrl = "http://ca/".parse().unwrap();
        assert_eq!((url.is_secure(), url.page("certfnsh.asp").as_str()), (false, "http://ca/certsrv/certfnsh.asp"));
    }

    #[test]
    fn users_have_no_colon() {
        for text in ["svc", "EXAMPLE\\svc", "svc@example.com", "Dienst Zertifikate"] {
            assert_eq!(text.parse::<UserName>().map(|user| user.to_string()), Ok(text.to_owned()));
        }
        for text in ["", "svc:word", "a\nb", &"x".repeat(256)] {
            assert!(text.parse::<UserName>().is_err(), "{text:?}");
        }
    }
}
