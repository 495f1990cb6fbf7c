//! Name constraints (RFC 5280 section 4.2.1.10): what an authority may certify.

mod subtree;

use std::fmt;

use der::Encode;
use serde::{Deserialize, Serialize};
use x509_cert::ext::pkix;
use x509_cert::ext::pkix::constraints::name::{GeneralSubtree, GeneralSubtrees};

pub use subtree::{HostPattern, Mailboxes, Subnet, Subtree, SubtreeError};

use crate::pki::asn1::{self, CONTEXT_0, CONTEXT_1, SEQUENCE, Tlv};
use crate::pki::{AttributeType, Subject, SubjectAltName};

/// What an authority may certify, and what it may not. Names of a kind of which nothing is permitted by name are free, as
/// the standard has it; [`closed`](Self::closed) leaves none so.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct NameConstraints {
    /// Of each kind that is here, nothing else.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub permitted: Vec<Subtree>,
    /// Never these, permitted or not.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub excluded: Vec<Subtree>,
}

/// A name that an authority may not certify.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OutsideConstraints {
    /// The name, as names are written: `dns:NAME`, or the attribute of the subject that it stands in.
    pub name: String,
    /// What it is excluded by; none: it is in nothing that is permitted.
    pub excluded_by: Option<Subtree>,
}

impl NameConstraints {
    /// Whether nothing is constrained.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.permitted.is_empty() && self.excluded.is_empty()
    }

    /// The same, and where anything is permitted by name, no host name and no address beyond it: a list of hosts alone
    /// would let an authority certify every address.
    #[must_use]
    pub fn closed(mut self) -> Self {
        if self.permitted.is_empty() {
            return self;
        }
        let unmentioned: Vec<Subtree> = Subtree::everything_of_servers()
            .into_iter()
            .filter(|all| !self.permitted.iter().any(|one| one.is_alike(all)) && !self.excluded.contains(all))
            .collect();
        self.excluded.extend(unmentioned);
        self
    }

    /// Those of a certificate's subject and names that may not be certified.
    pub(super) fn outside(&self, subject: &Subject, names: &[SubjectAltName]) -> Vec<OutsideConstraints> {
        let named = names.iter().map(|name| (name.to_string(), name.clone()));
        let in_subject = subject.attributes().filter_map(|(kind, value)| {
            let name = match kind {
                AttributeType::EmailAddress => SubjectAltName::Email(value.parse().ok()?),
                // what readers of old take for a host name
                AttributeType::CommonName if value.contains('.') => SubjectAltName::host_name_of_common_name(value)?,
                _ => return None,
            };
            (!names.contains(&name)).then(|| (format!("{kind}={value}"), name))
        });
        named.chain(in_subject).filter_map(|(shown, name)| self.refuses(&name, shown)).collect()
    }

    fn refuses(&self, name: &SubjectAltName, shown: String) -> Option<OutsideConstraints> {
        if let Some(excluding) = self.excluded.iter().find(|subtree| subtree.touches(name)) {
            return Some(OutsideConstraints { name: shown, excluded_by: Some(excluding.clone()) });
        }
        let mut of_its_kind = self.permitted.iter().filter(|subtree| subtree.is_about(name)).peekable();
        let constrained = of_its_kind.peek().is_some();
        let permitted = of_its_kind.any(|subtree| subtree.contains(name));
        (constrained && !permitted).then_some(OutsideConstraints { name: shown, excluded_by: None })
    }

    /// The extension's contents.
    pub(super) fn to_der(&self) -> der::Result<Vec<u8>> {
        let subtrees = |list: &[Subtree]| -> der::Result<Option<GeneralSubtrees>> {
            let base = |subtree: &Subtree| Ok(GeneralSubtree { base: subtree.encoded()?, minimum: 0, maximum: None });
            let all = list.iter().map(base).collect::<der::Result<Vec<_>>>()?;
            // SEQUENCE SIZE (1..MAX)
            Ok((!all.is_empty()).then_some(all))
        };
        let (permitted_subtrees, excluded_subtrees) = (subtrees(&self.permitted)?, subtrees(&self.excluded)?);
        pkix::NameConstraints { permitted_subtrees, excluded_subtrees }.to_der()
    }

    /// Reads the extension's contents. `None` when it is damaged, or has constraints of kinds that are not checked here.
    pub(super) fn read(der: &[u8]) -> Option<Self> {
        let mut found = Self::default();
        for part in asn1::whole(der)?.tagged(SEQUENCE)?.children()? {
            let list = match part.tag {
                CONTEXT_0 => &mut found.permitted,
                CONTEXT_1 => &mut found.excluded,
                _ => return None,
            };
            let subtree = |subtree: &Tlv<'_>| {
                let [base] = subtree.tagged(SEQUENCE)?.children()?.try_into().ok()?;
                Subtree::read(&base)
            };
            list.extend(part.children()?.iter().map(subtree).collect::<Option<Vec<_>>>()?);
        }
        Some(found)
    }
}

impl OutsideConstraints {
    pub(super) fn list(names: &[Self]) -> String {
        names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }
}

impl fmt::Display for OutsideConstraints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.excluded_by {
            Some(subtree) => write!(f, "{} (excluded by {subtree})", self.name),
            None => write!(f, "{} (not permitted)", self.name),
        }
    }
}

#[cfg(test)]
mod tests;
