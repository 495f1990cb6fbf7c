//! A program that is given the request on standard input and prints the certificate with its chain: the way to any
//! authority that has a command line or an API of its own.

use std::time::Duration;

use keystore::model::CommandSettings;
use keystore::name::AuthorityName;
use keystore::ops::desk::{Authority, Reply};
use keystore::ops::install_cert::Input;
use zeroize::Zeroizing;

use super::{AuthorityFault, Order};
use crate::error::Failure;
use crate::hook::{Answer, Call};

pub(super) struct CommandAuthority {
    pub(super) name: AuthorityName,
    pub(super) settings: CommandSettings,
}

impl Authority<Failure> for CommandAuthority {
    fn submit(&self, order: &Order<'_>) -> Result<Reply, Failure> {
        let (authority, key) = (self.name.clone(), order.waiting.key.clone());
        let request = order.waiting.request.to_pem();
        let call = Call {
            hook: &self.settings.run,
            variables: self.variables(order),
            input: request.as_bytes(),
            timeout: Duration::from_secs(self.settings.timeout.into()),
            interruptible: true,
        };
        match call.ask() {
            Ok(Answer::Reply(reply)) if reply.trim_ascii().is_empty() => {
                Err(AuthorityFault::NoReply { authority, key }.into())
            }
            Ok(Answer::Reply(reply)) => Ok(Reply::Issued(vec![Input {
                name: format!("the reply of {authority}"),
                bytes: Zeroizing::new(reply),
            }])),
            Ok(Answer::Refused(reason)) => Err(AuthorityFault::Refused { authority, key, reason }.into()),
            Ok(Answer::Later(said)) if said.is_empty() => Ok(Reply::Waiting(format!("{authority} has no reply yet"))),
            Ok(Answer::Later(said)) => Ok(Reply::Waiting(said)),
            Err(source) => Err(AuthorityFault::Program { authority, key, source }.into()),
        }
    }

    /// It is run again with the same request: whether it has seen it before is its own to know.
    fn collect(&self, order: &Order<'_>) -> Result<Reply, Failure> {
        self.submit(order)
    }

    fn answers_once(&self) -> bool {
        false
    }
}

impl CommandAuthority {
    /// What the program is told besides the request.
    fn variables(&self, order: &Order<'_>) -> Vec<(&'static str, String)> {
        let key = &order.waiting.key;
        let names: Vec<_> = order.waiting.request.names().iter().map(ToString::to_string).collect();
        vec![
            ("KEYRING_AUTHORITY", self.name.to_string()),
            ("KEYRING_KEY", key.to_string()),
            ("KEYRING_SERVER", key.service.server.to_string()),
            ("KEYRING_PROTOCOL", key.service.protocol.to_string()),
            ("KEYRING_NAMES", names.join(" ")),
            ("KEYRING_SPKI_SHA256", order.waiting.spki.to_string()),
        ]
    }
}
