use std::net::IpAddr;
use std::sync::LazyLock;

use proptest::prelude::*;

use super::{NameConstraints, Subtree, SubtreeError};
use crate::pki::issue::{AuthorityTemplate, BeyondIssuer, CertificateProfile, Issuer, SerialNumber, Terms, Validity};
use crate::pki::{KeyAlgorithm, PathError, PrivateKey, RequestTemplate, Roots, Subject, SubjectAltName, find_path};
use crate::timestamp::Timestamp;

fn constraints(permitted: &[&str], excluded: &[&str]) -> NameConstraints {
    let all = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
    NameConstraints { permitted: all(permitted), excluded: all(excluded) }
}

fn outside(constraints: &NameConstraints, subject: &str, names: &[&str]) -> Vec<String> {
    let names: Vec<SubjectAltName> = names.iter().map(|name| name.parse().unwrap()).collect();
    constraints.outside(&subject.parse().unwrap(), &names).iter().map(ToString::to_string).collect()
}

#[test]
fn names_are_within_by_whole_labels_and_whole_bits() {
    let lab = constraints(
        &[
            "dns:lab.example",
            "ip:192.0.2.0/25",
            "email:lab.example",
            "email:.lab.example",
            "email:a@b.example",
            "uri:www.lab.example",
            "uri:.cdn.example",
        ],
        &["dns:secret.lab.example", "ip:192.0.2.7"],
    );
    let good = [
        "dns:lab.example",
        "dns:a.b.lab.example",
        "dns:*.b.lab.example",
        "ip:192.0.2.127",
        "email:x@lab.example",
        "email:x@a.lab.example",
        "email:a@b.example",
        "uri:https://www.lab.example:8443/a?b@c",
        "uri:ftp://u@a.cdn.example",
    ];
    assert_eq!(outside(&lab, "O=Lab,CN=lab.example", &good), [""; 0]);
    let bad = [
        "dns:mylab.example",
        "dns:example",
        "dns:*.example",
        "ip:192.0.2.128",
        "ip:2001:db8::1",
        "email:b@b.example",
        "uri:https://lab.example/",
        "uri:https://cdn.example/",
        "uri:https://192.0.2.1/",
        "uri:urn:lab.example",
    ];
    assert_eq!(outside(&lab, "O=Lab", &bad), bad.map(|name| format!("{name} (not permitted)")));
    assert_eq!(
        outside(
            &lab,
            "CN=a.example,emailAddress=x@c.example",
            &["dns:a.secret.lab.example", "dns:*.lab.example", "ip:192.0.2.7"]
        ),
        [
            "dns:a.secret.lab.example (excluded by dns:secret.lab.example)",
            "dns:*.lab.example (excluded by dns:secret.lab.example)",
            "ip:192.0.2.7 (excluded by ip:192.0.2.7/32)",
            "CN=a.example (not permitted)",
            "emailAddress=x@c.example (not permitted)",
        ]
    );
    // an address in IPv6's clothes is the same address
    let mapped = [SubjectAltName::Ip("::ffff:192.0.2.7".parse::<IpAddr>().unwrap())];
    assert_eq!(lab.outside(&Subject::default(), &mapped).len(), 1);
}

#[test]
fn a_closed_list_leaves_no_other_host_and_no_other_address() {
    let hosts = constraints(&["dns:lab.example"], &[]);
    assert_eq!(outside(&hosts, "", &["ip:192.0.2.7"]), [""; 0]);
    let closed = hosts.closed();
    assert_eq!(closed, constraints(&["dns:lab.example"], &["ip:0.0.0.0/0", "ip:::/0"]));
    assert_eq!(closed.clone().closed(), closed);
    assert_eq!(outside(&closed, "", &["ip:192.0.2.7"]), ["ip:192.0.2.7 (excluded by ip:0.0.0.0/0)"]);
    let net = constraints(&["ip:192.0.2.0/24"], &[]).closed();
    assert_eq!(outside(&net, "", &["dns:a.example"]), ["dns:a.example (excluded by dns:*)"]);
    let free = constraints(&[], &["dns:a.example"]);
    assert_eq!(free.clone().closed(), free);
}

#[test]
fn sets_of_names_are_refused_with_what_would_be_right() {
    let fault = |text: &str| text.parse::<Subtree>().unwrap_err().to_string();
    assert!(fault("lab.example").contains("write dns:NAME"), "{}", fault("lab.example"));
    assert!(fault("dns:.lab.example").contains("write dns:lab.example, which includes"));
    assert!(fault("dns:*.lab.example").contains("write dns:lab.example, which includes"));
    assert!(fault("ip:192.0.2.7/24").contains("write 192.0.2.0/24"), "{}", fault("ip:192.0.2.7/24"));
    for none in ["ip:192.0.2.0/33", "ip:::/129", "ip:192.0.2", "email:*.a.example", "uri:*.a.example", "dns:", "x:y"] {
        assert!(none.parse::<Subtree>().is_err(), "{none}");
    }
    assert!(matches!("rid:1.2".parse::<Subtree>(), Err(SubtreeError::Kind { .. })));
}

#[test]
fn masks_with_holes_and_foreign_kinds_are_not_read() {
    let nothing = NameConstraints::default();
    assert_eq!(NameConstraints::read(&nothing.to_der().unwrap()), Some(nothing));
    // permitted: 192.0.2.0 with the mask 255.0.255.0
    let holes = [&[0x30, 0x0e, 0xa0, 0x0c, 0x30, 0x0a, 0x87, 8][..], &[192, 0, 2, 0, 255, 0, 255, 0]].concat();
    assert_eq!(NameConstraints::read(&holes), None);
    // permitted: a directory name
    assert_eq!(NameConstraints::read(&[0x30, 8, 0xa0, 6, 0x30, 4, 0xa4, 2, 0x30, 0]), None);
}

static KEY: LazyLock<PrivateKey> = LazyLock::new(|| PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap());

/// What rustls-webpki says of a certificate with this name below a root with these constraints.
fn webpki_takes(constraints: &NameConstraints, name: &SubjectAltName) -> bool {
    let now = Timestamp::from_unix(1_800_000_000);
    let validity = Validity::of_days(now, 10).unwrap();
    let serial = SerialNumber::from_random([1; 16]);
    let template =
        |constraints| AuthorityTemplate { subject: "CN=Root".parse().unwrap(), authorities_below: 0, constraints };
    // the same root, once as it is trusted, once as it issues what it may not
    let trusted = template(constraints.clone()).self_signed(&KEY, &serial, validity).unwrap();
    let issuing = template(NameConstraints::default()).self_signed(&KEY, &serial, validity).unwrap();
    let request = RequestTemplate { names: vec![name.clone()], ..RequestTemplate::default() }.sign(&KEY).unwrap();
    let terms = Terms { serial, validity, beyond_issuer: BeyondIssuer::Refuse, crl_url: None };
    let issuer = Issuer::new(&issuing, &KEY).unwrap();
    let leaf = issuer.issue(&request, CertificateProfile::Server, &terms).unwrap().certificate;
    match find_path(&leaf, &[], &Roots::new([trusted]), &[], now) {
        Ok(_) => true,
        Err(PathError::NameConstraints) => false,
        Err(other) => panic!("{other}"),
    }
}

fn any_subtree() -> impl Strategy<Value = Subtree> {
    let dns = "(a|b)(\\.(a|b)){0,2}".prop_map(|name| format!("dns:{name}"));
    let v4 = (0u32..4, 0u8..=32).prop_map(|(low, bits)| {
        let mask = u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0);
        format!("ip:{}/{bits}", IpAddr::from(((0xc000_0200 | low) & mask).to_be_bytes()))
    });
    let v6 = (0u128..4, 126u8..=128).prop_map(|(low, bits)| {
        let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
        format!("ip:{}/{bits}", IpAddr::from((low & mask).to_be_bytes()))
    });
    prop_oneof![dns, v4, v6, Just("dns:*".to_owned())].prop_map(|text| text.parse().unwrap())
}

fn any_name() -> impl Strategy<Value = SubjectAltName> {
    let dns = "(\\*\\.(a|b)\\.)?(a|b)(\\.(a|b)){0,2}".prop_map(|name| format!("dns:{name}"));
    let v4 = (0u32..4).prop_map(|low| format!("ip:{}", IpAddr::from((0xc000_0200 | low).to_be_bytes())));
    let v6 = (2u128..8).prop_map(|low| format!("ip:{}", IpAddr::from(low.to_be_bytes())));
    prop_oneof![3 => dns, 1 => v4, 1 => v6].prop_map(|text| text.parse().unwrap())
}

proptest! {
    /// Nothing is issued that rustls would refuse. Where they differ, ours is the stricter: with a wildcard that touches
    /// what is excluded.
    #[test]
    fn what_is_permitted_here_is_taken_by_webpki(
        permitted in prop::collection::vec(any_subtree(), 0..3),
        excluded in prop::collection::vec(any_subtree(), 0..3),
        name in any_name(),
    ) {
        let constraints = NameConstraints { permitted, excluded };
        let permitted = constraints.outside(&Subject::default(), std::slice::from_ref(&name)).is_empty();
        let taken = webpki_takes(&constraints, &name);
        prop_assert!(taken || !permitted, "{constraints:?} {name}");
        let wildcard = matches!(&name, SubjectAltName::Dns(name) if name.is_wildcard());
        prop_assert!(wildcard || taken == permitted, "{constraints:?} {name}");
    }

    #[test]
    fn what_is_written_is_read_back(
        permitted in prop::collection::vec(any_subtree(), 0..4),
        excluded in prop::collection::vec(any_subtree(), 0..4),
        mail in "(email:(a@)?|email:\\.|uri:\\.?)(a|b)\\.(a|b)",
    ) {
        let mut constraints = NameConstraints { permitted, excluded };
        constraints.excluded.push(mail.parse().unwrap());
        for subtree in constraints.permitted.iter().chain(&constraints.excluded) {
            prop_assert_eq!(&subtree.to_string().parse::<Subtree>().unwrap(), subtree);
        }
        prop_assert_eq!(NameConstraints::read(&constraints.to_der().unwrap()), Some(constraints));
    }

    #[test]
    fn never_panics(bytes: Vec<u8>, text: String, at in 0usize..40, octet: u8) {
        let _ = NameConstraints::read(&bytes);
        let _ = text.parse::<Subtree>();
        let _ = format!("ip:{text}").parse::<Subtree>();
        let mut der = constraints(&["dns:a.b", "ip:192.0.2.0/24"], &["email:.a", "uri:b"]).to_der().unwrap();
        let at = at % der.len();
        der[at] = octet;
        let _ = NameConstraints::read(&der);
    }
}
