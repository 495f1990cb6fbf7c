//! Nobody: certificates are signed by their own private keys, at once and many together.

use keystore::model::SelfSignedSettings;
use keystore::ops::desk::{Authority, Reply};
use keystore::ops::self_sign::sign_waiting;
use keystore::ops::submit::Waiting;
use keystore::store::Keystore;

use super::{Open, Order};
use crate::error::Failure;

pub(super) struct SelfSigned<'k> {
    pub(super) keystore: &'k Keystore,
    pub(super) settings: SelfSignedSettings,
    pub(super) open: Open<'k>,
}

impl Authority<Failure> for SelfSigned<'_> {
    fn submit(&self, order: &Order<'_>) -> Result<Reply, Failure> {
        sign_waiting(self.keystore, &self.settings, &[order.waiting], self.open)?.swap_remove(0)
    }

    fn collect(&self, order: &Order<'_>) -> Result<Reply, Failure> {
        self.submit(order)
    }

    /// Where no private key may be read at all, each request is told so by itself.
    fn sign_all(&self, requests: &[&Waiting]) -> Option<Vec<Result<Reply, Failure>>> {
        sign_waiting(self.keystore, &self.settings, requests, self.open).ok()
    }

    fn answers_once(&self) -> bool {
        false
    }
}
