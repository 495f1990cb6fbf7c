//! The flags that say who a certificate is for.

use keystore::ops::make_csr::{SubjectChoice, SubjectFields};
use keystore::pki::SubjectError;

/// The flags of a subject.
#[derive(clap::Args, Debug, Default)]
pub(crate) struct SubjectArgs {
    /// Common name (CN); when it is a host name it is added to the names
    #[arg(long, value_name = "NAME", help_heading = "Subject")]
    cn: Option<String>,
    /// Organization (O)
    #[arg(long, value_name = "NAME", help_heading = "Subject")]
    org: Option<String>,
    /// Organizational unit (OU); repeatable
    #[arg(long, value_name = "NAME", help_heading = "Subject")]
    unit: Vec<String>,
    /// Country (C): two letters
    #[arg(long, value_name = "CC", help_heading = "Subject")]
    country: Option<String>,
    /// State or province (ST), spelled out
    #[arg(long, value_name = "NAME", help_heading = "Subject")]
    state: Option<String>,
    /// Locality (L): town or city
    #[arg(long, value_name = "NAME", help_heading = "Subject")]
    locality: Option<String>,
    /// The whole subject, RFC 4514 text, encoded in the order given
    #[arg(long, value_name = "DN", help_heading = "Subject",
          conflicts_with_all = ["cn", "org", "unit", "country", "state", "locality"])]
    subject: Option<String>,
}

impl SubjectArgs {
    /// Whether they say anything.
    pub(crate) fn is_given(&self) -> bool {
        let Self { cn, org, unit, country, state, locality, subject } = self;
        !unit.is_empty() || [cn, org, country, state, locality, subject].iter().any(|field| field.is_some())
    }

    /// What they say.
    pub(crate) fn choice(&self) -> Result<SubjectChoice, SubjectError> {
        Ok(match &self.subject {
            Some(text) => SubjectChoice::Whole(text.parse()?),
            None => SubjectChoice::Fields(SubjectFields {
                country: self.country.clone(),
                state: self.state.clone(),
                locality: self.locality.clone(),
                organization: self.org.clone(),
                units: self.unit.clone(),
                common_name: self.cn.clone(),
            }),
        })
    }
}
