//! The same chains, judged by `openssl verify` and by `keyring verify`.

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertificateSigningRequestParams,
    CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose,
    NameConstraints, RevokedCertParams, SerialNumber,
};
use time::{Duration, OffsetDateTime};

use crate::common::{Keyring, Tool};

const KEY: &str = "web01/https/main";

type Issuer = CertifiedIssuer<'static, KeyPair>;

fn authority(name: &str, change: impl FnOnce(&mut CertificateParams)) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    (params.not_before, params.not_after) = (day(-100), day(1000));
    params.use_authority_key_identifier_extension = true;
    change(&mut params);
    params
}

fn day(days: i64) -> OffsetDateTime {
    OffsetDateTime::now_utc() + Duration::days(days)
}

fn root(change: impl FnOnce(&mut CertificateParams)) -> Issuer {
    CertifiedIssuer::self_signed(authority("Root", change), KeyPair::generate().unwrap()).unwrap()
}

fn under(above: &Issuer, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Issuer {
    CertifiedIssuer::signed_by(authority(name, change), KeyPair::generate().unwrap(), above).unwrap()
}

fn list(issuer: &Issuer, serials: &[u64]) -> String {
    let revoked = serials.iter().map(|serial| RevokedCertParams {
        serial_number: SerialNumber::from(*serial),
        revocation_time: day(-1),
        reason_code: None,
        invalidity_date: None,
    });
    let params = CertificateRevocationListParams {
        this_update: day(-1),
        next_update: day(7),
        crl_number: SerialNumber::from(1),
        issuing_distribution_point: None,
        revoked_certs: revoked.collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    params.signed_by(issuer).unwrap().pem().unwrap()
}

/// A chain and whom to trust.
struct Case {
    name: &'static str,
    good: bool,
    leaf: String,
    sent: String,
    root: String,
    list: Option<String>,
}

fn unchanged(_: &mut CertificateParams) {}

/// The leaf for a request, by an issuer.
fn issue(request: &str, issuer: &Issuer, change: impl FnOnce(&mut CertificateParams)) -> String {
    let mut request = CertificateSigningRequestParams::from_pem(request).unwrap();
    (request.params.not_before, request.params.not_after) = (day(-1), day(40));
    request.params.serial_number = Some(SerialNumber::from(4711));
    request.params.use_authority_key_identifier_extension = true;
    change(&mut request.params);
    request.signed_by(issuer).unwrap().pem()
}

fn cases(request: &str) -> Vec<Case> {
    let top = root(unchanged);
    let issuing = under(&top, "Issuing", unchanged);
    let lower = under(&issuing, "Lower", unchanged);
    let leaf = |issuer: &Issuer| issue(request, issuer, unchanged);
    let case = |name, good, leaf, sent: &[&Issuer], root: &Issuer| Case {
        name,
        good,
        leaf,
        sent: sent.iter().map(|one| one.pem()).collect(),
        root: root.pem(),
        list: None,
    };
    let through = |name, change: fn(&mut CertificateParams)| {
        let issuing = under(&top, "Issuing", change);
        case(name, false, leaf(&issuing), &[&issuing], &top)
    };
    let old = root(|params| params.not_after = day(-1));
    let short = under(&top, "Short", |params| params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0)));
    let below_short = under(&short, "Below", unchanged);
    let client = |params: &mut CertificateParams| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    };
    let listed =
        |name, good, list: String| Case { list: Some(list), ..case(name, good, leaf(&issuing), &[&issuing], &top) };
    let both = |list: String| list + &self::list(&top, &[]);
    let forger = under(&root(unchanged), "Issuing", unchanged);
    vec![
        case("whole", true, leaf(&issuing), &[&issuing], &top),
        case("whole, of two intermediates", true, leaf(&lower), &[&lower, &issuing], &top),
        case("out of order", true, leaf(&lower), &[&issuing, &lower], &top),
        case("with the root", true, leaf(&issuing), &[&issuing, &top], &top),
        case("without intermediates", true, leaf(&top), &[], &top),
        case("an intermediate is missing", false, leaf(&issuing), &[], &top),
        case("the upper intermediate is missing", false, leaf(&lower), &[&lower], &top),
        case("another root of the same name", false, leaf(&issuing), &[&issuing], &root(unchanged)),
        case("another root", false, leaf(&issuing), &[&issuing], &under(&top, "Other", unchanged)),
        through("an expired intermediate", |params| params.not_after = day(-1)),
        through("an intermediate of tomorrow", |params| params.not_before = day(1)),
        through("an intermediate that is no authority", |params| params.is_ca = IsCa::ExplicitNoCa),
        through("a name that is not permitted", |params| {
            let permitted_subtrees = vec![GeneralSubtree::DnsName("example.net".to_owned())];
            params.name_constraints = Some(NameConstraints { permitted_subtrees, excluded_subtrees: vec![] });
        }),
        through("an intermediate for clients", |params| {
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        }),
        case("an expired root", false, leaf(&old), &[], &old),
        case("a path that is too long", false, leaf(&below_short), &[&below_short, &short], &top),
        case("a certificate for clients", false, issue(request, &issuing, client), &[&issuing], &top),
        listed("revoked", false, both(list(&issuing, &[4711]))),
        listed("another one revoked", true, both(list(&issuing, &[4712]))),
        listed("a forged revocation list", false, both(list(&forger, &[]))),
    ]
}

#[test]
fn openssl_accepts_and_refuses_the_same() {
    let keyring = Keyring::new();
    keyring.run(&["make-csr", KEY, "--new-key", "--cn", "web01.example.com"]);
    let request = keyring.run(&["export-csr", KEY]);
    for Case { name, good, leaf, sent, root, list } in cases(&request) {
        let write = |file: &str, text: &str| {
            std::fs::write(keyring.path(file), text).unwrap();
            keyring.file(file)
        };
        let (leaf, sent, root) = (write("leaf.pem", &leaf), write("sent.pem", &sent), write("root.pem", &root));
        let list = list.map(|list| write("list.crl", &list));
        let mut ours = vec!["verify", KEY, "--roots", &root];
        let mut theirs = vec!["verify", "-purpose", "sslserver", "-no-CAfile", "-no-CApath", "-CAfile", &root];
        if let Some(list) = &list {
            ours.extend(["--crl", list]);
            theirs.extend(["-crl_check", "-CRLfile", list]);
        }
        let empty = std::fs::read(&sent).unwrap().is_empty();
        if !empty {
            theirs.extend(["-untrusted", &sent]);
        }
        theirs.push(&leaf);
        let files: Vec<&str> = [leaf.as_str()].into_iter().chain((!empty).then_some(sent.as_str())).collect();
        keyring.run(&[&["install-cert", KEY, "--roots", "none"], &files[..]].concat());
        let ours = keyring.finish(&ours);
        let theirs = Tool::OPENSSL.finish(&theirs);
        assert_eq!(ours.code, Some(if good { 0 } else { 12 }), "{name}: {}{}", ours.stdout, ours.stderr);
        assert_eq!(theirs.code == Some(0), good, "{name}: openssl says {}{}", theirs.stdout, theirs.stderr);
    }
}
