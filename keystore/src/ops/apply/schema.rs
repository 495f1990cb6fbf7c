//! The JSON Schema of the file (draft 2020-12), from its shape.

use serde_json::{Map, Value, json};

use super::shape::{FILE, Field, Kind};

/// The schema.
#[must_use]
pub fn schema() -> Value {
    let mut schema = object(FILE);
    if let Value::Object(fields) = &mut schema {
        fields.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
        fields.insert("title".to_owned(), json!("The desired state of a keystore, for `keyring apply`"));
    }
    schema
}

fn object(fields: &[Field]) -> Value {
    let property = |field: &Field| {
        let mut schema = of(field.kind);
        if let Value::Object(it) = &mut schema {
            it.insert("description".to_owned(), json!(field.about));
        }
        (field.name.to_owned(), schema)
    };
    let required: Vec<_> = fields.iter().filter(|field| field.required).map(|field| field.name).collect();
    let properties: Map<String, Value> = fields.iter().map(property).collect();
    let mut schema = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    if let (false, Value::Object(it)) = (required.is_empty(), &mut schema) {
        it.insert("required".to_owned(), json!(required));
    }
    schema
}

fn of(kind: Kind) -> Value {
    let list = |item: Value| json!({ "type": "array", "items": item });
    let text = || json!({ "type": "string" });
    let either = |one: Value, other: Value| json!({ "anyOf": [one, other] });
    match kind {
        Kind::Text => text(),
        Kind::Word(words) => json!({ "type": "string", "enum": words() }),
        Kind::Texts => either(text(), list(text())),
        Kind::List => list(text()),
        Kind::Number(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Kind::Truth => json!({ "type": "boolean" }),
        Kind::Command => {
            let argv = json!({ "type": "array", "items": text(), "minItems": 1 });
            json!({ "anyOf": [argv, text(), { "const": false }] })
        }
        Kind::TextOrFalse => either(text(), json!({ "const": false })),
        Kind::TextOrTable(fields) => either(text(), object(fields)),
        Kind::TruthOrTable(fields) => either(json!({ "type": "boolean" }), object(fields)),
        Kind::Table(fields) => object(fields),
        Kind::Tables(fields) => list(object(fields)),
        Kind::Lists => json!({ "type": "object", "additionalProperties": of(Kind::Texts) }),
    }
}
