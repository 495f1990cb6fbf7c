//! An authority that speaks ACME (RFC 8555). What it was asked for is an order with a URL: noted before anything else is
//! done with it, and taken up again wherever it stands.

mod account;
mod answers;
mod certificate;
mod dns;
mod fault;
mod http;
mod jws;
mod listener;
mod order;
mod problem;
mod renewal_info;
mod tls_alpn;
mod update;

use std::sync::Mutex;
use std::time::{Duration, Instant};

use keystore::model::AcmeSettings;
use keystore::name::AuthorityName;
use keystore::ops::desk::{Authority, Reply, Window};
use keystore::pki::Certificate;
use keystore::store::Keystore;

pub(crate) use fault::AcmeFault;

use self::account::Account;
use self::answers::Answers;
use self::http::Wire;
use super::{AuthorityFault, Order};
use crate::error::Failure;

/// How long to leave an order alone before it is asked after, when its authority says nothing.
const PAUSE: Duration = Duration::from_secs(2);

pub(super) struct AcmeAuthority<'k> {
    name: AuthorityName,
    settings: AcmeSettings,
    keystore: &'k Keystore,
    /// The way to it, once it was needed.
    wire: Mutex<Option<Wire>>,
    /// The account with it, once it was needed.
    account: Mutex<Option<Account>>,
    /// Orders are placed and noted one by one: what waits without a note can then be told from what was noted.
    placing: Mutex<()>,
    answers: Answers,
    /// When it wants to be asked again.
    again: Mutex<Option<Instant>>,
}

impl<'k> AcmeAuthority<'k> {
    pub(super) fn new(name: AuthorityName, settings: AcmeSettings, keystore: &'k Keystore) -> Self {
        let answers = Answers::new(name.clone(), settings.proof.clone());
        Self {
            name,
            settings,
            keystore,
            wire: Mutex::default(),
            account: Mutex::default(),
            placing: Mutex::default(),
            answers,
            again: Mutex::default(),
        }
    }

    fn failed(&self, source: AcmeFault) -> Failure {
        AuthorityFault::Acme { authority: self.name.clone(), source }.into()
    }
}

impl Authority<Failure> for AcmeAuthority<'_> {
    fn submit(&self, order: &Order<'_>) -> Result<Reply, Failure> {
        self.go_on(order, true)
    }

    fn collect(&self, order: &Order<'_>) -> Result<Reply, Failure> {
        self.go_on(order, false)
    }

    fn pause(&self) -> Duration {
        let again = *lock(&self.again);
        again.map_or(PAUSE, |again| again.saturating_duration_since(Instant::now()).max(PAUSE))
    }

    fn suggested(&self, leaf: &Certificate, _chain: &[Certificate]) -> Result<Option<Window>, Failure> {
        let wire = self.wire().map_err(|fault| self.failed(fault))?;
        renewal_info::window(&wire, &self.settings.directory, leaf).map_err(|fault| self.failed(fault))
    }
}

/// What is in a mutex: everything that is put into one here is put in whole.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
