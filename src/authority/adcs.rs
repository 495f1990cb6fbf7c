//! A Windows certification authority (Active Directory Certificate Services), by the pages of its web enrolment. What it
//! calls a request is a number, which is noted before anything else is done with it.

mod curl;
mod fault;
mod form;
mod http;
mod page;

use std::iter;
use std::time::Duration;

use keystore::model::AdcsSettings;
use keystore::name::AuthorityName;
use keystore::ops::desk::{Authority, Reply};
use keystore::ops::install_cert::Input;
use keystore::pki::{Certificate, read_certificates};
use zeroize::Zeroizing;

pub(crate) use fault::AdcsFault;

use self::http::{Answer, Wire};
use self::page::{Page, RequestId};
use super::{AuthorityFault, Order};
use crate::error::Failure;

/// Where requests are handed in, and asked after.
const FINISH: &str = "certfnsh.asp";
/// How long to leave it alone before it is asked again: somebody there has to do something.
const PAUSE: Duration = Duration::from_secs(5);

pub(super) struct AdcsAuthority {
    pub(super) name: AuthorityName,
    pub(super) settings: AdcsSettings,
}

impl Authority<Failure> for AdcsAuthority {
    fn submit(&self, order: &Order<'_>) -> Result<Reply, Failure> {
        let wire = self.wire()?;
        let form = form::request(&order.waiting.request.to_pem(), self.settings.template.as_ref());
        let answer = wire.post(FINISH, &form).map_err(|fault| self.failed(fault.of_handing_in()))?;
        match page::read(&answer.page()) {
            Page::Issued(id) => {
                (order.note)(&id.to_string())?;
                self.fetch(&wire, order, id)
            }
            Page::Pending(Some(id)) => {
                (order.note)(&id.to_string())?;
                Ok(self.waits(id))
            }
            Page::Denied { id, reason } => {
                if let Some(id) = id {
                    (order.note)(&id.to_string())?;
                }
                Err(self.refused(order, reason))
            }
            Page::Failed(reason) => Err(self.failed(AdcsFault::Failed(reason))),
            Page::Pending(None) | Page::Other(_) => Err(self.failed(odd(&wire, FINISH, &answer).of_handing_in())),
        }
    }

    /// One whose number is not known never came there, or its number was lost on the way: it is handed in again.
    fn collect(&self, order: &Order<'_>) -> Result<Reply, Failure> {
        match order.ticket.and_then(|ticket| ticket.parse().ok()) {
            Some(id) => self.fetch(&self.wire()?, order, id),
            None => self.submit(order),
        }
    }

    fn pause(&self) -> Duration {
        PAUSE
    }
}

/// A page that is none of those that are known.
fn odd(wire: &Wire, page: &str, answer: &Answer) -> AdcsFault {
    AdcsFault::Odd { url: wire.url(page), title: page::title(&answer.page()) }
}

impl AdcsAuthority {
    fn wire(&self) -> Result<Wire, Failure> {
        Wire::new(&self.settings).map_err(|fault| self.failed(fault))
    }

    fn failed(&self, source: AdcsFault) -> Failure {
        AuthorityFault::Adcs { authority: self.name.clone(), source }.into()
    }

    fn refused(&self, order: &Order<'_>, reason: String) -> Failure {
        AuthorityFault::Refused { authority: self.name.clone(), key: order.waiting.key.clone(), reason }.into()
    }

    fn waits(&self, id: RequestId) -> Reply {
        Reply::Waiting(format!("{} has it as request {id}, which somebody has to approve there", self.name))
    }

    /// The certificate of a request with its chain, or why there is none.
    fn fetch(&self, wire: &Wire, order: &Order<'_>, id: RequestId) -> Result<Reply, Failure> {
        let failed = |fault| self.failed(fault);
        let answer = wire.get(&format!("certnew.cer?ReqID={id}&Enc=b64")).map_err(failed)?;
        if answer.is_page() {
            return self.standing(wire, order, id, &answer);
        }
        let chain = chain(wire, id, &answer.body).map_err(failed)?;
        let reply = self.input("the reply", answer.body);
        Ok(Reply::Issued(iter::once(reply).chain(chain.map(|chain| self.input("the chain", chain))).collect()))
    }

    fn input(&self, what: &str, bytes: Vec<u8>) -> Input {
        Input { name: format!("{what} of {}", self.name), bytes: Zeroizing::new(bytes) }
    }

    /// Where a request stands whose certificate can't be had. The page that came in its place may say it; the one that
    /// is there for the question does.
    fn standing(&self, wire: &Wire, order: &Order<'_>, id: RequestId, answer: &Answer) -> Result<Reply, Failure> {
        match page::read(&answer.page()) {
            Page::Denied { reason, .. } => return Err(self.refused(order, reason)),
            Page::Pending(_) => return Ok(self.waits(id)),
            Page::Issued(_) | Page::Failed(_) | Page::Other(_) => {}
        }
        let answer = wire.post(FINISH, &form::question(id)).map_err(|fault| self.failed(fault))?;
        match page::read(&answer.page()) {
            Page::Denied { reason, .. } => Err(self.refused(order, reason)),
            Page::Pending(_) => Ok(self.waits(id)),
            Page::Failed(reason) => Err(self.failed(AdcsFault::Failed(reason))),
            Page::Issued(_) | Page::Other(_) => Err(self.failed(odd(wire, FINISH, &answer))),
        }
    }
}

/// The file with the authorities above a certificate: that of the newest certificate of the authority, else that of the
/// request. None where neither leads on; the checks of the reply say so then.
fn chain(wire: &Wire, id: RequestId, certificate: &[u8]) -> Result<Option<Vec<u8>>, AdcsFault> {
    let Ok(leaf) = read_certificates(certificate) else { return Ok(None) };
    let leads_on = |found: &[Certificate]| leaf.iter().any(|leaf| found.iter().any(|it| it.subject() == leaf.issuer()));
    let renewals = page_or_none(wire, "certcarc.asp")?.and_then(|answer| page::renewals(&answer.page()));
    let of_authority = renewals.map(|number| format!("certnew.p7b?ReqID=CACert&Renewal={number}&Enc=bin"));
    for file in of_authority.into_iter().chain([format!("certnew.p7b?ReqID={id}&Enc=bin")]) {
        let Some(answer) = page_or_none(wire, &file)? else { continue };
        if read_certificates(&answer.body).is_ok_and(|found| leads_on(&found)) {
            return Ok(Some(answer.body));
        }
    }
    Ok(None)
}

/// A page that need not be there.
fn page_or_none(wire: &Wire, page: &str) -> Result<Option<Answer>, AdcsFault> {
    match wire.get(page) {
        Ok(answer) => Ok(Some(answer)),
        Err(AdcsFault::Status { .. }) => Ok(None),
        Err(fault) => Err(fault),
    }
}
