//! What files say, and what is wrong with them.

use proptest::prelude::*;

use super::{Desired, Mistakes, Source, read, schema};
use crate::model::{FileForm, Hook, Profile, ReuseKey};
use crate::store::SubjectDefaults;

fn said(text: &str) -> Result<Desired, Vec<String>> {
    let sources = [Source { name: "fleet.toml".to_owned(), text: text.to_owned() }];
    let mut mistakes = Mistakes::new(&sources);
    let desired = read(&sources, &SubjectDefaults::default(), &mut mistakes);
    mistakes.check().map_err(|mistakes| mistakes.iter().map(ToString::to_string).collect::<Vec<_>>())?;
    Ok(desired)
}

const FLEET: &str = r#"
[defaults]
authority = "internal"
renew-at = "30d"
subject.organization = "Example"

[servers]
web = "web{01..99}"
mail = ["mx1.example.com", "mx2.example.com"]

[[service]]
for = ["web", "web100"]
service = "{server}/https"
profile = "nginx"
install-to = "/etc/ssl/{server}"
combined-file = "/etc/ssl/{server}.pem"
reload-command = "systemctl reload nginx && awk '{print}' {server}"
test-command = ["nginx", "-t"]
undo-command = false
probe = "tls://{server}.example.com:443"
timeout = 20

[[key]]
for = ["web", "web100"]
key = "{server}/https/main"
subject.common-name = "{server}.example.com"
san = ["dns:{server}.example.com"]
bind = ["{server}/https@default"]

[[key]]
for = "mail"
key = "{server}/smtp/main"
subject = "CN={name}, O=Mail"
authority = false
reuse-key = { days = 90 }
bind = ["{server}/smtp@default", "{server}/imap@192.0.2.7:993"]
"#;

#[test]
fn a_hundred_servers_are_ten_lines() {
    let desired = said(FLEET).unwrap();
    assert_eq!((desired.services.len(), desired.keys.len(), desired.bindings.len()), (100, 102, 104));
    let web = &desired.keys[&"web07/https/main".parse().unwrap()];
    assert_eq!(web.subject.as_ref().unwrap().to_string(), "O=Example,CN=web07.example.com");
    assert_eq!(web.names.as_ref().unwrap()[0].to_string(), "dns:web07.example.com");
    let renewal = web.renewal.as_ref().unwrap().value.as_ref().unwrap();
    assert_eq!((renewal.authority.as_str(), renewal.at.to_string().as_str()), ("internal", "30d"));
    let mail = &desired.keys[&"mx1.example.com/smtp/main".parse().unwrap()];
    assert_eq!(mail.subject.as_ref().unwrap().to_string(), "CN=mx1,O=Mail");
    assert!(mail.renewal.as_ref().unwrap().value.is_none() && mail.names.is_none());
    let settings = &desired.services[&"web100/https".parse().unwrap()].value;
    assert_eq!(settings.profile, Profile::Nginx);
    assert_eq!(settings.install_to.as_ref().unwrap().to_string(), "/etc/ssl/web100");
    assert_eq!(settings.files[&FileForm::Combined].to_string(), "/etc/ssl/web100.pem");
    assert_eq!(settings.reload, Some(Hook::Shell("systemctl reload nginx && awk '{print}' web100".to_owned())));
    assert_eq!(settings.test, Some(Hook::Argv(vec!["nginx".to_owned(), "-t".to_owned()])));
    assert_eq!((settings.undo.clone(), settings.timeout), (Some(Hook::Nothing), Some(20)));
}

#[test]
fn private_keys_are_used_again_within_limits() {
    let reuse = |what: &str| {
        let text = format!("[[key]]\nkey = \"a/b/c\"\nauthority = \"x\"\nreuse-key = {what}\n");
        said(&text).unwrap().keys.into_values().next().unwrap().renewal.unwrap().value.unwrap().reuse_key
    };
    assert_eq!(reuse("true"), Some(ReuseKey::default()));
    assert_eq!(reuse("false"), None);
    assert_eq!(reuse("{ certificates = 3 }"), Some(ReuseKey { days: None, certificates: Some(3) }));
}

#[test]
fn all_mistakes_are_told_at_once_each_with_its_place() {
    let text = r#"
[defaults]
algorithm = "dsa"
colour = "red"

[[service]]
for = "web{01..99}"
service = "{servre}/https"
profil = "nginx"

[[key]]
key = "mail01/imap/main"
san = ["dns:mail01.example.com", "mail02.example.com"]
bind = ["mail01/imap@default", "mail01/imap@0.0.0.0"]
reuse-key = { days = 0 }
request = "no"

[[key]]
key = "mail01/imap/main"
bind = "mail01/imap@default"
renew-at = "soon"
"#;
    assert_eq!(
        said(text).unwrap_err(),
        [
            "fleet.toml:3:13: \"dsa\" is none of ecdsa-p256, ecdsa-p384, rsa-2048, rsa-3072, rsa-4096, ed25519",
            "fleet.toml:4:1: there is no field `colour` here: there are algorithm, subject, authority, renew-at, reuse-key",
            "fleet.toml:6:1: `profile` is missing",
            "fleet.toml:8:11: {servre} stands for nothing: there are {server} and {name}",
            "fleet.toml:9:1: there is no field `profil`; did you mean `profile`?",
            "fleet.toml:13:34: \"mail02.example.com\" does not say what it is: names are written dns:NAME, ip:ADDRESS, email:MAILBOX or uri:URI",
            "fleet.toml:14:32: \"0.0.0.0\" is not an address: it is `default`, IP:PORT or [IPv6]:PORT",
            "fleet.toml:15:13: nobody is to renew the key: say `authority`, here or in [defaults]",
            "fleet.toml:15:22: `days` is a number from 1 to 99999",
            "fleet.toml:16:11: `request` is true or false, not text",
            "fleet.toml:19:7: mail01/imap/main stands in fleet.toml:12:7 already",
            "fleet.toml:20:8: `bind` is a list of texts, not text",
            "fleet.toml:21:12: \"soon\" is neither a part of the lifetime, such as 2/3, nor days before its end, such as 30d, nor `ari`",
        ]
    );
}

#[test]
fn mistakes_of_grammar_are_all_told_and_nothing_is_guessed_behind_them() {
    let mistakes = said("[[key]]\nkey = \n[[service]\nprofile = nginx\n").unwrap_err();
    assert!(mistakes.len() >= 2 && mistakes[0].starts_with("fleet.toml:2:"), "{mistakes:?}");
}

#[test]
fn one_endpoint_serves_one_key() {
    let text =
        "[[key]]\nkey = \"a/b/c\"\nbind = [\"a/b@default\"]\n[[key]]\nkey = \"a/b/d\"\nbind = [\"a/b@default\"]\n";
    let wanted = ["fleet.toml:6:8: a/b@default is bound to a/b/c in fleet.toml:3:8 already"];
    assert_eq!(said(text).unwrap_err(), wanted);
}

/// Whether a schema, of those that are made here, takes a value.
fn takes(schema: &serde_json::Value, value: &serde_json::Value) -> bool {
    if let Some(any) = schema.get("anyOf") {
        return any.as_array().unwrap().iter().any(|one| takes(one, value));
    }
    if let Some(only) = schema.get("const") {
        return only == value;
    }
    match schema["type"].as_str().unwrap() {
        "string" => {
            let words = schema.get("enum").map(|words| words.as_array().unwrap());
            value.is_string() && words.is_none_or(|words| words.contains(value))
        }
        "boolean" => value.is_boolean(),
        "integer" => value.as_i64().is_some_and(|number| {
            schema["minimum"].as_i64().unwrap() <= number && number <= schema["maximum"].as_i64().unwrap()
        }),
        "array" => value.as_array().is_some_and(|items| {
            let least = schema.get("minItems").map_or(0, |least| least.as_u64().unwrap());
            items.len() as u64 >= least && items.iter().all(|item| takes(&schema["items"], item))
        }),
        "object" => value.as_object().is_some_and(|fields| {
            let required = schema.get("required").map(|names| names.as_array().unwrap().clone()).unwrap_or_default();
            let others = &schema["additionalProperties"];
            let takes_field = |(name, value): (&String, &serde_json::Value)| {
                let property = schema.get("properties").and_then(|properties| properties.get(name));
                property.map_or(others.is_object() && takes(others, value), |schema| takes(schema, value))
            };
            required.iter().all(|name| fields.contains_key(name.as_str().unwrap())) && fields.iter().all(takes_field)
        }),
        other => panic!("{other}"),
    }
}

/// Some value in TOML: right in one place and wrong in another.
fn some_value() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "\"rsa-2048\"",
        "\"nginx\"",
        "\"30d\"",
        "\"internal\"",
        "true",
        "false",
        "7",
        "0",
        "[]",
        "[\"a\", \"b\"]",
        "[1]",
        "1.5",
        "{ days = 3 }",
        "{ unit = \"a\" }",
        "{ days = 0 }",
        "2026-01-01",
    ])
}

proptest! {
    /// What the parser says of the shape of a file, the schema says too.
    #[test]
    fn the_schema_and_the_parser_agree(
        table in prop::sample::select(vec!["[defaults]", "[servers]", "[[service]]", "[[key]]", "[other]"]),
        fields in prop::collection::btree_map(
            prop::sample::select(vec![
                "for", "key", "service", "profile", "algorithm", "subject", "san", "request", "authority", "renew-at",
                "reuse-key", "bind", "timeout", "windows-2016", "test-command", "probe", "mode", "other",
            ]),
            some_value(),
            0..4,
        ),
    ) {
        let fields: String = fields.iter().map(|(name, value)| format!("{name} = {value}\n")).collect();
        let text = format!("{table}\n{fields}");
        let sources = [Source { name: "fleet.toml".to_owned(), text: text.clone() }];
        let mut mistakes = Mistakes::new(&sources);
        super::document::read(&text, 0, &mut mistakes);
        let value: serde_json::Value = toml::from_str(&text).unwrap();
        prop_assert_eq!(mistakes.check().is_ok(), takes(&schema(), &value), "{}", text);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,80}") {
        let _ = said(&text);
        let _ = said(&format!("[[key]]\nfor = \"web{{1..2}}\"\nkey = {text:?}\nsan = [{text:?}]"));
    }
}
