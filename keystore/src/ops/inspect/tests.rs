use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

use super::{File, Inspection, inspect};
use crate::pki::{Budget, KeyAlgorithm, Passphrase, PrivateKey, RequestTemplate, recognise};
use crate::timestamp::Timestamp;

fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

fn look(files: &[&[u8]]) -> Inspection {
    let file = |(index, bytes): (usize, &&[u8])| {
        let items =
            recognise(bytes).unwrap().into_iter().flat_map(|item| item.unlock(None, &mut Budget::default())).collect();
        File { name: format!("file {index}"), items }
    };
    inspect(files.iter().enumerate().map(file).collect(), None, now()).unwrap()
}

/// The codes of everything that is wrong.
fn codes(files: &[&[u8]]) -> Vec<&'static str> {
    look(files).objects.iter().flat_map(|object| &object.findings).map(super::Finding::code).collect()
}

struct Signer {
    params: CertificateParams,
    key: KeyPair,
}

impl Signer {
    fn new(name: &str) -> Self {
        let mut params = leaf(name, &[], (2026, 1, 1), (2036, 1, 1));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self { params, key: KeyPair::generate().unwrap() }
    }

    fn pem(&self) -> String {
        self.params.self_signed(&self.key).unwrap().pem()
    }

    fn sign(&self, params: &CertificateParams, key: &KeyPair) -> String {
        params.signed_by(key, &Issuer::from_params(&self.params, &self.key)).unwrap().pem()
    }
}

type Day = (i32, u8, u8);

fn leaf(common_name: &str, names: &[&str], from: Day, until: Day) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.not_before = rcgen::date_time_ymd(from.0, from.1, from.2);
    params.not_after = rcgen::date_time_ymd(until.0, until.1, until.2);
    params
}

#[test]
fn certificates_are_judged_by_names_and_times() {
    let signer = Signer::new("Root");
    let key = KeyPair::generate().unwrap();
    let judge = |params: &CertificateParams| codes(&[signer.sign(params, &key).as_bytes()]);
    let names = ["a.example", "*.b.example"];
    assert_eq!(judge(&leaf("a.example", &names, (2026, 11, 1), (2027, 2, 1))), [""; 0]);
    assert_eq!(judge(&leaf("x.b.example", &names, (2026, 11, 1), (2027, 2, 1))), [""; 0]);
    assert_eq!(judge(&leaf("My Company", &names, (2026, 11, 1), (2027, 2, 1))), [""; 0]);
    assert_eq!(judge(&leaf("c.example", &names, (2026, 11, 1), (2027, 2, 1))), ["common-name-not-named"]);
    assert_eq!(judge(&leaf("a.example", &[], (2026, 11, 1), (2027, 2, 1))), ["common-name-not-named"]);
    assert_eq!(judge(&leaf("a.example", &names, (2026, 11, 1), (2027, 6, 1))), ["long-lifetime"]);
    assert_eq!(judge(&leaf("a.example", &names, (2026, 3, 1), (2027, 3, 1))), [""; 0], "the limit was 398 days then");
    assert_eq!(judge(&leaf("a.example", &names, (2026, 3, 1), (2026, 9, 1))), ["expired"]);
    assert_eq!(judge(&leaf("a.example", &names, (2026, 12, 1), (2027, 2, 1))), ["not-yet-valid"]);
    assert_eq!(judge(&leaf("a.example", &names, (2028, 1, 1), (2028, 6, 1))), ["not-yet-valid", "long-lifetime"]);
    assert_eq!(codes(&[signer.pem().as_bytes()]), [""; 0], "an authority may last");
}

#[test]
fn a_certificate_named_like_its_issuer_is_no_self_signed_one() {
    let signer = Signer::new("mail.example");
    let key = KeyPair::generate().unwrap();
    let params = leaf("mail.example", &["mail.example"], (2026, 11, 1), (2027, 2, 1));
    assert_eq!(codes(&[signer.sign(&params, &key).as_bytes()]), ["named-like-issuer"]);
    assert_eq!(codes(&[params.self_signed(&key).unwrap().pem().as_bytes()]), [""; 0]);
}

#[test]
fn weak_signatures_and_keys_are_found() {
    let legacy = include_bytes!("../../../tests/fixtures/legacy.pem");
    let found = codes(&[legacy]);
    assert!(found.contains(&"weak-signature") && found.contains(&"short-rsa-key"), "{found:?}");
    assert_eq!(codes(&[include_bytes!("../../../tests/fixtures/formats/roca.pub")]), ["roca"]);
    assert_eq!(codes(&[include_bytes!("../../../tests/fixtures/formats/close-primes.pub")]), ["close-primes"]);
    let request = include_bytes!("../../../tests/fixtures/key-manager-4.0.req");
    assert_eq!(codes(&[request]), ["weak-signature", "common-name-not-named", "short-rsa-key"]);
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let template = RequestTemplate { subject: "CN=a.example".parse().unwrap(), ..RequestTemplate::default() };
    let mut der = template.sign(&key).unwrap().as_der().to_vec();
    assert_eq!(codes(&[&der]), [""; 0]);
    let at = der.windows(9).position(|window| window == b"a.example").unwrap();
    der[at] = b'b';
    assert!(codes(&[&der]).contains(&"invalid-signature"));
}

#[test]
fn what_belongs_together_is_found() {
    let signer = Signer::new("Root");
    let (key, other) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let certificate = signer.sign(&leaf("a.example", &["a.example"], (2026, 11, 1), (2027, 2, 1)), &key);
    let together = look(&[certificate.as_bytes(), key.serialize_pem().as_bytes(), other.serialize_pem().as_bytes()]);
    let belongs: Vec<_> = together.objects.iter().map(|object| object.belongs_with.clone()).collect();
    assert_eq!(belongs, [vec![1], vec![0], vec![]]);
    let mismatch = together.objects[2].findings.iter().map(super::Finding::code).collect::<Vec<_>>();
    assert_eq!(mismatch, ["key-mismatch"]);
    assert_eq!(together.count(), 1);
}

#[test]
fn chains_are_found_and_their_order_is_judged() {
    let (root, issuing) = (Signer::new("Root"), Signer::new("Issuing"));
    let key = KeyPair::generate().unwrap();
    let end = issuing.sign(&leaf("a.example", &["a.example"], (2026, 11, 1), (2027, 2, 1)), &key);
    let middle = root.sign(&issuing.params, &issuing.key);
    let chain = |text: &str| {
        let found = look(&[text.as_bytes()]);
        let [chain] = found.chains.as_slice() else { panic!("{:?}", found.chains) };
        let missing = chain.missing_issuer.as_ref().map(ToString::to_string);
        (chain.members.clone(), chain.ends_in_root, missing, found.count())
    };
    let top = root.pem();
    assert_eq!(chain(&format!("{end}{middle}{top}")), (vec![0, 1, 2], true, None, 0));
    assert_eq!(chain(&format!("{end}{middle}")), (vec![0, 1], false, Some("CN=Root".to_owned()), 0));
    assert_eq!(chain(&format!("{top}{middle}{end}")), (vec![2, 1, 0], true, None, 1));
    assert_eq!(chain(&end), (vec![0], false, Some("CN=Issuing".to_owned()), 0));
    assert_eq!(chain(&top), (vec![0], true, None, 0));
    let apart = look(&[top.as_bytes(), middle.as_bytes(), end.as_bytes()]);
    assert_eq!((apart.chains[0].members.clone(), apart.count()), (vec![2, 1, 0], 0), "files have no order");
}

#[test]
fn old_encryption_and_closed_things_are_found() {
    let legacy = include_bytes!("../../../tests/fixtures/formats/legacy.p12");
    assert_eq!(codes(&[legacy]), ["legacy-encryption"]);
    assert_eq!(codes(&[include_bytes!("../../../tests/fixtures/formats/modern.p12")]), [""; 0]);
    assert_eq!(codes(&[include_bytes!("../../../tests/fixtures/formats/camellia.pem")]), ["unsupported-encryption"]);
    let wrong = Passphrase::new("wrong".to_owned()).unwrap();
    let items = recognise(legacy)
        .unwrap()
        .into_iter()
        .flat_map(|item| item.unlock(Some(&wrong), &mut Budget::default()))
        .collect();
    let found = inspect(vec![File { name: "x".to_owned(), items }], None, now()).unwrap();
    let found: Vec<_> = found.objects[0].findings.iter().map(super::Finding::code).collect();
    assert_eq!(found, ["legacy-encryption", "wrong-passphrase"]);
}
