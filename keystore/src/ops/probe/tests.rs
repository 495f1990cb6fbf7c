use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use time::OffsetDateTime;

use super::{Comparison, Expected, Judged, Question, judge};
use crate::model::VersionNumber;
use crate::name::Host;
use crate::ops::verify::Trust;
use crate::pki::{Certificate, Roots};
use crate::timestamp::Timestamp;

const DAY: i64 = 86_400;

fn time(day: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(day * DAY).unwrap()
}

fn params(name: &str, from: i64, to: i64) -> CertificateParams {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    (params.not_before, params.not_after) = (time(from), time(to));
    params
}

/// An authority whose root and issuing certificate last 10,000 days.
struct Authority {
    root: CertifiedIssuer<'static, KeyPair>,
    issuing: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let ca = |name: &str| {
            let mut params = params(name, 0, 10_000);
            params.subject_alt_names.clear();
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params
        };
        let root = CertifiedIssuer::self_signed(ca("Root"), KeyPair::generate().unwrap()).unwrap();
        let issuing = CertifiedIssuer::signed_by(ca("Issuing"), KeyPair::generate().unwrap(), &root).unwrap();
        Self { root, issuing }
    }

    fn leaf(&self, key: &KeyPair, from: i64, to: i64) -> Certificate {
        let signed = params("mail.example.com", from, to).signed_by(key, &self.issuing).unwrap();
        Certificate::from_der(signed.der()).unwrap()
    }

    fn chain(&self) -> Certificate {
        Certificate::from_der(self.issuing.der()).unwrap()
    }

    fn roots(&self) -> Roots {
        Roots::new([Certificate::from_der(self.root.der()).unwrap()])
    }

    /// What is expected: version 2, on the second of three private keys.
    fn expected(&self, keys: &[KeyPair; 3]) -> Expected {
        let leaf = |key: &KeyPair| self.leaf(key, 100, 200);
        let spki = |key| leaf(key).public_key().hash();
        let versions = (1..).map(VersionNumber).zip(keys.iter().map(spki)).collect();
        let key = "mail01/imap/main".parse().unwrap();
        Expected { key, version: VersionNumber(2), leaf: leaf(&keys[1]), chain: vec![self.chain()], versions }
    }
}

fn keys() -> [KeyPair; 3] {
    [(); 3].map(|()| KeyPair::generate().unwrap())
}

fn look(sent: &[&Certificate], host: &str, expected: Option<&Expected>, roots: Option<&Roots>, day: i64) -> Judged {
    let sent: Vec<_> = sent.iter().map(|one| one.as_der().to_vec()).collect();
    let host: Host = host.parse().unwrap();
    let trust = Trust { roots, ..Trust::default() };
    let question = Question { sent: &sent, staple: None, host: &host, expected, trust };
    judge(&question, Timestamp::from_unix(day * DAY)).unwrap()
}

fn codes(judged: &Judged) -> Vec<&'static str> {
    judged.findings.iter().map(super::Finding::code).collect()
}

const HOST: &str = "mail.example.com";

#[test]
fn finds_nothing_where_all_is_as_it_should_be() {
    let (authority, keys) = (Authority::new(), keys());
    let (expected, roots) = (authority.expected(&keys), authority.roots());
    let judged = look(&[&expected.leaf, &authority.chain()], HOST, Some(&expected), Some(&roots), 110);
    assert_eq!((judged.comparison, codes(&judged)), (Some(Comparison::Same), vec![]));
    assert!(judged.is_good());
    assert_eq!(expected.hosts(), [HOST.parse::<Host>().unwrap()]);
    // without roots and without a keystore, nothing is known to be wrong
    assert!(look(&[&expected.leaf], HOST, None, None, 110).findings.is_empty());
}

#[test]
fn tells_old_from_newer_from_wrong() {
    let (authority, keys) = (Authority::new(), keys());
    let (expected, roots) = (authority.expected(&keys), authority.roots());
    let comparison = |key: &KeyPair, from| {
        let leaf = authority.leaf(key, from, from + 100);
        let judged = look(&[&leaf, &authority.chain()], HOST, Some(&expected), Some(&roots), 110);
        assert_eq!(judged.is_good(), judged.comparison == Some(Comparison::Same), "{judged:?}");
        (judged.comparison.unwrap(), codes(&judged))
    };
    let version = VersionNumber;
    assert_eq!(comparison(&keys[0], 90), (Comparison::Old { version: version(1) }, vec!["old-certificate"]));
    assert_eq!(comparison(&keys[2], 105), (Comparison::Newer { version: version(3) }, vec!["newer-certificate"]));
    // certified again, on the same private key
    assert_eq!(comparison(&keys[1], 90), (Comparison::Old { version: version(2) }, vec!["old-certificate"]));
    assert_eq!(comparison(&keys[1], 105), (Comparison::Newer { version: version(2) }, vec!["newer-certificate"]));
    let stranger = KeyPair::generate().unwrap();
    assert_eq!(comparison(&stranger, 100), (Comparison::Wrong, vec!["wrong-certificate"]));
}

#[test]
fn tells_a_chain_that_was_not_sent_from_a_root_that_is_not_trusted() {
    let (authority, keys) = (Authority::new(), keys());
    let (expected, roots) = (authority.expected(&keys), authority.roots());
    let leaf = &expected.leaf;
    let chain = authority.chain();
    assert_eq!(codes(&look(&[leaf], HOST, Some(&expected), Some(&roots), 110)), ["incomplete-chain"]);
    assert_eq!(codes(&look(&[leaf], HOST, Some(&expected), None, 110)), ["incomplete-chain"]);
    assert_eq!(codes(&look(&[leaf], HOST, None, Some(&roots), 110)), ["incomplete-chain"]);
    // who trusts the issuing authority itself needs no chain
    let issuing = Roots::new([chain.clone()]);
    assert_eq!(codes(&look(&[leaf], HOST, Some(&expected), Some(&issuing), 110)), [""; 0]);
    let others = Authority::new().roots();
    assert_eq!(codes(&look(&[leaf, &chain], HOST, Some(&expected), Some(&others), 110)), ["issuer-missing"]);
    let root = Certificate::from_der(authority.root.der()).unwrap();
    assert_eq!(
        codes(&look(&[leaf, &chain, &root], HOST, Some(&expected), Some(&others), 110)),
        ["untrusted-root"],
        "a root of somebody's own"
    );
    // superfluous and misordered: to be looked at, and no fault
    let judged = look(&[leaf, &root, &chain], HOST, Some(&expected), Some(&roots), 110);
    assert_eq!((judged.is_good(), codes(&judged)), (true, vec!["superfluous"]));
}

#[test]
fn tells_what_certificates_say_themselves() {
    let (authority, keys) = (Authority::new(), keys());
    let (expected, roots) = (authority.expected(&keys), authority.roots());
    let chain = authority.chain();
    let at = |day| codes(&look(&[&expected.leaf, &chain], HOST, Some(&expected), Some(&roots), day));
    assert_eq!(at(99), ["not-yet-valid"]);
    assert_eq!(at(166), [""; 0]);
    assert_eq!(at(167), ["due"]);
    assert_eq!(at(201), ["expired"]);
    let other = look(&[&expected.leaf, &chain], "www.example.com", Some(&expected), Some(&roots), 110);
    assert_eq!(codes(&other), ["name-not-covered"]);
    let own = params(HOST, 100, 200).self_signed(&keys[0]).unwrap();
    let own = Certificate::from_der(own.der()).unwrap();
    assert_eq!(codes(&look(&[&own], HOST, None, Some(&roots), 110)), ["self-signed"]);
}

#[test]
fn what_cannot_be_read_is_said() {
    let (authority, keys) = (Authority::new(), keys());
    let (expected, host) = (authority.expected(&keys), HOST.parse().unwrap());
    let sent = [expected.leaf.as_der().to_vec(), b"not a certificate".to_vec()];
    let trust = Trust::default();
    let question = Question { sent: &sent, staple: Some(b"no response"), host: &host, expected: None, trust };
    let now = Timestamp::from_unix(110 * DAY);
    assert_eq!(codes(&judge(&question, now).unwrap()), ["unreadable-chain", "ocsp-unreadable"]);
    assert!(judge(&Question { sent: &sent[1..], ..question }, now).is_err());
    assert!(judge(&Question { sent: &[], ..question }, now).is_err());
}
