//! Negotiate and NTLM, which the program curl speaks. What it shall do, with every secret, comes to it on standard
//! input: the list of processes shows none of it.

use std::fmt::Write as _;
use std::time::Duration;

use keystore::model::{AbsolutePath, Account, Hook};
use zeroize::Zeroizing;

use super::fault::AdcsFault;
use super::http::{AGENT, Answer};
use crate::authority::agent::{LIMIT, TIMEOUT};
use crate::hook::{Call, HookFault};
use crate::outside;

/// Variables of the environment that Kerberos and TLS are told by.
const VARIABLES: [&str; 6] =
    ["KRB5CCNAME", "KRB5_CONFIG", "KRB5_CLIENT_KTNAME", "HOME", "SSL_CERT_FILE", "SSL_CERT_DIR"];
/// Exit statuses of curl that say that it sent nothing: no host, no connection, no TLS.
const NEVER_LEFT: [&str; 9] = ["5", "6", "7", "35", "51", "58", "60", "77", "83"];

/// The way through curl.
pub(super) struct Curl {
    /// What every call is told.
    config: Zeroizing<String>,
}

impl Curl {
    /// With an account by NTLM, without one by Kerberos.
    pub(super) fn new(account: Option<(&Account, &str)>, roots: Option<&AbsolutePath>, is_secure: bool) -> Self {
        // large enough that no password is left behind where the text was before it grew
        let mut config = Zeroizing::new(String::with_capacity(8 << 10));
        let protocols = if is_secure { "=https" } else { "=http" };
        let (seconds, limit) = (TIMEOUT.as_secs(), LIMIT);
        let _ = write!(
            config,
            "silent\nshow-error\ngloboff\nmax-time = {seconds}\nmax-filesize = {limit}\nproto = \"{protocols}\"\n\
             user-agent = \"{AGENT}\"\nwrite-out = \"\\n%{{http_code}} %{{content_type}}\"\n"
        );
        if let Some(roots) = roots {
            push(&mut config, "cacert", &roots.to_string());
        }
        match account {
            Some((account, password)) => {
                config.push_str("ntlm\n");
                push(&mut config, "user", &Zeroizing::new(format!("{}:{password}", account.user)));
            }
            None => config.push_str("negotiate\nuser = \":\"\n"),
        }
        Self { config }
    }

    /// Asks for a page, with a form where there is one.
    pub(super) fn ask(&self, url: &str, form: Option<&str>) -> Result<Answer, AdcsFault> {
        let length = self.config.len() + url.len() + form.map_or(0, str::len) + 64;
        let mut config = Zeroizing::new(String::with_capacity(length));
        config.push_str(&self.config);
        push(&mut config, "url", url);
        if let Some(form) = form {
            push(&mut config, "data", form);
        }
        let words = ["curl", "--disable", "--config", "-"];
        let hook = Hook::Argv(words.iter().map(|word| (*word).to_owned()).collect());
        let variable = |name: &'static str| Some((name, outside::variable(name)?.into_string().ok()?));
        let call = Call {
            hook: &hook,
            variables: VARIABLES.into_iter().filter_map(variable).collect(),
            input: config.as_bytes(),
            // curl keeps to its own time
            timeout: TIMEOUT + Duration::from_secs(5),
            interruptible: true,
        };
        let reply = call.read().map_err(|source| AdcsFault::Curl { url: url.to_owned(), source })?;
        answer(reply).ok_or_else(|| AdcsFault::Odd { url: url.to_owned(), title: String::new() })
    }
}

/// A line of the config, quoted.
fn push(config: &mut String, name: &str, value: &str) {
    config.push_str(name);
    config.push_str(" = \"");
    for character in value.chars() {
        if matches!(character, '"' | '\\') {
            config.push('\\');
        }
        config.push(character);
    }
    config.push_str("\"\n");
}

/// What curl printed: the body, and behind it a line with the status and the kind of the body.
fn answer(mut reply: Vec<u8>) -> Option<Answer> {
    let at = reply.iter().rposition(|octet| *octet == b'\n')?;
    let line = std::str::from_utf8(&reply[at + 1..]).ok()?.to_owned();
    let (status, content_type) = line.split_once(' ').unwrap_or((&line, ""));
    let (status, content_type) = (status.parse().ok()?, content_type.trim().to_owned());
    reply.truncate(at);
    Some(Answer { status, content_type, body: reply, offered: Vec::new() })
}

/// Whether curl failed before it sent anything. It says so as `curl: (7) Failed to connect`.
pub(super) fn never_left(fault: &HookFault) -> bool {
    match fault {
        HookFault::Start { .. } => true,
        HookFault::Failed { output, .. } => {
            let status = output.split_once("curl: (").and_then(|(_, rest)| rest.split_once(')'));
            status.is_some_and(|(status, _)| NEVER_LEFT.contains(&status))
        }
        HookFault::TimedOut { .. } | HookFault::Interrupted { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use keystore::model::Account;

    use super::{Curl, answer, never_left, push};
    use crate::hook::HookFault;

    #[test]
    fn what_is_quoted_ends_where_it_ends() {
        let mut config = String::new();
        push(&mut config, "user", "EXAMPLE\\a:\"b\"");
        assert_eq!(config, "user = \"EXAMPLE\\\\a:\\\"b\\\"\"\n");
    }

    #[test]
    fn a_way_without_tls_is_one_without_tls() {
        let account = Account { user: "svc".parse().unwrap(), password: "file:/secret".parse().unwrap() };
        let clear = Curl::new(Some((&account, "word")), None, false).config;
        assert!(clear.contains("\nproto = \"=http\"\n") && clear.ends_with("\nntlm\nuser = \"svc:word\"\n"));
        let roots = "/etc/root.pem".parse().unwrap();
        let secure = Curl::new(None, Some(&roots), true).config;
        assert!(secure.contains("\nproto = \"=https\"\n") && secure.contains("\ncacert = \"/etc/root.pem\"\n"));
        assert!(secure.ends_with("\nnegotiate\nuser = \":\"\n"));
    }

    #[test]
    fn the_status_stands_behind_the_body() {
        let page = answer(b"<html>\n</html>\n\n401 text/html; charset=utf-8".to_vec()).unwrap();
        assert_eq!((page.status, page.content_type.as_str()), (401, "text/html; charset=utf-8"));
        assert_eq!(page.body, b"<html>\n</html>\n");
        assert_eq!(answer(b"\n200 ".to_vec()).unwrap().body, b"");
        for odd in ["", "\n", "200 text/html", "\nx y", "body\n\u{fffd}"] {
            assert!(answer(odd.as_bytes().to_vec()).is_none(), "{odd:?}");
        }
    }

    #[test]
    fn what_never_left_is_known() {
        let failed = |output: &str| HookFault::Failed {
            program: "curl".to_owned(),
            how: String::new(),
            output: output.to_owned(),
        };
        assert!(never_left(&failed("curl: (7) Failed to connect to ca port 443")));
        assert!(never_left(&failed("curl: (60) SSL certificate problem")));
        assert!(!never_left(&failed("curl: (52) Empty reply from server")));
        assert!(!never_left(&failed("killed")));
    }
}
