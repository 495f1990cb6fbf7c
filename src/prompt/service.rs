//! The kind of software behind a service.

use keystore::model::Profile;

use super::choose;
use crate::error::Failure;
use crate::output::software;

/// Asks which software it is.
pub(crate) fn profile() -> Result<Profile, Failure> {
    let named = Profile::ALL.into_iter().filter(|profile| !matches!(profile, Profile::Files | Profile::Command));
    let choices: Vec<_> = named.chain([Profile::Files, Profile::Command]).collect();
    let label = |profile: &Profile| match profile {
        Profile::Exchange => "Microsoft Exchange",
        Profile::Files => "something else: files alone, and commands of your own",
        Profile::Command => "on another machine: commands that take the files there",
        named => software(*named),
    };
    let labels: Vec<_> = choices.iter().map(|profile| label(profile).to_owned()).collect();
    Ok(choices[choose("Which software", &labels, 0)?])
}
