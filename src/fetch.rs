//! Plain HTTP, for issuers' certificates that a chain lacks. The only room that asks the network for a file, and only
//! where `--fetch-issuers` says so. What comes back proves itself by its signature, so that nothing hides it in TLS.

use std::time::Duration;

/// More than any authority's certificates.
const LIMIT: u64 = 1 << 20;
/// For one answer, from looking up its host to its last octet.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Authorities move their files now and then.
const REDIRECTS: u32 = 3;

/// What is at a URL, or why it can't be had.
pub(crate) fn get(url: &str) -> Result<Vec<u8>, String> {
    let config = ureq::Agent::config_builder()
        .timeout_global(Some(TIMEOUT))
        .max_redirects(REDIRECTS)
        .user_agent(concat!("keyring/", env!("CARGO_PKG_VERSION")));
    let agent = ureq::Agent::from(config.build());
    let mut answer = agent.get(url).call().map_err(|error| error.to_string())?;
    answer.body_mut().with_config().limit(LIMIT).read_to_vec().map_err(|error| error.to_string())
}
