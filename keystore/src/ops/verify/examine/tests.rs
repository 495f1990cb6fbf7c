use std::sync::Mutex;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, CustomExtension, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, KeyPair, KeyUsagePurpose, NameConstraints, RevokedCertParams,
    SerialNumber,
};
use time::{Duration, OffsetDateTime};

use super::{Examined, examine};
use crate::ops::verify::{Finding, Trust};
use crate::pki::{Certificate, RevocationList, Roots, read_revocation_lists};
use crate::timestamp::Timestamp;

const NOW: i64 = 1_800_000_000;

fn now() -> Timestamp {
    Timestamp::from_unix(NOW)
}

fn day(days: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(NOW).unwrap() + Duration::days(days)
}

type Issuer = CertifiedIssuer<'static, KeyPair>;

fn params(name: &str, from: i64, until: i64) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    (params.not_before, params.not_after) = (day(from), day(until));
    params
}

fn authority(name: &str) -> CertificateParams {
    let mut params = params(name, -100, 1000);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn root(name: &str) -> Issuer {
    CertifiedIssuer::self_signed(authority(name), KeyPair::generate().unwrap()).unwrap()
}

fn under(above: &Issuer, params: CertificateParams) -> Issuer {
    CertifiedIssuer::signed_by(params, KeyPair::generate().unwrap(), above).unwrap()
}

fn certificate(issuer: &Issuer) -> Certificate {
    Certificate::from_der(issuer.der()).unwrap()
}

fn leaf_params() -> CertificateParams {
    let mut params = params("www.example.com", -1, 40);
    params.subject_alt_names = vec![rcgen::SanType::DnsName("www.example.com".try_into().unwrap())];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.serial_number = Some(SerialNumber::from(4711));
    params
}

fn params_with(mut params: CertificateParams, change: impl FnOnce(&mut CertificateParams)) -> CertificateParams {
    change(&mut params);
    params
}

#[expect(clippy::needless_pass_by_value, reason = "they are made for the call")]
fn leaf(issuer: &Issuer, params: CertificateParams) -> Certificate {
    let made = params.signed_by(&KeyPair::generate().unwrap(), issuer).unwrap();
    Certificate::from_der(made.der()).unwrap()
}

fn list(issuer: &Issuer, serials: &[u64], until: i64) -> Vec<RevocationList> {
    let revoked = serials.iter().map(|serial| RevokedCertParams {
        serial_number: SerialNumber::from(*serial),
        revocation_time: day(-2),
        reason_code: None,
        invalidity_date: None,
    });
    let params = CertificateRevocationListParams {
        this_update: day(-3),
        next_update: day(until),
        crl_number: SerialNumber::from(1),
        issuing_distribution_point: None,
        revoked_certs: revoked.collect(),
        key_identifier_method: rcgen::KeyIdMethod::Sha256,
    };
    read_revocation_lists(params.signed_by(issuer).unwrap().der()).unwrap()
}

fn codes(examined: &Examined) -> Vec<&'static str> {
    examined.findings.iter().map(Finding::code).collect()
}

/// A root, an issuing authority under it.
fn authorities() -> (Issuer, Issuer) {
    let root = root("Root");
    let issuing = under(&root, authority("Issuing"));
    (root, issuing)
}

fn roots_of(root: &Issuer) -> Roots {
    Roots::new([certificate(root)])
}

fn trusting(roots: &Roots) -> Trust<'_> {
    Trust { roots: Some(roots), lists: &[], fetch: None }
}

#[test]
fn a_whole_chain_leads_to_its_root() {
    let (root, issuing) = authorities();
    let leaf = leaf(&issuing, leaf_params());
    let roots = Roots::new([certificate(&self::root("Other")), certificate(&root)]);
    let examined = examine(&leaf, &[certificate(&issuing)], &trusting(&roots), now());
    assert_eq!((examined.is_good(), codes(&examined)), (true, vec![]));
    assert_eq!(examined.path, [certificate(&issuing)]);
    assert_eq!(examined.root, Some(certificate(&root)));
}

#[test]
fn what_is_missing_superfluous_or_out_of_order_is_named() {
    let (root, issuing) = authorities();
    let lower = under(&issuing, authority("Lower"));
    let leaf = leaf(&lower, leaf_params());
    let [root, issuing, lower, other] = [&root, &issuing, &lower, &self::root("Other")].map(certificate);
    let roots = Roots::new([root.clone()]);
    let look = |sent: &[Certificate]| examine(&leaf, sent, &trusting(&roots), now());
    assert_eq!(codes(&look(&[lower.clone(), issuing.clone()])), Vec::<&str>::new());
    assert_eq!(codes(&look(&[issuing.clone(), lower.clone()])), ["out-of-order"]);
    assert_eq!(codes(&look(&[lower.clone(), issuing.clone(), root, other])), ["superfluous", "superfluous"]);
    let missing = look(&[lower]);
    assert_eq!((missing.is_good(), codes(&missing)), (false, vec!["issuer-missing"]));
    assert!(missing.findings[0].to_string().starts_with("\"CN=Issuing\", the issuer of \"CN=Lower\""));
    assert_eq!(codes(&look(&[issuing])), ["issuer-missing"]);
    assert_eq!(codes(&look(&[])), ["issuer-missing"]);
}

#[test]
fn a_root_that_is_not_trusted_is_not_missing() {
    let (root, issuing) = authorities();
    let leaf = leaf(&issuing, leaf_params());
    let roots = Roots::new([certificate(&self::root("Other"))]);
    let sent = [certificate(&issuing), certificate(&root)];
    let examined = examine(&leaf, &sent, &trusting(&roots), now());
    assert_eq!((examined.is_good(), codes(&examined)), (false, vec!["untrusted-root"]));
    // an authority that calls itself the same is not it
    let forged = Roots::new([certificate(&self::root("Root"))]);
    assert_eq!(codes(&examine(&leaf, &sent, &trusting(&forged), now())), ["untrusted-root"]);
    assert_eq!(codes(&examine(&leaf, &sent[..1], &trusting(&forged), now())), ["issuer-missing"]);
    // a chain that is broken in itself is another matter
    let stranger = under(&self::root("Root"), authority("Issuing"));
    assert_eq!(
        codes(&examine(&leaf, &[certificate(&stranger)], &trusting(&roots_of(&root)), now())),
        ["bad-signature"]
    );
}

#[test]
fn without_roots_the_end_of_the_chain_is_not_judged_but_the_way_is() {
    let (_, issuing) = authorities();
    let whole = leaf(&issuing, leaf_params());
    let examined = examine(&whole, &[certificate(&issuing)], &Trust::default(), now());
    assert_eq!((examined.is_good(), codes(&examined), examined.root), (true, vec![], None));
    assert!(examine(&whole, &[], &Trust::default(), now()).is_good());
    let expired = leaf(&issuing, params_with(leaf_params(), |it| (it.not_before, it.not_after) = (day(-9), day(-1))));
    let examined = examine(&expired, &[certificate(&issuing)], &Trust::default(), now());
    assert_eq!((examined.is_good(), codes(&examined)), (false, vec!["expired"]));
}

#[test]
fn expired_members_are_named() {
    let root = root("Root");
    let mut old = authority("Issuing");
    old.not_after = day(-1);
    let issuing = under(&root, old);
    let roots = Roots::new([certificate(&root)]);
    let examined = examine(&leaf(&issuing, leaf_params()), &[certificate(&issuing)], &trusting(&roots), now());
    assert_eq!((examined.is_good(), codes(&examined)), (false, vec!["expired"]));
    assert!(examined.findings[0].to_string().starts_with("\"CN=Issuing\" expired"));
    let mut short = authority("Issuing");
    short.not_after = day(10);
    let issuing = under(&root, short);
    let examined = examine(&leaf(&issuing, leaf_params()), &[certificate(&issuing)], &trusting(&roots), now());
    assert_eq!((examined.is_good(), codes(&examined)), (true, vec!["issuer-ends-first"]));
    let mut future = leaf_params();
    future.not_before = day(1);
    let examined = examine(&leaf(&issuing, future), &[certificate(&issuing)], &trusting(&roots), now());
    assert_eq!(codes(&examined), ["not-yet-valid"]);
    // of a root, webpki does not ask it
    let mut old = authority("Old Root");
    old.not_after = day(-1);
    let old = CertifiedIssuer::self_signed(old, KeyPair::generate().unwrap()).unwrap();
    let roots = Roots::new([certificate(&old)]);
    assert_eq!(codes(&examine(&leaf(&old, leaf_params()), &[], &trusting(&roots), now())), ["root-not-valid"]);
}

#[test]
fn what_an_authority_may_not_do_is_refused() {
    let root = root("Root");
    let roots = Roots::new([certificate(&root)]);
    let judged = |issuing: CertificateParams, params: CertificateParams| {
        let issuing = under(&root, issuing);
        codes(&examine(&leaf(&issuing, params), &[certificate(&issuing)], &trusting(&roots), now()))
    };
    let no_authority = params_with(authority("Issuing"), |it| it.is_ca = IsCa::ExplicitNoCa);
    assert_eq!(judged(no_authority, leaf_params()), ["not-an-authority"]);
    let constrained = NameConstraints {
        permitted_subtrees: vec![GeneralSubtree::DnsName("example.net".to_owned())],
        excluded_subtrees: vec![],
    };
    let constrained = params_with(authority("Issuing"), |it| it.name_constraints = Some(constrained));
    assert_eq!(judged(constrained, leaf_params()), ["name-constraints"]);
    let client = params_with(leaf_params(), |it| it.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth]);
    assert_eq!(judged(authority("Issuing"), client), ["not-for-servers"]);
    let ca = params_with(leaf_params(), |it| it.is_ca = IsCa::Ca(BasicConstraints::Unconstrained));
    assert_eq!(judged(authority("Issuing"), ca), ["authority-as-server"]);
}

#[test]
fn revocation_lists_are_honoured_once_their_signature_holds() {
    let (root, issuing) = authorities();
    let leaf = leaf(&issuing, leaf_params());
    let roots = Roots::new([certificate(&root)]);
    let sent = [certificate(&issuing)];
    let look = |lists: &[RevocationList]| {
        codes(&examine(&leaf, &sent, &Trust { roots: Some(&roots), lists, fetch: None }, now()))
    };
    assert_eq!(look(&list(&issuing, &[4711], 9)), ["revoked"]);
    assert_eq!(look(&[list(&issuing, &[4712], 9), list(&root, &[], 9)].concat()), Vec::<&str>::new());
    assert_eq!(look(&list(&issuing, &[], 9)), ["no-crl"]);
    assert_eq!(look(&list(&issuing, &[], -1)), ["crl-expired"]);
    // a list by somebody who only calls himself so
    let forger = under(&self::root("Root"), authority("Issuing"));
    assert_eq!(look(&list(&forger, &[4711], 9)), ["bad-crl"]);
}

/// `authorityInfoAccess` with one address of the issuer's certificate.
fn with_issuer_at(url: &str, mut params: CertificateParams) -> CertificateParams {
    let write = crate::pki::write_element;
    let description = [vec![6, 8, 0x2b, 6, 1, 5, 5, 7, 0x30, 2], write(0x86, url.as_bytes())].concat();
    let der = write(0x30, &write(0x30, &description));
    params.custom_extensions = vec![CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 1], der)];
    params
}

#[test]
fn missing_issuers_are_fetched_step_by_step() {
    let root = root("Root");
    let issuing = under(&root, with_issuer_at("http://authority.example/root.cer", authority("Issuing")));
    let lower = under(&issuing, with_issuer_at("HTTP://authority.example/issuing.p7b", authority("Lower")));
    let leaf = leaf(&lower, with_issuer_at("http://authority.example/lower.pem", leaf_params()));
    let roots = Roots::new([certificate(&root)]);
    let asked = Mutex::new(Vec::new());
    let fetch = |url: &str| {
        asked.lock().unwrap().push(url.to_owned());
        match url.rsplit('/').next() {
            Some("lower.pem") => Ok(lower.pem().into_bytes()),
            Some("issuing.p7b") => Ok(issuing.der().to_vec()),
            other => Err(format!("no {other:?}")),
        }
    };
    let trust = Trust { roots: Some(&roots), lists: &[], fetch: Some(&fetch) };
    let examined = examine(&leaf, &[], &trust, now());
    assert_eq!(*asked.lock().unwrap(), ["http://authority.example/lower.pem", "HTTP://authority.example/issuing.p7b"]);
    assert_eq!(examined.path, [certificate(&lower), certificate(&issuing)]);
    assert_eq!((examined.is_good(), codes(&examined)), (false, vec!["issuer-not-sent", "issuer-not-sent"]));
    // what is whole asks nobody
    asked.lock().unwrap().clear();
    let examined = examine(&leaf, &[certificate(&lower), certificate(&issuing)], &trust, now());
    assert_eq!((asked.lock().unwrap().len(), examined.is_good()), (0, true));
    // without a trusted root, the search ends where nobody answers
    let trust = Trust { roots: Some(&Roots::default()), ..trust };
    assert_eq!(codes(&examine(&leaf, &[], &trust, now())), ["not-fetched", "issuer-missing"]);
}

#[test]
fn only_the_issuer_is_taken_and_only_over_http() {
    let (root, issuing) = authorities();
    let roots = Roots::new([certificate(&root)]);
    let stranger = self::root("Issuing");
    let fetch = |_: &str| Ok(stranger.pem().into_bytes());
    let trust = Trust { roots: Some(&roots), lists: &[], fetch: Some(&fetch) };
    let at = |url: &str| {
        let leaf = leaf(&issuing, with_issuer_at(url, leaf_params()));
        examine(&leaf, &[], &trust, now()).findings[0].to_string()
    };
    assert!(at("http://a.example/x").ends_with("could not be fetched: http://a.example/x: it is another one's"));
    assert!(at("https://a.example/x").ends_with("it does not say where, with http://"));
    assert!(at("file:///etc/passwd").ends_with("it does not say where, with http://"));
}

#[test]
fn an_endless_chain_of_issuers_is_not_followed_to_its_end() {
    let mut above = root("Root");
    let mut all = Vec::new();
    for step in 0..20 {
        let name = format!("{step}");
        above = under(&above, with_issuer_at(&format!("http://a.example/{}", step - 1), authority(&name)));
        all.push(above.pem());
    }
    let leaf = leaf(&above, with_issuer_at("http://a.example/19", leaf_params()));
    let asked = Mutex::new(0);
    let fetch = |url: &str| {
        *asked.lock().unwrap() += 1;
        let step: usize = url.rsplit('/').next().unwrap().parse().map_err(|_| "no number".to_owned())?;
        Ok(all[step].clone().into_bytes())
    };
    let trust = Trust { roots: Some(&Roots::default()), lists: &[], fetch: Some(&fetch) };
    assert!(!examine(&leaf, &[], &trust, now()).is_good());
    assert_eq!(*asked.lock().unwrap(), super::FETCHES);
}
