//! A file as a tree whose every value knows its place, held against the shape of the file.

use toml::de::{DeTable, DeValue};

use super::mistake::{Mistakes, Place};
use super::shape::{FILE, Field, Kind};

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Value {
    pub(super) place: Place,
    pub(super) data: Data,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(super) enum Data {
    Text(String),
    Number(i64),
    Truth(bool),
    List(Vec<Value>),
    Table(Table),
    /// What no field takes.
    Other(&'static str),
}

/// Fields with their values, in the order of their names.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) place: Place,
    pub(super) fields: Vec<(String, Place, Value)>,
}

impl Table {
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.fields.iter().find(|(field, ..)| field == name).map(|(_, _, value)| value)
    }

    /// The tables of a list of tables.
    pub(super) fn tables(&self, name: &str) -> impl Iterator<Item = &Table> {
        let list = self.get(name).and_then(|value| match &value.data {
            Data::List(list) => Some(list),
            _ => None,
        });
        list.into_iter().flatten().filter_map(Value::table)
    }
}

impl Value {
    pub(super) fn text(&self) -> Option<&str> {
        match &self.data {
            Data::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn table(&self) -> Option<&Table> {
        match &self.data {
            Data::Table(table) => Some(table),
            _ => None,
        }
    }

    /// Each text of a list, or the one that stands in its place.
    pub(super) fn texts(&self) -> Vec<(Place, &str)> {
        match &self.data {
            Data::Text(text) => vec![(self.place, text)],
            Data::List(list) => list.iter().filter_map(|it| Some((it.place, it.text()?))).collect(),
            _ => Vec::new(),
        }
    }

    fn is_texts(&self) -> bool {
        matches!(&self.data, Data::List(list) if list.iter().all(|it| it.text().is_some()))
    }
}

/// Reads a file. What is no TOML is a mistake, and so is what the shape of the file has no place for.
pub(super) fn read(text: &str, file: usize, mistakes: &mut Mistakes<'_>) -> Table {
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let offset = error.span().map_or(0, |span| span.start);
        mistakes.add(Place { file, offset }, error.message());
    }
    let table = taken(table.get_ref(), Place { file, offset: 0 });
    // what was guessed behind a mistake of grammar says nothing of its own
    if errors.is_empty() {
        check_table(&table, FILE, mistakes);
    }
    table
}

fn taken(table: &DeTable<'_>, place: Place) -> Table {
    let at = |offset| Place { file: place.file, offset };
    let field = |(key, value): (&toml::Spanned<toml::de::DeString<'_>>, &toml::Spanned<DeValue<'_>>)| {
        let value_place = at(value.span().start);
        let value = Value { place: value_place, data: data(value.get_ref(), value_place) };
        (key.get_ref().to_string(), at(key.span().start), value)
    };
    Table { place, fields: table.iter().map(field).collect() }
}

fn data(value: &DeValue<'_>, place: Place) -> Data {
    match value {
        DeValue::String(text) => Data::Text(text.to_string()),
        DeValue::Integer(number) => {
            let number = i64::from_str_radix(number.as_str(), number.radix());
            number.map_or(Data::Other("a number that is too large"), Data::Number)
        }
        DeValue::Boolean(truth) => Data::Truth(*truth),
        DeValue::Array(list) => {
            let item = |value: &toml::Spanned<DeValue<'_>>| {
                let place = Place { file: place.file, offset: value.span().start };
                Value { place, data: data(value.get_ref(), place) }
            };
            Data::List(list.iter().map(item).collect())
        }
        DeValue::Table(table) => Data::Table(taken(table, place)),
        DeValue::Float(_) => Data::Other("a number with a fraction"),
        DeValue::Datetime(_) => Data::Other("a date"),
    }
}

fn check_table(table: &Table, fields: &[Field], mistakes: &mut Mistakes<'_>) {
    for (name, place, value) in &table.fields {
        match fields.iter().find(|field| field.name == name) {
            Some(field) => check(value, field.kind, name, mistakes),
            None => mistakes.add(*place, unknown(name, fields)),
        }
    }
    for field in fields.iter().filter(|field| field.required && table.get(field.name).is_none()) {
        mistakes.add(table.place, format_args!("`{}` is missing", field.name));
    }
}

fn check(value: &Value, kind: Kind, name: &str, mistakes: &mut Mistakes<'_>) {
    match (kind, &value.data) {
        (Kind::Text | Kind::Texts | Kind::Command | Kind::TextOrFalse | Kind::TextOrTable(_), Data::Text(_))
        | (Kind::Truth | Kind::TruthOrTable(_), Data::Truth(_))
        | (Kind::Command | Kind::TextOrFalse, Data::Truth(false)) => {}
        (Kind::Word(words), Data::Text(word)) => {
            let words = words();
            if !words.contains(&word.as_str()) {
                mistakes.add(value.place, format_args!("{word:?} is none of {}", words.join(", ")));
            }
        }
        (Kind::Number(least, most), Data::Number(number)) => {
            if !(least..=most).contains(number) {
                mistakes.add(value.place, format_args!("`{name}` is a number from {least} to {most}"));
            }
        }
        (Kind::Texts | Kind::List, Data::List(_)) if value.is_texts() => {}
        (Kind::Command, Data::List(list)) if value.is_texts() && !list.is_empty() => {}
        (Kind::TextOrTable(fields) | Kind::TruthOrTable(fields) | Kind::Table(fields), Data::Table(table)) => {
            check_table(table, fields, mistakes);
        }
        (Kind::Tables(fields), Data::List(list)) if list.iter().all(|it| it.table().is_some()) => {
            list.iter().filter_map(Value::table).for_each(|table| check_table(table, fields, mistakes));
        }
        (Kind::Lists, Data::Table(table)) => {
            table.fields.iter().for_each(|(name, _, value)| check(value, Kind::Texts, name, mistakes));
        }
        (kind, data) => {
            mistakes.add(value.place, format_args!("`{name}` is {}, not {}", wanted(kind, name), found(data)));
        }
    }
}

fn wanted(kind: Kind, name: &str) -> String {
    match kind {
        Kind::Text => "text in quotes".to_owned(),
        Kind::Word(words) => format!("one of {}", words().join(", ")),
        Kind::Texts => "text, or a list of texts".to_owned(),
        Kind::List => "a list of texts".to_owned(),
        Kind::Number(least, most) => format!("a number from {least} to {most}"),
        Kind::Truth => "true or false".to_owned(),
        Kind::Command => "a list (program and arguments), text (a line for a shell) or false (none)".to_owned(),
        Kind::TextOrFalse => "text in quotes, or false".to_owned(),
        Kind::TextOrTable(_) => "text, or a table".to_owned(),
        Kind::TruthOrTable(_) => "true, false or a table".to_owned(),
        Kind::Table(_) | Kind::Lists => format!("a table: [{name}]"),
        Kind::Tables(_) => format!("a list of tables: [[{name}]]"),
    }
}

fn found(data: &Data) -> &'static str {
    match data {
        Data::Text(_) => "text",
        Data::Number(_) => "a number",
        Data::Truth(_) => "true or false",
        Data::List(_) => "a list like this",
        Data::Table(_) => "a table",
        Data::Other(what) => what,
    }
}

/// An unknown field, with the one that was meant where that can be guessed.
fn unknown(name: &str, fields: &[Field]) -> String {
    let alike = fields.iter().map(|field| (strsim::jaro_winkler(name, field.name), field.name));
    let best = alike.filter(|(alike, _)| *alike > 0.75).max_by(|one, other| one.0.total_cmp(&other.0));
    match best {
        Some((_, best)) => format!("there is no field `{name}`; did you mean `{best}`?"),
        None => {
            let names: Vec<_> = fields.iter().map(|field| field.name).collect();
            format!("there is no field `{name}` here: there are {}", names.join(", "))
        }
    }
}
