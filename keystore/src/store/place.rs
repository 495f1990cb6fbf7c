//! What a path inside a keystore is for: `layout`, read backwards. Only paths that `layout` makes have a place.

use super::layout::{self, StorePath};
use crate::digest::Digest;
use crate::model::{CertificateNumber, Generation, LocalCaFile, RequestNumber, VersionNumber};
use crate::name::{AuthorityName, KeyPath, ServerName};

/// A file that a backup may hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Place {
    Config,
    Stage,
    Base,
    Commit(Generation),
    StateObject(Digest),
    Facts(ServerName),
    Reading(u64),
    Authority(AuthorityName),
    Account(AuthorityName),
    AccountKey(AuthorityName),
    LocalCa(AuthorityName, LocalCaFile),
    Issued(AuthorityName, u32),
    Revocations(AuthorityName),
    Material(KeyPath, VersionNumber, VersionFile),
}

/// A file in a version's folder.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum VersionFile {
    PrivateKey,
    Facts,
    Pruned,
    Request(RequestNumber),
    Certificate(CertificateNumber),
    Chain(CertificateNumber),
}

impl Place {
    /// What stands at a path.
    pub(super) fn of(path: &str) -> Option<Self> {
        let components: Vec<_> = path.split('/').collect();
        let place = match components[..] {
            ["keystore.toml"] => Self::Config,
            ["stage.json"] => Self::Stage,
            ["commits", "base.json"] => Self::Base,
            ["commits", name] => Self::Commit(layout::commit_generation(name)?),
            ["state", name] => Self::StateObject(layout::state_digest(name)?),
            ["audit", name] => Self::Reading(layout::reading_number(name)?),
            ["servers", server, "facts.json"] => Self::Facts(server.parse().ok()?),
            ["authorities", name, "authority.json"] => Self::Authority(name.parse().ok()?),
            ["authorities", name, "account.json"] => Self::Account(name.parse().ok()?),
            ["authorities", name, "account-key.pem"] => Self::AccountKey(name.parse().ok()?),
            ["authorities", name, "revocations.json"] => Self::Revocations(name.parse().ok()?),
            ["authorities", name, "issued", file] => Self::Issued(name.parse().ok()?, layout::issued_number(file)?),
            ["authorities", name, file] => {
                let name = name.parse().ok()?;
                let is_it = |one: &LocalCaFile| layout::local_ca_file(&name, *one).name() == file;
                let file = LocalCaFile::ALL.into_iter().find(is_it)?;
                Self::LocalCa(name, file)
            }
            ["servers", server, protocol, name, version, file] => {
                let key = format!("{server}/{protocol}/{name}").parse().ok()?;
                Self::Material(key, layout::version_number(version)?, VersionFile::of(file)?)
            }
            _ => return None,
        };
        // A number or an address can be written in several ways; one of them is made.
        (place.path().to_string() == path).then_some(place)
    }

    /// Its path.
    pub(super) fn path(&self) -> StorePath {
        match self {
            Self::Config => layout::config(),
            Self::Stage => layout::stage(),
            Self::Base => layout::base(),
            Self::Commit(generation) => layout::commit(*generation),
            Self::StateObject(digest) => layout::state_object(*digest),
            Self::Facts(server) => layout::facts(server),
            Self::Reading(number) => layout::reading(*number),
            Self::Authority(name) => layout::authority_settings(name),
            Self::Account(name) => layout::account(name),
            Self::AccountKey(name) => layout::account_key(name),
            Self::LocalCa(name, file) => layout::local_ca_file(name, *file),
            Self::Issued(name, number) => layout::issued_batch(name, *number),
            Self::Revocations(name) => layout::revocations(name),
            Self::Material(key, version, material) => match material {
                VersionFile::PrivateKey => layout::private_key(key, *version),
                VersionFile::Facts => layout::version_facts(key, *version),
                VersionFile::Pruned => layout::pruned(key, *version),
                VersionFile::Request(number) => layout::request(key, *version, *number),
                VersionFile::Certificate(number) => layout::certificate(key, *version, *number),
                VersionFile::Chain(number) => layout::chain(key, *version, *number),
            },
        }
    }
}

impl VersionFile {
    fn of(name: &str) -> Option<Self> {
        match name {
            "private-key.pem" => Some(Self::PrivateKey),
            "version.json" => Some(Self::Facts),
            "pruned.json" => Some(Self::Pruned),
            _ => None,
        }
        .or_else(|| layout::request_number(name).map(Self::Request))
        .or_else(|| layout::certificate_number(name).map(Self::Certificate))
        .or_else(|| layout::chain_number(name).map(Self::Chain))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Place;

    #[test]
    fn every_file_of_a_keystore_has_a_place() {
        let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        for path in [
            "keystore.toml",
            "stage.json",
            "commits/base.json",
            "commits/0000000042.json",
            "audit/0000000042.json",
            &format!("state/{digest}.json"),
            "authorities/internal/authority.json",
            "authorities/public/account.json",
            "authorities/public/account-key.pem",
            "authorities/internal/root-private-key.pem",
            "authorities/internal/root-certificate.pem",
            "authorities/internal/issuing-private-key.pem",
            "authorities/internal/issuing-certificate.pem",
            "authorities/internal/issued/0000000042.json",
            "authorities/internal/revocations.json",
            "servers/mail01.example/facts.json",
            "servers/mail01/imap/main/1/private-key.pem",
            "servers/mail01/imap/main/1/version.json",
            "servers/mail01/imap/main/1/pruned.json",
            "servers/mail01/imap/main/12/request-3.csr",
            "servers/mail01/imap/main/12/certificate-3.pem",
            "servers/mail01/imap/main/12/chain-3.pem",
        ] {
            let place = Place::of(path).unwrap_or_else(|| panic!("{path} has no place"));
            assert_eq!(place.path().to_string(), path);
        }
    }

    #[test]
    fn nothing_else_has_one() {
        for path in [
            "",
            ".",
            "/keystore.toml",
            "./keystore.toml",
            "../keystore.toml",
            "lock",
            "intent.json",
            "live/mail01/imap/default/current",
            "commits/42.json",
            "audit/42.json",
            "audit/0000000000.json",
            "commits/.0000000042.json.new",
            "commits/18446744073709551615.json",
            "authorities/internal/issued/4294967295.json",
            "servers/mail01/imap/main/4294967295/version.json",
            "servers/mail01/imap/main/1/request-4294967295.csr",
            "state/head",
            "servers/../../etc/passwd",
            "authorities/../authority.json",
            "authorities/internal/other.json",
            "authorities/internal/issued/42.json",
            "authorities/internal/issued/9999999999.json",
            "servers//imap/main/1/version.json",
            "servers/MAIL01/facts.json",
            "servers/mail01/imap/main/01/version.json",
            "servers/mail01/imap/main/1/request-01.csr",
            "servers/mail01/imap/main/1/request-+1.csr",
            "servers/mail01/imap/main/1/../2/version.json",
            "servers/mail01/imap/main/1/version.json/",
        ] {
            assert_eq!(Place::of(path), None, "{path:?}");
        }
    }

    proptest! {
        #[test]
        fn a_place_leads_back_to_its_path(path in "(servers|commits|state)?(/[a-z0-9.+-]{0,12}){0,6}") {
            if let Some(place) = Place::of(&path) {
                prop_assert_eq!(place.path().to_string(), path);
            }
        }
    }
}
