use super::{SubjectFields, merge, place_of};
use crate::pki::{AttributeType, Subject};
use crate::store::SubjectDefaults;

fn subject(text: &str) -> Subject {
    text.parse().unwrap()
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn defaults() -> SubjectDefaults {
    SubjectDefaults {
        country: some("NL"),
        state: some("Noord Holland"),
        locality: some("Naarden"),
        organization: some("USoft"),
        unit: vec!["INT".to_owned(), "Mail".to_owned()],
    }
}

fn merged(last: Option<&str>, defaults: &SubjectDefaults, fields: &SubjectFields) -> String {
    merge(last.map(subject).as_ref(), defaults, fields).unwrap().to_string()
}

#[test]
fn fields_are_written_in_the_order_of_key_manager() {
    let fields = SubjectFields {
        country: some("DE"),
        state: some("Hessen"),
        locality: some("Kassel"),
        organization: some("Example"),
        units: vec!["one".to_owned(), "two".to_owned()],
        common_name: some("mail01.example.com"),
    };
    let expected = "C=DE,ST=Hessen,L=Kassel,O=Example,OU=one,OU=two,CN=mail01.example.com";
    assert_eq!(merged(None, &SubjectDefaults::default(), &fields), expected);
    assert_eq!(merged(None, &defaults(), &fields), expected);
}

#[test]
fn defaults_fill_what_is_not_given() {
    let named = SubjectFields { common_name: some("a.example"), ..SubjectFields::default() };
    assert_eq!(
        merged(None, &defaults(), &named),
        "C=NL,ST=Noord Holland,L=Naarden,O=USoft,OU=INT,OU=Mail,CN=a.example"
    );
    let moved = SubjectFields { locality: some("Utrecht"), units: vec!["Web".to_owned()], ..named };
    assert_eq!(merged(None, &defaults(), &moved), "C=NL,ST=Noord Holland,L=Utrecht,O=USoft,OU=Web,CN=a.example");
    assert_eq!(merged(None, &SubjectDefaults::default(), &SubjectFields::default()), "");
}

#[test]
fn the_last_request_goes_before_the_defaults() {
    let nothing = SubjectFields::default();
    let last = "O=Example,CN=a.example";
    assert_eq!(merged(Some(last), &defaults(), &nothing), last);
    let named = SubjectFields { common_name: some("b.example"), ..nothing };
    assert_eq!(merged(Some(last), &defaults(), &named), "O=Example,CN=b.example");
}

#[test]
fn the_last_request_is_kept_to_the_letter_when_nothing_is_given() {
    // A part with two values can't be taken apart and put together again.
    let last = subject("CN=a.example+UID=7,O=Example");
    assert_eq!(merge(Some(&last), &defaults(), &SubjectFields::default()).unwrap(), last);
}

#[test]
fn a_field_is_replaced_in_its_place() {
    let last = Some("CN=a.example,OU=one,O=Example,OU=two,DC=example,DC=com");
    let with = |fields| merged(last, &defaults(), &fields);
    let nothing = SubjectFields::default;
    assert_eq!(
        with(SubjectFields { common_name: some("b.example"), ..nothing() }),
        "CN=b.example,OU=one,O=Example,OU=two,DC=example,DC=com"
    );
    assert_eq!(
        with(SubjectFields { units: vec!["three".to_owned(), "four".to_owned()], ..nothing() }),
        "CN=a.example,OU=three,OU=four,O=Example,DC=example,DC=com"
    );
    assert_eq!(
        with(SubjectFields { organization: some("Other"), ..nothing() }),
        "CN=a.example,OU=one,O=Other,OU=two,DC=example,DC=com"
    );
}

#[test]
fn a_field_without_its_like_goes_where_key_manager_wrote_it() {
    let attributes = |text: &str| -> Vec<(AttributeType, String)> {
        subject(text).attributes().map(|(kind, value)| (kind.clone(), value.to_owned())).collect()
    };
    let place = |text, kind| place_of(&attributes(text), &kind);
    assert_eq!(place("C=NL,O=Example,CN=a", AttributeType::State), 1);
    assert_eq!(place("C=NL,O=Example,CN=a", AttributeType::OrganizationalUnit), 2);
    assert_eq!(place("O=Example,CN=a", AttributeType::Country), 0);
    assert_eq!(place("C=NL,O=Example", AttributeType::CommonName), 2);
    assert_eq!(place("DC=com,DC=example,CN=a", AttributeType::Organization), 2);
    assert_eq!(place("", AttributeType::CommonName), 0);
}

#[test]
fn a_field_that_breaks_a_limit_is_refused() {
    let long = SubjectFields { country: some("Netherlands"), ..SubjectFields::default() };
    assert!(merge(None, &SubjectDefaults::default(), &long).is_err());
}
