//! An imitation of a Windows authority's web enrolment (`/certsrv`): its pages, in the languages of its machine.

use std::sync::{Arc, Mutex};

use keystore::pki::{pkcs7_of, read_certificates};

use crate::common::Authority;
use crate::common::http::{Answer, Asked, Tls, serve};

/// What it does with requests that come.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Policy {
    Issue,
    /// Somebody has to approve them.
    Pend,
    Deny(&'static str),
}

/// What its pages say, in its language.
#[derive(Clone, Copy)]
pub(crate) struct Language {
    issued: &'static str,
    pending: &'static str,
    pending_id: (&'static str, &'static str),
    denied: &'static str,
    denied_id: (&'static str, &'static str),
}

pub(crate) const ENGLISH: Language = Language {
    issued: "Certificate Issued",
    pending: "Certificate Pending",
    pending_id: ("Your Request Id is ", "."),
    denied: "Certificate Request Denied",
    denied_id: ("Your Request Id is ", ". The disposition message is "),
};
pub(crate) const GERMAN: Language = Language {
    issued: "Zertifikat wurde ausgestellt",
    pending: "Zertifikat steht aus",
    pending_id: ("Ihre Anforderungskennung lautet ", "."),
    denied: "Zertifikatanforderung verweigert",
    denied_id: ("Ihre Anforderungskennung lautet ", ". Die Meldung lautet "),
};
pub(crate) const FRENCH: Language = Language {
    issued: "Certificat émis",
    pending: "Certificat en attente",
    pending_id: ("Votre ID de demande est ", "."),
    denied: "Demande de certificat refusée",
    denied_id: ("Votre ID de demande est ", ". Le message de disposition est "),
};
pub(crate) const JAPANESE: Language = Language {
    issued: "証明書は発行されました",
    pending: "保留中の証明書",
    pending_id: ("要求 ID は ", " です。"),
    denied: "証明書の要求は拒否されました",
    denied_id: ("要求 ID は ", " です。メッセージ: "),
};

/// A request that it has got.
struct Entry {
    /// The certificate; none before somebody approved it.
    leaf: String,
    policy: Policy,
}

struct State {
    entries: Vec<Entry>,
    policy: Policy,
    language: Language,
    attributes: Vec<String>,
    asked: Vec<String>,
}

type Sign = dyn Fn(&Authority, &str) -> String + Send + Sync;
/// Answers in its place, where it is not to be asked.
type Guard = dyn Fn(&Asked) -> Option<Answer> + Send + Sync;
type Change = dyn Fn(&Asked, Answer) -> Option<Answer> + Send + Sync;

/// The server. It listens until the test's process ends.
pub(crate) struct Server {
    pub(crate) url: String,
    /// The root of its own TLS, PEM.
    pub(crate) root: String,
    pub(crate) authority: Arc<Authority>,
    state: Arc<Mutex<State>>,
    guard: Arc<Mutex<Arc<Guard>>>,
    change: Arc<Mutex<Arc<Change>>>,
}

impl Server {
    /// One that signs what it is sent, over TLS.
    pub(crate) fn start() -> Self {
        Self::signing(Some(Tls::new(None)), |authority, request| authority.order(request).leaf())
    }

    pub(crate) fn signing(tls: Option<Tls>, sign: impl Fn(&Authority, &str) -> String + Send + Sync + 'static) -> Self {
        let authority = Arc::new(Authority::new());
        let state = State {
            entries: Vec::new(),
            policy: Policy::Issue,
            language: ENGLISH,
            attributes: Vec::new(),
            asked: Vec::new(),
        };
        let state = Arc::new(Mutex::new(state));
        let nothing: Arc<Change> = Arc::new(|_: &Asked, answer| Some(answer));
        let change = Arc::new(Mutex::new(nothing));
        let nobody: Arc<Guard> = Arc::new(|_: &Asked| None);
        let guard = Arc::new(Mutex::new(nobody));
        let (known, guarding, changing, signing) = (state.clone(), guard.clone(), change.clone(), authority.clone());
        let address = serve(tls.as_ref(), move |asked| {
            let guard = guarding.lock().unwrap().clone();
            if let Some(refused) = guard(asked) {
                return Some(refused);
            }
            let answer = known.lock().unwrap().answer(asked, &signing, &sign);
            let change = changing.lock().unwrap().clone();
            change(asked, answer)
        });
        let scheme = if tls.is_some() { "https" } else { "http" };
        let root = tls.map(|tls| tls.root).unwrap_or_default();
        Self { url: format!("{scheme}://{address}/certsrv"), root, authority, state, guard, change }
    }

    /// What it does with requests from now on, and how it speaks.
    pub(crate) fn behave(&self, policy: Policy, language: Language) {
        let mut state = self.state.lock().unwrap();
        (state.policy, state.language) = (policy, language);
    }

    /// Somebody decides on the requests that wait.
    pub(crate) fn decide(&self, policy: &Policy) {
        let mut state = self.state.lock().unwrap();
        for entry in state.entries.iter_mut().filter(|entry| entry.policy == Policy::Pend) {
            entry.policy = policy.clone();
        }
    }

    /// Has it let nobody in but those for whom this has no answer.
    pub(crate) fn guard(&self, guard: impl Fn(&Asked) -> Option<Answer> + Send + Sync + 'static) {
        *self.guard.lock().unwrap() = Arc::new(guard);
    }

    /// Has it answer otherwise.
    pub(crate) fn change(&self, change: impl Fn(&Asked, Answer) -> Option<Answer> + Send + Sync + 'static) {
        *self.change.lock().unwrap() = Arc::new(change);
    }

    /// How many requests it has got.
    pub(crate) fn requests(&self) -> usize {
        self.state.lock().unwrap().entries.len()
    }

    /// The attributes that came with them.
    pub(crate) fn attributes(&self) -> Vec<String> {
        self.state.lock().unwrap().attributes.clone()
    }

    /// What it was asked for, without the folder.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.state.lock().unwrap().asked.clone()
    }
}

impl State {
    fn answer(&mut self, asked: &Asked, authority: &Authority, sign: &Sign) -> Answer {
        let page = asked.path.strip_prefix("/certsrv/").unwrap_or_default();
        self.asked.push(format!("{} {page}", asked.method));
        let (file, query) = page.split_once('?').unwrap_or((page, ""));
        let field = |name: &str| fields(query).into_iter().find(|(other, _)| other == name).map(|(_, value)| value);
        let entry = || field("ReqID")?.parse::<usize>().ok()?.checked_sub(1);
        match (asked.method.as_str(), file) {
            ("POST", "certfnsh.asp") => self.finish(&asked.body, authority, sign),
            ("GET", "certnew.cer") => match entry().and_then(|at| Some((at, self.entries.get(at)?))) {
                Some((_, Entry { leaf, policy: Policy::Issue })) => self.certificate(asked, leaf),
                Some((at, _)) => self.page_of(at, false),
                None => self.error("0x80094004"),
            },
            ("GET", "certcarc.asp") => {
                html("x", "<script>\nvar nRenewals=1;\nvar sServerType=\"Enterprise\";</script>")
            }
            ("GET", "certnew.p7b") => {
                let above = authority.issuing_pem() + &authority.root_pem();
                let all = match field("ReqID").as_deref() {
                    Some("CACert") if field("Renewal").as_deref() == Some("1") => above,
                    Some("CACert") => return self.error("0x80070057"),
                    _ => entry().map_or(String::new(), |at| self.entries[at].leaf.clone()) + &above,
                };
                let der = pkcs7_of(&read_certificates(all.as_bytes()).unwrap());
                Answer::new(200, der).with("Content-Type", "application/x-pkcs7-certificates")
            }
            _ => Answer::new(404, "<html><head><title>404 - File not found.</title></head></html>"),
        }
    }

    /// Whoever is no browser gets certificates as something else.
    fn certificate(&self, asked: &Asked, leaf: &str) -> Answer {
        let is_browser = asked.header("user-agent").is_some_and(|agent| agent.starts_with("Mozilla/"));
        Answer::new(200, leaf).with("Content-Type", if is_browser { "application/pkix-cert" } else { "text/html" })
    }

    fn finish(&mut self, body: &[u8], authority: &Authority, sign: &Sign) -> Answer {
        let form = fields(std::str::from_utf8(body).unwrap());
        let field = |name: &str| {
            form.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone()).unwrap_or_default()
        };
        if field("Mode") == "chkpnd" {
            return self.page_of(field("ReqID").parse::<usize>().unwrap() - 1, true);
        }
        assert_eq!((field("Mode").as_str(), field("TargetStoreFlags").as_str()), ("newreq", "0"));
        self.attributes.push(field("CertAttrib"));
        let entry = Entry { leaf: sign(authority, &field("CertRequest")), policy: self.policy.clone() };
        self.entries.push(entry);
        self.page_of(self.entries.len() - 1, true)
    }

    /// The page about a request: one that is made for it, or one that says no more than that something is wrong.
    fn page_of(&self, at: usize, is_whole: bool) -> Answer {
        let (Some(entry), said) = (self.entries.get(at), self.language) else { return self.error("0x80094004") };
        let id = at + 1;
        match &entry.policy {
            _ if !is_whole => html("?", "<P ID=locContactAdmin>?</P>"),
            Policy::Issue => html(
                said.issued,
                &format!(
                    "<A Href=\"certnew.cer?ReqID=CACert&Renewal=1\">x</A><P ID=locDownloadCert>\
                     <A Href=\"certnew.cer?ReqID={id}&amp;Enc=b64\">x</A>"
                ),
            ),
            Policy::Pend => {
                let (before, behind) = said.pending_id;
                let body = format!("<P ID=locInfoNewReq>2 3</P>\n<P ID=locInfoReqID>\n{before}{id}{behind}\n</P>");
                html(said.pending, &body)
            }
            Policy::Deny(reason) => {
                let (before, behind) = said.denied_id;
                let body = format!(
                    "<P ID=locDenied>.</P>\n<P>{before}{id}{behind}\"{reason}\".</P>\n<P ID=locContactAdmin>1</P>"
                );
                html(said.denied, &body)
            }
        }
    }

    fn error(&self, code: &str) -> Answer {
        let body = format!(
            "<P ID=locContactAdmin>x</P><DT ID=locDispMsgLabel>x</DT><DD><LocID ID=locDispMsgNone>(none)</LocID></DD>\
             <DT ID=locLastStatLabel>x</DT><DD>Fehler {code}</DD>"
        );
        html("x", &body)
    }
}

/// A page as the pages are there.
pub(crate) fn html(title: &str, body: &str) -> Answer {
    let page = format!(
        "<HTML>\n<Head>\n<Title>Microsoft Active Directory</Title>\n</Head>\n<Body>\n<P ID=locPageTitle> <B> {title} </B>\n{body}\n\
         </Body>\n</HTML>"
    );
    Answer::new(200, page).with("Content-Type", "text/html; Charset=UTF-8")
}

/// The fields of a form or a query.
fn fields(text: &str) -> Vec<(String, String)> {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (decode(name), decode(value))).collect()
}

fn decode(text: &str) -> String {
    let mut octets = Vec::new();
    let mut rest = text.bytes();
    while let Some(octet) = rest.next() {
        octets.push(match octet {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            octet => octet,
        });
    }
    String::from_utf8(octets).unwrap()
}
