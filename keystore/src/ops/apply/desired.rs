//! The desired state: what the files say, with templates filled in and every name read.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use super::document::{self, Data, Table, Value};
use super::mistake::{Mistakes, Place, Source};
use super::servers::{expand, fill};
use super::service;
use crate::model::{RenewAt, Renewal, ReuseKey, ServiceSettings};
use crate::name::{Endpoint, KeyPath, ServerName, ServicePath};
use crate::ops::make_csr::{SubjectFields, merge};
use crate::pki::{KeyAlgorithm, Subject, SubjectAltName};
use crate::store::SubjectDefaults;

/// Something that is said, and where.
#[derive(Clone, Debug)]
pub struct Said<T> {
    /// What is said.
    pub value: T,
    /// Where.
    pub place: Place,
}

/// What is said of a key.
#[derive(Clone, Debug)]
pub struct DesiredKey {
    /// Where.
    pub place: Place,
    /// What its private key is made with.
    pub algorithm: Option<KeyAlgorithm>,
    /// Its subject.
    pub subject: Option<Subject>,
    /// Its names; none said: those of the endpoints that it serves.
    pub names: Option<Vec<SubjectAltName>>,
    /// Whether a certificate is wanted.
    pub request: bool,
    /// How it is renewed, where something is said of that; none: by nobody.
    pub renewal: Option<Said<Option<Renewal>>>,
    /// The endpoints that it serves.
    pub bind: Vec<Endpoint>,
}

/// The desired state.
#[derive(Clone, Debug, Default)]
pub struct Desired {
    /// How services are published to.
    pub services: BTreeMap<ServicePath, Said<ServiceSettings>>,
    /// The keys.
    pub keys: BTreeMap<KeyPath, DesiredKey>,
    /// What is bound to them.
    pub bindings: BTreeMap<Endpoint, Said<KeyPath>>,
}

/// Reads the files. Each stands by itself: its defaults and its lists of servers are its own. A subject's fields that
/// neither it nor its defaults say are those of `defaults`.
#[must_use]
pub fn read(sources: &[Source], defaults: &SubjectDefaults, mistakes: &mut Mistakes<'_>) -> Desired {
    let mut desired = Desired::default();
    for (file, source) in sources.iter().enumerate() {
        let document = document::read(&source.text, file, mistakes);
        let reader = Reader { document: &document, defaults };
        for table in document.tables("service") {
            for server in reader.servers(table, mistakes) {
                take_service(table, server.as_ref(), &mut desired, mistakes);
            }
        }
        for table in document.tables("key") {
            for server in reader.servers(table, mistakes) {
                reader.take_key(table, server.as_ref(), &mut desired, mistakes);
            }
        }
    }
    desired
}

/// A value of its own type, read from filled-in text.
pub(super) fn parsed<T: FromStr<Err: Display>>(
    text: &str,
    place: Place,
    server: Option<&ServerName>,
    mistakes: &mut Mistakes<'_>,
) -> Option<T> {
    let text = fill(text, server).map_err(|error| mistakes.add(place, error)).ok()?;
    text.parse().map_err(|error| mistakes.add(place, error)).ok()
}

/// The same of a field, where it is said.
pub(super) fn field<T: FromStr<Err: Display>>(
    table: &Table,
    name: &str,
    server: Option<&ServerName>,
    mistakes: &mut Mistakes<'_>,
) -> Option<T> {
    let value = table.get(name)?;
    parsed(value.text()?, value.place, server, mistakes)
}

/// Every value of a list.
pub(super) fn list<T: FromStr<Err: Display>>(
    value: &Value,
    server: Option<&ServerName>,
    mistakes: &mut Mistakes<'_>,
) -> Vec<T> {
    value.texts().into_iter().filter_map(|(place, text)| parsed(text, place, server, mistakes)).collect()
}

fn take_service(table: &Table, server: Option<&ServerName>, desired: &mut Desired, mistakes: &mut Mistakes<'_>) {
    let service: Option<ServicePath> = field(table, "service", server, mistakes);
    let settings = service::settings(table, server, mistakes);
    let (Some(service), Some(settings)) = (service, settings) else { return };
    let place = table.get("service").map_or(table.place, |value| value.place);
    if let Some(first) = desired.services.get(&service) {
        let first = mistakes.whereabouts(first.place);
        mistakes.add(place, format_args!("{service} stands in {first} already"));
        return;
    }
    desired.services.insert(service, Said { value: settings, place });
}

struct Reader<'a> {
    document: &'a Table,
    defaults: &'a SubjectDefaults,
}

impl Reader<'_> {
    /// The servers that an entry is for, each once; one time none where it says no `for`.
    fn servers(&self, table: &Table, mistakes: &mut Mistakes<'_>) -> Vec<Option<ServerName>> {
        let Some(wanted) = table.get("for") else { return vec![None] };
        let lists = self.document.get("servers").and_then(Value::table);
        let mut servers: Vec<Option<ServerName>> = Vec::new();
        for (place, text) in wanted.texts() {
            let patterns = match lists.and_then(|lists| lists.get(text)) {
                Some(list) => list.texts(),
                None => vec![(place, text)],
            };
            for (place, pattern) in patterns {
                match expand(pattern) {
                    Ok(expanded) => servers.extend(expanded.into_iter().map(Some)),
                    Err(error) => mistakes.add(place, error),
                }
            }
        }
        let mut known = std::collections::BTreeSet::new();
        servers.retain(|server| known.insert(server.clone()));
        servers
    }

    /// What the entry says, else the defaults.
    fn value<'t>(&'t self, table: &'t Table, name: &str) -> Option<&'t Value> {
        table.get(name).or_else(|| self.default(name))
    }

    fn default(&self, name: &str) -> Option<&Value> {
        self.document.get("defaults")?.table()?.get(name)
    }

    fn take_key(&self, table: &Table, server: Option<&ServerName>, desired: &mut Desired, mistakes: &mut Mistakes<'_>) {
        let key: Option<KeyPath> = field(table, "key", server, mistakes);
        let place = table.get("key").map_or(table.place, |value| value.place);
        let wanted = DesiredKey {
            place,
            // what is none was told of already
            algorithm: self.value(table, "algorithm").and_then(|value| value.text()?.parse().ok()),
            subject: self.subject(table, server, mistakes),
            names: table.get("san").map(|value| list(value, server, mistakes)),
            request: !matches!(table.get("request").map(|value| &value.data), Some(Data::Truth(false))),
            renewal: self.renewal(table, mistakes),
            bind: table.get("bind").map(|value| list(value, server, mistakes)).unwrap_or_default(),
        };
        let Some(key) = key else { return };
        if let Some(first) = desired.keys.get(&key) {
            let first = mistakes.whereabouts(first.place);
            mistakes.add(place, format_args!("{key} stands in {first} already"));
            return;
        }
        for endpoint in &wanted.bind {
            let place = table.get("bind").map_or(place, |value| value.place);
            match desired.bindings.get(endpoint) {
                Some(other) => {
                    let first = mistakes.whereabouts(other.place);
                    mistakes.add(place, format_args!("{endpoint} is bound to {} in {first} already", other.value));
                }
                None => _ = desired.bindings.insert(endpoint.clone(), Said { value: key.clone(), place }),
            }
        }
        desired.keys.insert(key, wanted);
    }

    /// The subject, where the entry or the defaults say something of it.
    fn subject(&self, table: &Table, server: Option<&ServerName>, mistakes: &mut Mistakes<'_>) -> Option<Subject> {
        let own = table.get("subject");
        if let Some((place, text)) = own.and_then(|value| Some((value.place, value.text()?))) {
            return parsed(text, place, server, mistakes);
        }
        let default = self.default("subject");
        let place = own.or(default)?.place;
        let mut fields = SubjectFields::default();
        for said in [default, own].into_iter().flatten().filter_map(Value::table) {
            take_fields(&mut fields, said, server, mistakes);
        }
        merge(None, self.defaults, &fields).map_err(|error| mistakes.add(place, error)).ok()
    }

    fn renewal(&self, table: &Table, mistakes: &mut Mistakes<'_>) -> Option<Said<Option<Renewal>>> {
        let at: Option<(Place, RenewAt)> = self
            .value(table, "renew-at")
            .and_then(|value| parsed(value.text()?, value.place, None, mistakes).map(|at| (value.place, at)));
        let reuse = self.value(table, "reuse-key");
        let Some(authority) = self.value(table, "authority") else {
            let lonely = table.get("renew-at").or_else(|| table.get("reuse-key"));
            if let Some(value) = lonely {
                mistakes.add(value.place, "nobody is to renew the key: say `authority`, here or in [defaults]");
            }
            return None;
        };
        let place = authority.place;
        let Some(text) = authority.text() else { return Some(Said { value: None, place }) };
        let mut renewal = Renewal::by(parsed(text, place, None, mistakes)?);
        renewal.at = at.map(|(_, at)| at).unwrap_or_default();
        renewal.reuse_key = reuse.and_then(reuse_key);
        Some(Said { value: Some(renewal), place })
    }
}

fn take_fields(fields: &mut SubjectFields, said: &Table, server: Option<&ServerName>, mistakes: &mut Mistakes<'_>) {
    let mut take = |name: &str, field: &mut Option<String>| {
        if let Some(text) = self::field(said, name, server, mistakes) {
            *field = Some(text);
        }
    };
    take("country", &mut fields.country);
    take("state", &mut fields.state);
    take("locality", &mut fields.locality);
    take("organization", &mut fields.organization);
    take("common-name", &mut fields.common_name);
    if let Some(units) = said.get("unit") {
        fields.units = list(units, server, mistakes);
    }
}

fn reuse_key(value: &Value) -> Option<ReuseKey> {
    match &value.data {
        Data::Truth(true) => Some(ReuseKey::default()),
        Data::Table(table) => {
            let limit = |name: &str| match table.get(name)?.data {
                Data::Number(limit) => u32::try_from(limit).ok(),
                _ => None,
            };
            Some(ReuseKey { days: limit("days"), certificates: limit("certificates") })
        }
        _ => None,
    }
}
