use proptest::prelude::*;

use super::{
    AuthorityTemplate, BeyondIssuer, CertificateProfile, EXCHANGE_DAYS, IssueError, Issued, Issuer, NameConstraints,
    RevocationReason, Revoked, SelfSignedTemplate, SerialNumber, Terms, Validity, exchange_names,
};
use crate::pki::{
    Certificate, CertificationRequest, Crl, KeyAlgorithm, PathError, PrivateKey, RequestTemplate, Roots, find_path,
};
use crate::timestamp::Timestamp;

const ALGORITHMS: [KeyAlgorithm; 4] =
    [KeyAlgorithm::EcdsaP256, KeyAlgorithm::EcdsaP384, KeyAlgorithm::Rsa2048, KeyAlgorithm::Ed25519];

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    time("2026-11-22T08:00:00Z")
}

fn key(algorithm: KeyAlgorithm) -> PrivateKey {
    PrivateKey::generate(algorithm).unwrap()
}

fn serial(number: u8) -> SerialNumber {
    SerialNumber::from_random([number; 16])
}

fn terms(days: u32) -> Terms {
    Terms {
        serial: serial(3),
        validity: Validity::of_days(now(), days).unwrap(),
        beyond_issuer: BeyondIssuer::Refuse,
        crl_url: None,
    }
}

fn template(subject: &str, below: u8, permitted: &[&str]) -> AuthorityTemplate {
    AuthorityTemplate {
        subject: subject.parse().unwrap(),
        authorities_below: below,
        constraints: NameConstraints {
            permitted: permitted.iter().map(|text| text.parse().unwrap()).collect(),
            excluded: Vec::new(),
        },
    }
}

/// A root and an issuing authority.
struct House {
    root: Certificate,
    issuing: Certificate,
    key: PrivateKey,
}

impl House {
    fn new(algorithm: KeyAlgorithm, permitted: &[&str]) -> Self {
        let (root_key, key) = (key(algorithm), key(algorithm));
        let validity = Validity::of_days(now(), 3650).unwrap();
        let root = template("O=Lab,O=Lab 2,CN=Lab Root", 1, permitted).self_signed(&root_key, &serial(1), validity);
        let root = root.unwrap();
        let terms = Terms { serial: serial(2), ..terms(3650) };
        let template = template("O=Lab,CN=Lab Issuing CA", 0, permitted);
        let issued = Issuer::new(&root, &root_key).unwrap().issue_authority(&template, key.public_key(), &terms);
        Self { root, issuing: issued.unwrap().certificate, key }
    }

    fn issuer(&self) -> Issuer<'_> {
        Issuer::new(&self.issuing, &self.key).unwrap()
    }

    fn issue(&self, subject: &str, names: &[&str], terms: &Terms) -> Result<Issued, IssueError> {
        self.issuer().issue(&request(subject, names, &key(KeyAlgorithm::EcdsaP256)), CertificateProfile::Server, terms)
    }
}

fn request(subject: &str, names: &[&str], key: &PrivateKey) -> CertificationRequest {
    let names = names.iter().map(|name| name.parse().unwrap()).collect();
    RequestTemplate { subject: subject.parse().unwrap(), names, ..RequestTemplate::default() }.sign(key).unwrap()
}

fn said(certificate: &Certificate, name: &str) -> (bool, String) {
    let found = certificate.described_extensions().into_iter().find(|extension| extension.name == name);
    found.map_or((false, "none".to_owned()), |extension| (extension.critical, extension.text))
}

#[test]
fn servers_of_every_algorithm_lead_to_roots_of_every_algorithm() {
    for authority in ALGORITHMS {
        let house = House::new(authority, &[]);
        assert!(house.root.is_self_signed() && house.issuing.issued_by(&house.root));
        assert_eq!(
            said(&house.root, "basic constraints"),
            (true, "an authority, with no more than 1 below it".to_owned())
        );
        assert_eq!(said(&house.issuing, "key usage"), (true, "certificate signing, CRL signing".to_owned()));
        for algorithm in ALGORITHMS {
            let key = key(algorithm);
            let asked = request("OU=a,OU=b,CN=a.example", &["ip:192.0.2.7"], &key);
            let issued = house.issuer().issue(&asked, CertificateProfile::Server, &terms(47)).unwrap();
            let leaf = issued.certificate;
            assert_eq!((issued.shortened_from, issued.left_out), (None, vec![]));
            assert_eq!(leaf.subject(), asked.subject());
            assert_eq!(leaf.issuer(), house.issuing.subject());
            assert_eq!(leaf.public_key(), key.public_key());
            assert_eq!(leaf.serial(), serial(3).to_string());
            assert_eq!((leaf.not_before(), leaf.not_after()), (now(), time("2027-01-08T07:59:59Z")));
            let usage = if algorithm.is_rsa() { "digital signature, key encipherment" } else { "digital signature" };
            assert_eq!(said(&leaf, "key usage"), (true, usage.to_owned()));
            assert_eq!(said(&leaf, "extended key usage"), (false, "TLS server".to_owned()));
            assert_eq!(said(&leaf, "basic constraints"), (true, "not an authority".to_owned()));
            assert_eq!(said(&leaf, "subject alternative names"), (false, "dns:a.example, ip:192.0.2.7".to_owned()));
            assert_eq!(said(&leaf, "authority key identifier").1, said(&house.issuing, "subject key identifier").1);
            let roots = Roots::new([house.root.clone()]);
            let path = find_path(&leaf, std::slice::from_ref(&house.issuing), &roots, &[], now()).unwrap();
            assert_eq!(path.intermediates, std::slice::from_ref(&house.issuing));
        }
    }
}

#[test]
fn clients_are_no_servers() {
    let house = House::new(KeyAlgorithm::EcdsaP256, &[]);
    let asked = request("O=Lab,CN=jan", &[], &key(KeyAlgorithm::Rsa2048));
    let issued = house.issuer().issue(&asked, CertificateProfile::Client, &terms(30)).unwrap();
    // our requests ask for what a server needs, and for the common name as a host name
    assert_eq!(issued.left_out, ["serverAuth"]);
    let leaf = issued.certificate;
    assert_eq!(said(&leaf, "extended key usage"), (false, "TLS client".to_owned()));
    assert_eq!(said(&leaf, "key usage"), (true, "digital signature".to_owned()));
    let refused = find_path(&leaf, &[house.issuing], &Roots::new([house.root]), &[], now());
    assert_eq!(refused, Err(PathError::NotForServers));
}

#[test]
fn names_are_critical_without_a_subject_and_where_lists_are_is_said() {
    let house = House::new(KeyAlgorithm::EcdsaP256, &[]);
    let terms = Terms { crl_url: Some("http://ca.example/a.crl".parse().unwrap()), ..terms(30) };
    let leaf = house.issue("", &["dns:a.example"], &terms).unwrap().certificate;
    assert_eq!(said(&leaf, "subject alternative names"), (true, "dns:a.example".to_owned()));
    assert_eq!(said(&leaf, "CRL distribution points"), (false, "http://ca.example/a.crl".to_owned()));
}

#[test]
fn never_beyond_its_own_end() {
    let house = House::new(KeyAlgorithm::EcdsaP256, &[]);
    let ends = house.issuing.not_after();
    let refused = house.issue("CN=a.example", &[], &terms(3651));
    assert!(matches!(refused, Err(IssueError::BeyondIssuer { ends: said, .. }) if said == ends), "{refused:?}");
    let shorten = |days| Terms { beyond_issuer: BeyondIssuer::Shorten, ..terms(days) };
    let issued = house.issue("CN=a.example", &[], &shorten(3651)).unwrap();
    assert_eq!(issued.certificate.not_after(), ends);
    assert_eq!(issued.shortened_from, Some(terms(3651).validity.not_after()));
    assert_eq!(house.issue("CN=a.example", &[], &shorten(3650)).unwrap().shortened_from, None);

    // clocks that are behind are thought of up to the authority's own beginning
    let yesterday = Timestamp::from_unix(now().unix() - 86_400);
    let early = Terms { validity: Validity::of_days(yesterday, 30).unwrap(), ..terms(30) };
    assert_eq!(house.issue("CN=a.example", &[], &early).unwrap().certificate.not_before(), now());

    let day = 86_400;
    for (from, to) in [(ends.unix() + 1, ends.unix() + day), (now().unix() - day, now().unix() - 1)] {
        let validity = Validity::new(Timestamp::from_unix(from), Timestamp::from_unix(to)).unwrap();
        let refused = house.issue("CN=a.example", &[], &Terms { validity, ..shorten(1) });
        assert!(matches!(refused, Err(IssueError::IssuerNotValid { .. })), "{refused:?}");
    }
}

#[test]
fn names_outside_of_constraints_are_refused_by_name() {
    let house = House::new(KeyAlgorithm::EcdsaP256, &["dns:lab.example"]);
    assert_eq!(said(&house.issuing, "name constraints"), (true, "only dns:lab.example".to_owned()));
    let refused = house.issue("CN=a.example", &["dns:b.lab.example", "dns:mylab.example"], &terms(1)).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the authority may not certify dns:a.example (not permitted), dns:mylab.example (not permitted)"
    );
    let leaf = house.issue("CN=a.lab.example", &[], &terms(1)).unwrap().certificate;
    let roots = Roots::new([house.root.clone()]);
    assert!(find_path(&leaf, std::slice::from_ref(&house.issuing), &roots, &[], now()).is_ok());
}

#[test]
fn requests_that_cannot_be_believed_or_say_nothing_are_refused() {
    let house = House::new(KeyAlgorithm::EcdsaP256, &[]);
    let issue = |request: &CertificationRequest, profile| house.issuer().issue(request, profile, &terms(1));
    let asked = request("CN=a.example", &[], &key(KeyAlgorithm::EcdsaP256));
    let mut der = asked.as_der().to_vec();
    let at = der.windows(9).position(|window| window == b"a.example").unwrap();
    der[at] = b'b';
    let forged = CertificationRequest::from_der(&der).unwrap();
    assert!(matches!(issue(&forged, CertificateProfile::Server), Err(IssueError::Request(_))));

    let no_host = request("O=Lab", &["email:a@lab.example"], &key(KeyAlgorithm::EcdsaP256));
    assert_eq!(issue(&no_host, CertificateProfile::Server), Err(IssueError::NoHost));
    assert!(issue(&no_host, CertificateProfile::Client).is_ok());

    let old = include_bytes!("../../../tests/fixtures/key-manager-4.0.req");
    let old = CertificationRequest::from_pem(old).unwrap();
    assert!(matches!(issue(&old, CertificateProfile::Server), Err(IssueError::Request(_))));
}

#[test]
fn who_is_no_authority_issues_nothing() {
    let house = House::new(KeyAlgorithm::EcdsaP256, &[]);
    let leaf_key = key(KeyAlgorithm::EcdsaP256);
    let asked = request("CN=a.example", &[], &leaf_key);
    let leaf = house.issuer().issue(&asked, CertificateProfile::Server, &terms(9)).unwrap().certificate;
    assert!(matches!(Issuer::new(&leaf, &leaf_key), Err(IssueError::Issuer { .. })));
    assert!(matches!(Issuer::new(&house.root, &house.key), Err(IssueError::Issuer { .. })));
    let below = template("CN=Below", 0, &[]);
    let refused = house.issuer().issue_authority(&below, leaf_key.public_key(), &terms(9));
    assert!(matches!(refused, Err(IssueError::Issuer { .. })), "{refused:?}");
    let nameless = template("", 0, &[]).self_signed(&leaf_key, &serial(1), terms(9).validity);
    assert_eq!(nameless, Err(IssueError::Nameless));
}

#[test]
fn what_signs_itself_is_trusted_as_itself_alone() {
    for algorithm in ALGORITHMS {
        let key = key(algorithm);
        let template = SelfSignedTemplate {
            subject: "CN=mail01.example.com".parse().unwrap(),
            names: exchange_names(&"mail01.example.com".parse().unwrap()),
        };
        let validity = Validity::of_days(now(), EXCHANGE_DAYS).unwrap();
        let certificate = template.sign(&key, &serial(1), validity).unwrap();
        assert!(certificate.is_self_signed() && !certificate.is_ca());
        assert!(certificate.covers("mail01") && certificate.covers("mail01.example.com"));
        assert_eq!(certificate.not_after(), time("2031-11-22T07:59:59Z"));
        assert!(find_path(&certificate, &[], &Roots::new([certificate.clone()]), &[], now()).is_ok());
    }
    assert_eq!(exchange_names(&"mail01".parse().unwrap()).len(), 1);
    let of =
        |template: &SelfSignedTemplate| template.sign(&key(KeyAlgorithm::EcdsaP256), &serial(1), terms(1).validity);
    let nameless = SelfSignedTemplate { subject: "".parse().unwrap(), names: vec!["dns:a".parse().unwrap()] };
    assert_eq!(of(&nameless), Err(IssueError::Nameless));
    let no_host = SelfSignedTemplate { subject: "O=Lab".parse().unwrap(), names: vec![] };
    assert_eq!(of(&no_host), Err(IssueError::NoHost));
}

#[test]
fn what_is_revoked_is_listed_and_refused() {
    for algorithm in ALGORITHMS {
        let house = House::new(algorithm, &[]);
        let leaf = house.issue("CN=a.example", &[], &terms(30)).unwrap().certificate;
        let list = |revoked: &[Revoked], number| {
            let next = Timestamp::from_unix(now().unix() + 7 * 86_400);
            house.issuer().revocation_list(revoked, number, now(), next).unwrap()
        };
        let empty = list(&[], 1);
        let others = std::slice::from_ref(&house.issuing);
        let roots = Roots::new([house.root.clone()]);
        let lists = std::slice::from_ref(&empty);
        assert!(find_path(&leaf, others, &roots, lists, now()).is_ok());
        assert!(empty.speaks_of(&leaf) && !empty.names(&leaf));

        let revoked = RevocationReason::ALL.map(|reason| Revoked {
            serial: if reason == RevocationReason::KeyCompromise { serial(3) } else { serial(100 + reason as u8) },
            at: now(),
            reason,
        });
        let full = list(&revoked, u64::MAX);
        assert!(full.names(&leaf));
        let lists = std::slice::from_ref(&full);
        assert_eq!(find_path(&leaf, others, &roots, lists, now()), Err(PathError::Revoked));
        let read = Crl::from_der(full.as_der()).unwrap();
        assert_eq!((read.revoked, read.number.as_deref()), (7, Some(u64::MAX.to_string().as_str())));
        assert_eq!((&read.issuer, read.this_update), (house.issuing.subject(), now()));
        assert_eq!(read.next_update, Some(Timestamp::from_unix(now().unix() + 7 * 86_400)));
        let again = crate::pki::read_revocation_lists(full.to_pem().as_bytes()).unwrap();
        assert_eq!(again, std::slice::from_ref(&full));
    }
    let house = House::new(KeyAlgorithm::EcdsaP256, &[]);
    assert!(matches!(house.issuer().revocation_list(&[], 1, now(), now()), Err(IssueError::Validity { .. })));
}

#[test]
fn reasons_are_read_with_and_without_hyphens() {
    for reason in RevocationReason::ALL {
        assert_eq!(reason.to_string().parse::<RevocationReason>().unwrap(), reason);
    }
    assert_eq!("key-compromise".parse::<RevocationReason>().unwrap(), RevocationReason::KeyCompromise);
    assert!("lost".parse::<RevocationReason>().is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Whatever is asked for: a certificate that is within its issuer's time and leads to the root, or an error.
    #[test]
    fn what_is_issued_is_good_whenever_its_issuer_is(
        start in -400i64..4000, days in 1u32..5000, number: [u8; 16],
    ) {
        let house = House::new(KeyAlgorithm::EcdsaP256, &["dns:lab.example"]);
        let start = Timestamp::from_unix(now().unix() + start * 86_400);
        let terms = Terms {
            serial: SerialNumber::from_random(number),
            validity: Validity::of_days(start, days).unwrap(),
            beyond_issuer: BeyondIssuer::Shorten,
            crl_url: None,
        };
        match house.issue("CN=a.lab.example", &[], &terms) {
            Ok(Issued { certificate, shortened_from, .. }) => {
                prop_assert!(certificate.not_before() >= house.issuing.not_before());
                prop_assert!(certificate.not_after() <= house.issuing.not_after());
                prop_assert_eq!(shortened_from.is_some(), certificate.not_after() != terms.validity.not_after());
                prop_assert_eq!(certificate.serial().parse::<SerialNumber>().unwrap(), terms.serial);
                let roots = Roots::new([house.root.clone()]);
                let at = certificate.not_after();
                prop_assert!(find_path(&certificate, std::slice::from_ref(&house.issuing), &roots, &[], at).is_ok());
            }
            Err(IssueError::IssuerNotValid { begins, ends, .. }) => {
                prop_assert!(terms.validity.not_before() > ends || terms.validity.not_after() < begins);
            }
            Err(other) => prop_assert!(false, "{}", other),
        }
    }
}
