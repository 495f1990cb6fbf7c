//! Problem documents (RFC 7807) in plain words.

use serde::Deserialize;

/// What every type of an ACME problem begins with (RFC 8555 section 6.7).
const NAMESPACE: &str = "urn:ietf:params:acme:error:";

pub(super) const ACCOUNT_MISSING: &str = "accountDoesNotExist";
pub(super) const ALREADY_REPLACED: &str = "alreadyReplaced";
pub(super) const BAD_NONCE: &str = "badNonce";
pub(super) const EXTERNAL_ACCOUNT: &str = "externalAccountRequired";
pub(super) const MALFORMED: &str = "malformed";
pub(super) const ORDER_NOT_READY: &str = "orderNotReady";
pub(super) const RATE_LIMITED: &str = "rateLimited";
pub(super) const UNAUTHORIZED: &str = "unauthorized";
pub(super) const USER_ACTION: &str = "userActionRequired";

/// What an authority says is wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Problem {
    /// Its type, without what all begin with; other types whole.
    kind: String,
    /// What it says of it, on one line.
    detail: String,
    /// The HTTP status that came with it.
    pub(super) status: Option<u16>,
    /// What is wrong with single names.
    parts: Vec<Part>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Part {
    name: String,
    kind: String,
    detail: String,
}

impl Problem {
    /// The problem in the body of an answer. One that is none is told by its status.
    pub(super) fn read(status: u16, body: &str) -> Self {
        #[derive(Deserialize)]
        struct Document {
            #[serde(rename = "type")]
            kind: Option<String>,
            detail: Option<String>,
            #[serde(default)]
            subproblems: Vec<SubDocument>,
        }
        #[derive(Deserialize)]
        struct SubDocument {
            #[serde(rename = "type")]
            kind: Option<String>,
            detail: Option<String>,
            identifier: Option<Identifier>,
        }
        #[derive(Deserialize)]
        struct Identifier {
            value: String,
        }

        let document: Option<Document> = serde_json::from_str(body).ok();
        let Some(document) = document.filter(|it| it.kind.is_some() || it.detail.is_some()) else {
            let detail = format!("an answer with HTTP status {status} that says no more");
            return Self { kind: String::new(), detail, status: Some(status), parts: Vec::new() };
        };
        let part = |it: SubDocument| Part {
            name: plain(&it.identifier.map(|identifier| identifier.value).unwrap_or_default()),
            kind: word(it.kind.as_deref()),
            detail: plain(&it.detail.unwrap_or_default()),
        };
        Self {
            kind: word(document.kind.as_deref()),
            detail: plain(&document.detail.unwrap_or_default()),
            status: Some(status),
            parts: document.subproblems.into_iter().map(part).collect(),
        }
    }

    /// Whether it is of this type.
    pub(super) fn is(&self, kind: &str) -> bool {
        self.kind == kind
    }

    /// Whether the same request will never be signed, whoever asks again: it is about its names or its key.
    pub(super) fn is_of_request(&self) -> bool {
        const OF_REQUEST: [&str; 5] = ["rejectedIdentifier", "unsupportedIdentifier", "badCSR", "badPublicKey", "caa"];
        OF_REQUEST.contains(&self.kind.as_str())
    }

    /// What to do about it.
    pub(super) fn hint(&self) -> Option<&'static str> {
        Self::hint_of(&self.kind)
    }

    /// What to do about one of this type.
    pub(super) fn hint_of(kind: &str) -> Option<&'static str> {
        Some(match kind {
            RATE_LIMITED => "nothing is lost: `keyring collect` or the next `keyring renew` goes on when it may",
            EXTERNAL_ACCOUNT => "it gives you a key identifier and a key: --eab-kid ID --eab-key file:PATH",
            USER_ACTION => "read what it says there, agree to it, and try again",
            "invalidContact" | "unsupportedContact" => {
                "`keyring set-authority NAME --contact MAIL` names another mailbox"
            }
            "invalidProfile" => "`keyring set-authority NAME --acme-profile PROFILE` names another profile",
            "serverInternal" => "the authority has a fault of its own: try again later",
            ACCOUNT_MISSING => "the account is registered anew when it is tried again",
            _ => return None,
        })
    }
}

impl From<&instant_acme::Problem> for Problem {
    fn from(problem: &instant_acme::Problem) -> Self {
        let part = |part: &instant_acme::Subproblem| Part {
            name: part.identifier.as_ref().map(|it| it.authorized(false).to_string()).unwrap_or_default(),
            kind: word(part.r#type.as_deref()),
            detail: plain(part.detail.as_deref().unwrap_or_default()),
        };
        Self {
            kind: word(problem.r#type.as_deref()),
            detail: plain(problem.detail.as_deref().unwrap_or_default()),
            status: problem.status,
            parts: problem.subproblems.iter().map(part).collect(),
        }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        say(f, &self.kind, &self.detail)?;
        for (at, Part { name, kind, detail }) in self.parts.iter().enumerate() {
            f.write_str(if at == 0 { " (" } else { "; " })?;
            write!(f, "{name}: ")?;
            say(f, kind, detail)?;
        }
        f.write_str(if self.parts.is_empty() { "" } else { ")" })
    }
}

fn say(f: &mut std::fmt::Formatter<'_>, kind: &str, detail: &str) -> std::fmt::Result {
    match (words(kind), detail) {
        ("", "") => write!(f, "a problem that it does not explain ({kind})"),
        ("", detail) => f.write_str(detail),
        (words, "") => f.write_str(words),
        (words, detail) => write!(f, "{words}: {detail}"),
    }
}

/// What a type means; nothing where what the authority says is all there is to it.
fn words(kind: &str) -> &'static str {
    match kind {
        ACCOUNT_MISSING => "it does not know the account",
        ALREADY_REPLACED => "the certificate was replaced before",
        "badCSR" => "it does not take the request",
        BAD_NONCE => "it refused one nonce after the other",
        "badPublicKey" => "it does not take the private key",
        "caa" => "DNS forbids it to issue (CAA record)",
        "connection" => "it could not connect to the server of the name",
        "dns" => "it could not look the name up in DNS",
        EXTERNAL_ACCOUNT => "it wants an account that was made with it before (external account binding)",
        "incorrectResponse" => "it did not find the expected answer",
        "invalidContact" | "unsupportedContact" => "it does not take the contact",
        "invalidProfile" => "it has no such profile",
        RATE_LIMITED => "too many requests",
        "rejectedIdentifier" => "it does not certify the name",
        "serverInternal" => "a fault of its own",
        "tls" => "TLS with the server of the name failed",
        "unsupportedIdentifier" => "it does not certify names of this kind",
        USER_ACTION => "somebody has to do something first",
        _ => "",
    }
}

fn word(kind: Option<&str>) -> String {
    let kind = kind.unwrap_or_default();
    plain(kind.strip_prefix(NAMESPACE).unwrap_or(kind))
}

/// On one line, without control characters, and no novel: it comes from the network and goes to a terminal.
fn plain(text: &str) -> String {
    const LONGEST: usize = 500;
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST).collect();
    text.trim().trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::Problem;

    #[test]
    fn problems_are_told_in_words() {
        let body = r#"{"type":"urn:ietf:params:acme:error:rejectedIdentifier","detail":"Policy forbids it.",
            "subproblems":[{"type":"urn:ietf:params:acme:error:caa","detail":"ca.example",
            "identifier":{"type":"dns","value":"a.example"}},{"detail":"no \u001b[2J"}]}"#;
        let problem = Problem::read(403, body);
        assert!(problem.is_of_request());
        assert_eq!(
            problem.to_string(),
            "it does not certify the name: Policy forbids it (a.example: DNS forbids it to issue (CAA record): \
             ca.example; : no  [2J)"
        );
    }

    #[test]
    fn what_is_no_problem_document_is_told_by_its_status() {
        for body in ["", "<html>", "[]", "{}", "null"] {
            assert_eq!(Problem::read(502, body).to_string(), "an answer with HTTP status 502 that says no more");
        }
        let unknown = Problem::read(400, r#"{"type":"urn:example:odd"}"#);
        assert_eq!(unknown.to_string(), "a problem that it does not explain (urn:example:odd)");
    }
}
