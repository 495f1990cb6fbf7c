//! An order, from wherever it stands to its certificate (RFC 8555 section 7.4).

use std::collections::BTreeSet;
use std::future::Future;
use std::time::{Duration, Instant};

use instant_acme::{AuthorizationStatus, ChallengeStatus, ChallengeType, Error, Identifier, NewOrder, OrderStatus};
use keystore::model::Proof;
use keystore::ops::account::tickets;
use keystore::ops::desk::{Reply, in_use};
use keystore::ops::install_cert::Input;
use keystore::pki::{CertificationRequest, SubjectAltName};
use rustls::pki_types::PrivatePkcs8KeyDer;
use serde_json::Value;
use zeroize::Zeroizing;

use super::account::Account;
use super::answers::Open;
use super::fault::AcmeFault;
use super::http::Wire;
use super::jws::{Author, Directory, Signer};
use super::problem::{ACCOUNT_MISSING, ALREADY_REPLACED, BAD_NONCE, MALFORMED, ORDER_NOT_READY, Problem, UNAUTHORIZED};
use super::{AcmeAuthority, Order, PAUSE, lock, renewal_info};
use crate::error::Failure;
use crate::interrupt;

/// How long one call goes after an order: its authority looks at names and signs within seconds, mostly.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often a refused nonce is replaced, beyond what instant-acme does by itself.
const NONCES: usize = 10;
/// How many orders of an account are looked at for one whose URL a crash has lost.
const LOOKED_AT: usize = 100;

/// An account's session with its authority. One thread's.
pub(super) struct Session {
    pub(super) wire: Wire,
    pub(super) account: Account,
    acme: instant_acme::Account,
    runtime: tokio::runtime::Runtime,
}

impl Session {
    fn open(authority: &AcmeAuthority<'_>, wire: Wire, account: Account) -> Result<Self, AcmeFault> {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let runtime = runtime.map_err(|error| AcmeFault::Other(error.to_string()))?;
        let key = account.key.to_pkcs8_der();
        let builder = instant_acme::Account::builder_with_http(Box::new(wire.clone()));
        let directory = authority.settings.directory.to_string();
        let opened = builder.from_parts(account.url.clone(), PrivatePkcs8KeyDer::from(key.as_slice()), directory);
        let acme = runtime.block_on(opened).map_err(|error| AcmeFault::of(error, None))?;
        Ok(Self { wire, account, acme, runtime })
    }

    fn wait<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, AcmeFault> {
        self.runtime.block_on(work).map_err(|error| AcmeFault::of(error, self.wire.seen().retry_after))
    }

    /// Does it again while only the nonce was refused. What an authority refuses for that, it has not done.
    fn persist<T>(&self, mut work: impl FnMut() -> Result<T, AcmeFault>) -> Result<T, AcmeFault> {
        for _ in 1..NONCES {
            match work() {
                Err(AcmeFault::Problem { problem, .. }) if problem.is(BAD_NONCE) => {}
                done => return done,
            }
        }
        work()
    }

    fn refresh(&self, order: &mut instant_acme::Order) -> Result<OrderStatus, AcmeFault> {
        self.persist(|| self.wait(async { order.refresh().await.map(|state| state.status) }))
    }

    /// What is at a URL, signed for.
    pub(super) fn read(&self, url: &str) -> Result<String, AcmeFault> {
        let signer = Signer::new(&self.account.key)?;
        let author = Author::Account(&self.account.url);
        signer.post(&self.wire, &author, url, None).map(ureq::http::Response::into_body)
    }
}

impl Session {
    /// The JSON at a URL, where there is some.
    fn read_json(&self, url: &str) -> Option<Value> {
        serde_json::from_str(&self.read(url).ok()?).ok()
    }
}

impl AcmeAuthority<'_> {
    /// Takes an order from where it stands to its certificate, as far as it goes now. `is_new` says that it was never
    /// handed in; otherwise one without a ticket may have been placed before a crash.
    pub(super) fn go_on(&self, order: &Order<'_>, is_new: bool) -> Result<Reply, Failure> {
        let reply = self.session().and_then(|session| {
            let mut session = session;
            let mut placed = match order.ticket {
                Some(url) => self.take_up(&session, url)?,
                None => self.place(&mut session, order, is_new)?,
            };
            self.drive(&session, order, &mut placed)
        });
        reply.map_err(|failure| self.judged(order, failure))
    }

    fn session(&self) -> Result<Session, Failure> {
        let wire = self.wire().map_err(|fault| self.failed(fault))?;
        let account = self.account(&wire)?;
        Session::open(self, wire, account).map_err(|fault| self.failed(fault))
    }

    /// Tells a refusal from a failure.
    fn judged(&self, order: &Order<'_>, failure: Failure) -> Failure {
        let reason = match &failure {
            Failure::Authority(fault) => fault.acme().and_then(AcmeFault::refusal),
            _ => None,
        };
        let (authority, key) = (self.name.clone(), order.waiting.key.clone());
        match reason {
            Some(reason) => super::AuthorityFault::Refused { authority, key, reason }.into(),
            None => failure,
        }
    }

    /// An order that is known by its URL.
    fn take_up(&self, session: &Session, url: &str) -> Result<instant_acme::Order, Failure> {
        let found = session.persist(|| session.wait(session.acme.order(url.to_owned())));
        found.map_err(|fault| {
            let is_gone = fault.problem().is_some_and(|problem| {
                let kinds = [ACCOUNT_MISSING, MALFORMED, UNAUTHORIZED];
                problem.status == Some(404) || kinds.iter().any(|kind| problem.is(kind))
            });
            if is_gone { self.refused("the order is not known there any more") } else { self.failed(fault) }
        })
    }

    fn refused(&self, reason: impl Into<String>) -> Failure {
        self.failed(AcmeFault::Refused(reason.into()))
    }

    /// Places an order and notes its URL, unless a crash came between the two: then the authority is asked for it.
    fn place(&self, session: &mut Session, order: &Order<'_>, is_new: bool) -> Result<instant_acme::Order, Failure> {
        let identifiers = identifiers(&order.waiting.request).map_err(|fault| self.failed(fault))?;
        self.check_profile(session).map_err(|fault| self.failed(fault))?;
        let _one = lock(&self.placing);
        if !is_new && let Some(url) = self.lost_order(session, &identifiers)? {
            (order.note)(&url)?;
            return self.take_up(session, &url);
        }
        let mut replaces = self.replaces(session, order)?;
        let mut may_register = true;
        loop {
            let mut new = NewOrder::new(&identifiers);
            if let Some(profile) = &self.settings.profile {
                new = new.profile(profile.as_str());
            }
            if let Some(replaced) = &replaces {
                new = new.replaces(replaced.clone());
            }
            let placed = session.persist(|| session.wait(session.acme.new_order(&new)));
            // whatever is wrong with what the answer says besides: the order is there
            let seen = session.wire.seen();
            if let Some(url) = seen.location.filter(|_| placed.is_ok() || seen.status == Some(201)) {
                (order.note)(&url)?;
                return match placed {
                    Ok(placed) => Ok(placed),
                    Err(_) => self.take_up(session, &url),
                };
            }
            match placed {
                Ok(_) => {
                    let url = self.settings.directory.as_str();
                    return Err(self.failed(AcmeFault::not_acme(url, "an order without a URL")));
                }
                Err(fault) if replaces.is_some() && refuses_replacement(&fault) => replaces = None,
                Err(fault) if may_register && fault.problem().is_some_and(|it| it.is(ACCOUNT_MISSING)) => {
                    may_register = false;
                    let account = self.account_anew(&session.wire, &session.account)?;
                    let anew = Session::open(self, session.wire.clone(), account);
                    *session = anew.map_err(|fault| self.failed(fault))?;
                }
                Err(fault) => return Err(self.failed(fault)),
            }
        }
    }

    /// The certificate that this order replaces (RFC 9773 section 5), for an authority that wants to know.
    fn replaces(
        &self,
        session: &Session,
        order: &Order<'_>,
    ) -> Result<Option<instant_acme::CertificateIdentifier<'static>>, Failure> {
        let directory = Directory::read(&session.wire).map_err(|fault| self.failed(fault))?;
        if order.waiting.current.is_none() || directory.optional("renewalInfo").is_none() {
            return Ok(None);
        }
        Ok(in_use(self.keystore, &order.waiting.key)?.and_then(|(leaf, _)| renewal_info::identifier(&leaf)))
    }

    fn check_profile(&self, session: &Session) -> Result<(), AcmeFault> {
        let Some(wanted) = &self.settings.profile else { return Ok(()) };
        let directory = Directory::read(&session.wire)?;
        let offered = directory.profiles();
        if offered.contains(&wanted.as_str()) {
            return Ok(());
        }
        let offered = offered.into_iter().map(str::to_owned).collect();
        Err(AcmeFault::Profile { wanted: wanted.to_string(), offered })
    }

    /// An order of this account for the same names that no request of ours has: the one whose URL a crash has lost.
    /// Authorities need not have such a list (RFC 8555 section 7.1.2.1); those that have none give the order that
    /// still waits to whoever places the same again, or let it expire.
    fn lost_order(&self, session: &Session, identifiers: &[Identifier]) -> Result<Option<String>, Failure> {
        let known = tickets(self.keystore, &self.name)?;
        let wanted = sorted(identifiers.iter().filter_map(|it| serde_json::to_value(it).ok()));
        let account = session.read_json(&session.account.url);
        let mut list = account.and_then(|account| account["orders"].as_str().map(str::to_owned));
        let mut left = LOOKED_AT;
        while let Some(url) = list.take().filter(|_| left > 0) {
            let Some(page) = session.read_json(&url) else { break };
            list = session.wire.seen().next;
            for url in page["orders"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                left = left.saturating_sub(1);
                let order = if known.contains(url) { None } else { session.read_json(url) };
                let Some(order) = order else { continue };
                let is_open = ["pending", "ready"].iter().any(|status| order["status"] == *status);
                let names = order["identifiers"].as_array().into_iter().flatten().cloned();
                if is_open && sorted(names) == wanted {
                    return Ok(Some(url.to_owned()));
                }
            }
        }
        Ok(None)
    }

    /// From state to state, as long as it goes on and patience lasts.
    fn drive(&self, session: &Session, order: &Order<'_>, placed: &mut instant_acme::Order) -> Result<Reply, Failure> {
        let failed = |fault| self.failed(fault);
        let deadline = Instant::now() + PATIENCE;
        let mut proven = false;
        loop {
            let status = placed.state().status;
            match status {
                OrderStatus::Valid => return self.download(session, placed).map_err(failed),
                OrderStatus::Invalid => return Err(self.refused(self.why_invalid(session, placed))),
                OrderStatus::Pending if !proven => {
                    proven = true;
                    if let Some(wait) = self.prove(session, order, placed, deadline).map_err(failed)? {
                        return Ok(wait);
                    }
                    continue;
                }
                OrderStatus::Ready => match self.finalize(session, order, placed) {
                    Err(AcmeFault::Problem { problem, .. }) if problem.is(ORDER_NOT_READY) => {}
                    done => {
                        done.map_err(failed)?;
                        continue;
                    }
                },
                OrderStatus::Pending | OrderStatus::Processing => {}
            }
            if !interrupt::rest(self.heed(session), deadline) {
                let what = if status == OrderStatus::Processing { "is still signing" } else { "is not done yet" };
                return Ok(Reply::Waiting(format!("{} {what}", self.name)));
            }
            session.refresh(placed).map_err(failed)?;
        }
    }

    /// How long the authority wants to be left alone.
    fn heed(&self, session: &Session) -> Duration {
        let seen = session.wire.seen();
        *lock(&self.again) = seen.again();
        seen.retry_after.unwrap_or(PAUSE / 4).max(PAUSE / 4)
    }

    fn finalize(
        &self,
        session: &Session,
        order: &Order<'_>,
        placed: &mut instant_acme::Order,
    ) -> Result<(), AcmeFault> {
        session.persist(|| session.wait(placed.finalize_csr(order.waiting.request.as_der())))
    }

    fn download(&self, session: &Session, placed: &mut instant_acme::Order) -> Result<Reply, AcmeFault> {
        let chain = session.persist(|| session.wait(placed.certificate()))?;
        let Some(chain) = chain else { return Ok(Reply::Waiting(format!("{} is still signing", self.name))) };
        let chain = self.preferred(session, chain)?;
        Ok(Reply::Issued(vec![Input {
            name: format!("the reply of {}", self.name),
            bytes: Zeroizing::new(chain.into_bytes()),
        }]))
    }

    /// Answers the challenges of all names that are not proven, until the authority has seen the answers. What it waits
    /// for, where it is not done in time.
    fn prove(
        &self,
        session: &Session,
        order: &Order<'_>,
        placed: &mut instant_acme::Order,
        deadline: Instant,
    ) -> Result<Option<Reply>, AcmeFault> {
        let kind = self.challenge();
        let open = session.persist(|| session.wait(open_challenges(placed, &kind)))??;
        let standing = self.answers.put_up(&order.waiting.key, open)?;
        let seen = self.be_seen(session, placed, &kind, deadline);
        // a record that stays in DNS is told, also where all else went well: the order is taken up again
        let taken_down = standing.take_down();
        let seen = seen?;
        taken_down?;
        Ok(match seen {
            true => None,
            false if interrupt::requested() => Some(Reply::Waiting("interrupted".to_owned())),
            false => Some(Reply::Waiting(format!("{} still looks at the names", self.name))),
        })
    }

    /// Says that the answers are there, and waits until they are judged. Whether that came in time.
    fn be_seen(
        &self,
        session: &Session,
        placed: &mut instant_acme::Order,
        kind: &ChallengeType,
        deadline: Instant,
    ) -> Result<bool, AcmeFault> {
        let mut told = BTreeSet::new();
        if !interrupt::requested() {
            session.persist(|| session.wait(announce(placed, kind, &mut told)))?;
        }
        loop {
            if !interrupt::rest(self.heed(session), deadline) {
                return Ok(false);
            }
            if session.refresh(placed)? != OrderStatus::Pending {
                return Ok(true);
            }
        }
    }

    fn challenge(&self) -> ChallengeType {
        match self.settings.proof {
            Proof::HttpListener { .. } | Proof::HttpWebroot { .. } => ChallengeType::Http01,
            Proof::DnsCommand { .. } | Proof::DnsUpdate(_) => ChallengeType::Dns01,
            Proof::TlsAlpn { .. } => ChallengeType::TlsAlpn01,
        }
    }

    /// What the authority has against an order.
    fn why_invalid(&self, session: &Session, placed: &mut instant_acme::Order) -> String {
        let mut reasons = session.persist(|| session.wait(complaints(placed))).unwrap_or_default();
        reasons.extend(
            placed.state().error.as_ref().filter(|_| reasons.is_empty()).map(|it| Problem::from(it).to_string()),
        );
        if reasons.is_empty() { "the order has expired".to_owned() } else { reasons.join("; ") }
    }
}

/// The challenges that are still to be answered, or why there is none.
async fn open_challenges(
    placed: &mut instant_acme::Order,
    kind: &ChallengeType,
) -> Result<Result<Vec<Open>, AcmeFault>, Error> {
    let mut open = Vec::new();
    let mut authorizations = placed.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        if authorization.status != AuthorizationStatus::Pending {
            continue;
        }
        let identifier = authorization.identifier().identifier.clone();
        let (name, ip) = match identifier {
            Identifier::Ip(ip) => (ip.to_string(), Some(ip)),
            Identifier::Dns(name) => (name, None),
            other => (other.authorized(false).to_string(), None),
        };
        let offered: Vec<_> = authorization.challenges.iter().map(|it| word(&it.r#type).to_owned()).collect();
        let Some(challenge) = authorization.challenge(kind.clone()) else {
            return Ok(Err(AcmeFault::NoChallenge { name, wanted: word(kind).to_owned(), offered }));
        };
        let key_authorization = challenge.key_authorization();
        open.push(Open {
            name,
            ip,
            token: challenge.token.clone(),
            text: key_authorization.as_str().to_owned(),
            dns_value: key_authorization.dns_value(),
            digest: key_authorization.digest().as_ref().to_vec(),
        });
    }
    Ok(Ok(open))
}

/// Tells the authority that it may look, of each challenge once.
async fn announce(
    placed: &mut instant_acme::Order,
    kind: &ChallengeType,
    told: &mut BTreeSet<String>,
) -> Result<(), Error> {
    let mut authorizations = placed.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        let is_open = authorization.status == AuthorizationStatus::Pending;
        let Some(mut challenge) = authorization.challenge(kind.clone()).filter(|_| is_open) else { continue };
        if challenge.status == ChallengeStatus::Pending && !told.contains(&challenge.url) {
            challenge.set_ready().await?;
            told.insert(challenge.url.clone());
        }
    }
    Ok(())
}

/// What is wrong with each name.
async fn complaints(placed: &mut instant_acme::Order) -> Result<Vec<String>, Error> {
    let mut found = Vec::new();
    let mut authorizations = placed.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let authorization = authorization?;
        let name = authorization.identifier().to_string();
        for problem in authorization.challenges.iter().filter_map(|challenge| challenge.error.as_ref()) {
            found.push(format!("{name} is not proven: {}", Problem::from(problem)));
        }
    }
    Ok(found)
}

fn word(kind: &ChallengeType) -> &str {
    match kind {
        ChallengeType::Http01 => "http-01",
        ChallengeType::Dns01 => "dns-01",
        ChallengeType::TlsAlpn01 => "tls-alpn-01",
        ChallengeType::DeviceAttest01 => "device-attest-01",
        ChallengeType::Unknown(kind) => kind,
        _ => "another",
    }
}

/// Whether an authority takes an order, but not for what it is said to replace: it has replaced that before, or does
/// not know it.
fn refuses_replacement(fault: &AcmeFault) -> bool {
    fault.problem().is_some_and(|problem| {
        problem.status == Some(404) || [ALREADY_REPLACED, MALFORMED, UNAUTHORIZED].iter().any(|kind| problem.is(kind))
    })
}

/// What a request asks to be certified. ACME knows host names and addresses.
fn identifiers(request: &CertificationRequest) -> Result<Vec<Identifier>, AcmeFault> {
    let identifier = |name: &SubjectAltName| match name {
        SubjectAltName::Dns(name) => Ok(Identifier::Dns(name.as_str().to_owned())),
        SubjectAltName::Ip(ip) => Ok(Identifier::Ip(*ip)),
        other => Err(AcmeFault::Refused(format!("ACME certifies host names and IP addresses, and not {other}"))),
    };
    let mut found = Vec::new();
    for name in request.names() {
        let identifier = identifier(name)?;
        if !found.contains(&identifier) {
            found.push(identifier);
        }
    }
    match request.other_names() {
        _ if found.is_empty() => {
            Err(AcmeFault::Refused("the request asks for no host name and no IP address".to_owned()))
        }
        0 => Ok(found),
        _ => Err(AcmeFault::Refused(
            "the request asks for names that are neither host names nor IP addresses".to_owned(),
        )),
    }
}

fn sorted(values: impl Iterator<Item = Value>) -> Vec<String> {
    let mut texts: Vec<_> =
        values.map(|value| format!("{} {}", value["type"], value["value"]).to_lowercase()).collect();
    texts.sort();
    texts
}
