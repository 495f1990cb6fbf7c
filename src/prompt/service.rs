//! The kind of software behind a service.

use keystore::model::Profile;

use super::choose;
use crate::error::Failure;

/// Asks which software it is.
pub(crate) fn profile() -> Result<Profile, Failure> {
    const CHOICES: [(Profile, &str); 12] = [
        (Profile::Nginx, "nginx"),
        (Profile::Apache, "Apache httpd"),
        (Profile::Haproxy, "HAProxy"),
        (Profile::Dovecot, "Dovecot"),
        (Profile::Postfix, "Postfix"),
        (Profile::Exim, "Exim"),
        (Profile::Openldap, "OpenLDAP"),
        (Profile::Inn, "INN"),
        (Profile::Stunnel, "stunnel"),
        (Profile::Exchange, "Microsoft Exchange"),
        (Profile::Files, "something else: files alone, and commands of your own"),
        (Profile::Command, "on another machine: commands that take the files there"),
    ];
    let labels = CHOICES.map(|(_, label)| label.to_owned());
    Ok(CHOICES[choose("Which software", &labels, 0)?].0)
}
