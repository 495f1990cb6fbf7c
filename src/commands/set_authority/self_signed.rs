//! The flags of what signs itself.

use keystore::model::{AuthoritySettings, SelfSignedProfile, SelfSignedSettings};

use super::kinds::SharedArgs;
use crate::commands::self_sign::profile;

#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Certificates that sign themselves (--kind self-signed)")]
pub(super) struct SelfSignedArgs {
    /// What kind of certificate; server when nothing is said
    #[arg(long, value_name = "PROFILE", value_parser = profile())]
    profile: Option<SelfSignedProfile>,
}

impl SelfSignedArgs {
    /// A flag that was given.
    pub(super) fn given(&self) -> Option<&'static str> {
        self.profile.map(|_| "--profile")
    }

    pub(super) fn settings(&self, shared: &SharedArgs, before: Option<&AuthoritySettings>) -> SelfSignedSettings {
        let (profile, days) = match before {
            Some(AuthoritySettings::SelfSigned(SelfSignedSettings { profile, days })) => (*profile, *days),
            _ => (SelfSignedProfile::default(), None),
        };
        SelfSignedSettings { profile: self.profile.unwrap_or(profile), days: shared.days.or(days) }
    }
}
