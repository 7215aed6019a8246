//! JSON objects as they stand: with repeated fields, and with the text of every value, both of
//! which `serde_json::Value` forgets.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

/// The names under which `serde_json` spells a number, and a raw value, as an object.
const NUMBER: &str = "$serde_json::private::Number";
const RAW_VALUE: &str = "$serde_json::private::RawValue";

/// An object's fields in their order, their values unread.
#[derive(Clone, Debug)]
pub(crate) struct Fields(pub(crate) Vec<(String, Box<RawValue>)>);

impl Fields {
    /// The fields of the object that `text` is, or nothing if it is none.
    pub(crate) fn of(text: &[u8]) -> Option<Self> {
        serde_json::from_slice(text).ok()
    }

    /// How often the field is there.
    pub(crate) fn count(&self, names: &[&str]) -> usize {
        self.0.iter().filter(|(name, _)| names.contains(&name.as_str())).count()
    }

    /// The value of a field, the first where there are several; nothing where it cannot be read.
    pub(crate) fn get(&self, name: &str) -> Option<Value> {
        self.text_of(name).and_then(|text| serde_json::from_str(text).ok())
    }

    /// The text of a field's value, the first where there are several.
    pub(crate) fn text_of(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(field, _)| field == name).map(|(_, value)| value.get())
    }

    /// Whether each of these fields, where it is there, is a number, a string or null.
    ///
    /// `serde_json` also takes an object of its own making for the number that it spells; such a
    /// number is judged like any other, so that nothing is lost by it.
    pub(crate) fn are_plain(&self, names: &[&str]) -> bool {
        let is_plain = |text: &str| text.starts_with(|c: char| "-0123456789\"".contains(c));
        let is_spelled = |text: &str| text.contains(NUMBER);
        let mut texts = names.iter().filter_map(|name| self.text_of(name));
        texts.all(|text| text == "null" || is_plain(text) || is_spelled(text))
    }

    /// Whether the object, or one anywhere in it, is one that `serde_json` takes for its own.
    pub(crate) fn has_spelled(&self) -> bool {
        let is_spelled = |name: &str| [NUMBER, RAW_VALUE].contains(&name);
        self.0.iter().any(|(name, value)| is_spelled(name) || holds_spelled(value.get()))
    }

    /// The object as text, its fields in another order: each half the other way round.
    pub(crate) fn turned(&self) -> String {
        let middle = self.0.len() / 2;
        let turned = self.0[middle..].iter().rev().chain(self.0[..middle].iter().rev());
        Self::text(turned)
    }

    /// The object as text with one more field at its end.
    pub(crate) fn with(&self, name: &str, value: &str) -> String {
        let value = RawValue::from_string(value.to_owned()).expect("the value is JSON");
        Self::text(self.0.iter().chain([&(name.to_owned(), value)]))
    }

    fn text<'a>(fields: impl Iterator<Item = &'a (String, Box<RawValue>)>) -> String {
        let fields: Vec<String> =
            fields.map(|(name, value)| format!("{}:{value}", Value::from(name.as_str()))).collect();
        format!("{{{}}}", fields.join(","))
    }
}

/// [`Fields::has_spelled`] of any value.
fn holds_spelled(value: &str) -> bool {
    if let Some(fields) = Fields::of(value.as_bytes()) {
        return fields.has_spelled();
    }
    let items: Vec<Box<RawValue>> = serde_json::from_str(value).unwrap_or_default();
    items.iter().any(|item| holds_spelled(item.get()))
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Fields;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut object: M) -> Result<Fields, M::Error> {
                let mut fields = Vec::new();
                while let Some(field) = object.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(Object)
    }
}
