//! The questions of `make-csr`: organisation, unit, common name; country, state, locality; names; where to put it.

use std::path::PathBuf;

use keystore::model::{KeyBrief, KeyView, NextBrief};
use keystore::name::KeyPath;
use keystore::ops::find_key;
use keystore::ops::make_csr::{MakeCsr, SubjectChoice, SubjectFields, check};
use keystore::pki::{AttributeType, Subject, SubjectAltName, SubjectError};
use keystore::store::{Keystore, SubjectDefaults};

use super::country::COUNTRIES;
use super::{choose_key, confirm_summary, search, show_command, text, words};
use crate::commands::make_csr::{Args, Request};
use crate::context::Context;
use crate::error::Failure;
use crate::outside;

pub(crate) fn ask(context: &Context, keystore: &Keystore, args: &Args) -> Result<Request, Failure> {
    let snapshot = keystore.read()?;
    let waits = |key: &KeyBrief<'_>| matches!(key.next, Some(NextBrief::New(_) | NextBrief::Pending { .. }));
    let key: KeyPath = match args.key() {
        Some(key) => key.parse()?,
        None => choose_key(&snapshot, "Key", waits)?,
    };
    let view = find_key(&snapshot, &key)?;
    check(&view, args.reuse_key())?;
    context.say(format_args!("A request for {key}. Ctrl-C at any question leaves everything as it is."))?;
    let asked = args.request(key.clone(), &snapshot)?;
    let last = view.last_request().map(|request| &request.subject);
    let subject = ask_subject(&Before { asked: &asked.subject, last, defaults: defaults(keystore) })?;
    let names = ask_names(&view, &subject, &asked.names)?;
    let out = match args.out() {
        Some(out) => out.clone(),
        None => ask_file(&key)?,
    };
    let list: Vec<_> = names.iter().map(ToString::to_string).collect();
    let out_text = out.display().to_string();
    confirm_summary(
        "To be requested",
        &[
            ("key", key.to_string()),
            ("subject", subject.to_string()),
            ("names", list.join(", ")),
            ("file", out_text.clone()),
        ],
    )?;
    let mut line = words(&["keyring", "make-csr", &key.to_string(), "--subject", &subject.to_string()]);
    line.extend(list.iter().flat_map(|name| words(&["--san", name])));
    line.extend(words(&["--out", &out_text]));
    let encrypted = view.working_version().is_some_and(|version| version.encrypted);
    line.extend(args.other_flags(encrypted));
    show_command(context, line)?;
    Ok(Request { csr: MakeCsr { subject: SubjectChoice::Whole(subject), names, ..asked }, out: Some(out) })
}

/// Where the answers that are offered come from.
struct Before<'a> {
    asked: &'a SubjectChoice,
    last: Option<&'a Subject>,
    defaults: &'a SubjectDefaults,
}

fn defaults(keystore: &Keystore) -> &SubjectDefaults {
    &keystore.config().defaults.subject
}

impl Before<'_> {
    fn of(&self, kind: &AttributeType) -> Vec<&str> {
        let given = match self.asked {
            SubjectChoice::Whole(subject) => subject.get(kind),
            SubjectChoice::Fields(fields) => field(fields, kind),
        };
        if !given.is_empty() {
            return given;
        }
        if let Some(last) = self.last {
            return last.get(kind);
        }
        let SubjectDefaults { country, state, locality, organization, unit } = self.defaults;
        match kind {
            AttributeType::Country => country.as_deref().into_iter().collect(),
            AttributeType::State => state.as_deref().into_iter().collect(),
            AttributeType::Locality => locality.as_deref().into_iter().collect(),
            AttributeType::Organization => organization.as_deref().into_iter().collect(),
            AttributeType::OrganizationalUnit => unit.iter().map(String::as_str).collect(),
            _ => Vec::new(),
        }
    }
}

/// What the command line says of one field.
fn field<'a>(fields: &'a SubjectFields, kind: &AttributeType) -> Vec<&'a str> {
    let one = match kind {
        AttributeType::Country => &fields.country,
        AttributeType::State => &fields.state,
        AttributeType::Locality => &fields.locality,
        AttributeType::Organization => &fields.organization,
        AttributeType::CommonName => &fields.common_name,
        AttributeType::OrganizationalUnit => return fields.units.iter().map(String::as_str).collect(),
        _ => &None,
    };
    one.as_deref().into_iter().collect()
}

fn ask_subject(before: &Before<'_>) -> Result<Subject, Failure> {
    let field = |kind: AttributeType, question: &str| -> Result<Vec<(AttributeType, String)>, Failure> {
        let default = before.of(&kind).join("; ");
        let accept = |answer: &str| values(&kind, answer).and_then(Subject::from_attributes).map(drop);
        let answer = text(question, Some(&default), accept)?;
        Ok(values(&kind, &answer)?)
    };
    let organization = field(AttributeType::Organization, "Organization")?;
    let units = field(AttributeType::OrganizationalUnit, "Organizational unit (several: separated by ;)")?;
    let common_name = field(AttributeType::CommonName, "Common name (the server's name, such as mail.example.com)")?;
    let country = ask_country(before.of(&AttributeType::Country).first().copied())?;
    let state = field(AttributeType::State, "State or province (spelled out)")?;
    let locality = field(AttributeType::Locality, "Locality (town)")?;
    let in_order = [country, state, locality, organization, units, common_name].concat();
    Ok(Subject::from_attributes(in_order)?)
}

/// The values in an answer: several units are separated by `;`, everything else is one value. None when empty.
fn values(kind: &AttributeType, answer: &str) -> Result<Vec<(AttributeType, String)>, SubjectError> {
    let several = *kind == AttributeType::OrganizationalUnit;
    let parts: Vec<&str> = if several { answer.split(';').collect() } else { vec![answer] };
    let parts = parts.into_iter().map(str::trim).filter(|part| !part.is_empty());
    Ok(parts.map(|part| (kind.clone(), part.to_owned())).collect())
}

fn ask_country(before: Option<&str>) -> Result<Vec<(AttributeType, String)>, Failure> {
    let mut labels = vec!["-- none".to_owned()];
    labels.extend(COUNTRIES.iter().map(|(code, name)| format!("{code} {name}")));
    let default = COUNTRIES.iter().position(|(code, _)| Some(*code) == before).map_or(0, |at| at + 1);
    let chosen = search("Country (type its code or name)", &labels, default)?;
    let country = chosen.checked_sub(1).map(|at| (AttributeType::Country, COUNTRIES[at].0.to_owned()));
    Ok(country.into_iter().collect())
}

fn ask_names(view: &KeyView, subject: &Subject, asked: &[SubjectAltName]) -> Result<Vec<SubjectAltName>, Failure> {
    let own = subject.common_name().and_then(SubjectAltName::host_name_of_common_name);
    let default: Vec<_> = match view.last_request() {
        _ if !asked.is_empty() => asked.iter().map(ToString::to_string).collect(),
        Some(last) => last.names.iter().map(ToString::to_string).collect(),
        None => own.iter().map(ToString::to_string).collect(),
    };
    let accept = |answer: &str| -> Result<(), String> {
        let names = parse_names(answer).map_err(|refusal| refusal.to_string())?;
        if names.is_empty() && subject.is_empty() {
            return Err("a request needs a subject or a name".to_owned());
        }
        Ok(())
    };
    let answer = text("Names (separated by spaces)", Some(&default.join(" ")), accept)?;
    let names = parse_names(&answer)?;
    // The common name is certified whether it was typed again or not: the summary shall say so.
    let missing = own.filter(|own| !names.contains(own));
    Ok(missing.into_iter().chain(names).collect())
}

/// Names separated by blanks or commas; one without its kind is a host name.
fn parse_names(answer: &str) -> Result<Vec<SubjectAltName>, keystore::pki::SubjectAltNameError> {
    let words = answer.split([' ', ',', '\t']).filter(|word| !word.is_empty());
    words
        .map(|word| match word.split_once(':') {
            Some(("dns" | "ip" | "email" | "uri", _)) => word.parse(),
            _ if word.parse::<std::net::IpAddr>().is_ok() => format!("ip:{word}").parse(),
            _ => format!("dns:{word}").parse(),
        })
        .collect()
}

fn ask_file(key: &KeyPath) -> Result<PathBuf, Failure> {
    let default = format!("{}-{}-{}.csr", key.service.server, key.service.protocol, key.name);
    let accept = |answer: &str| match answer {
        "" => Err("a file name is needed; - is standard output"),
        "-" => Ok(()),
        name if outside::exists(name.as_ref()) => Err("that file is there already: name another one"),
        _ => Ok(()),
    };
    Ok(text("File to put the request in", Some(&default), accept)?.into())
}

#[cfg(test)]
mod tests {
    use super::parse_names;

    #[test]
    fn a_name_without_its_kind_is_a_host_or_an_address() {
        let names = parse_names("mail.example.com, 192.0.2.7 2001:db8::1 email:a@example.com").unwrap();
        let names: Vec<_> = names.iter().map(ToString::to_string).collect();
        assert_eq!(names, ["dns:mail.example.com", "ip:192.0.2.7", "ip:2001:db8::1", "email:a@example.com"]);
        assert!(parse_names("not a..name").is_err());
    }
}
