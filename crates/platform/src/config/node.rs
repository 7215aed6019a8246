//! A configuration before it has types: tables, values of a file, and text whose type only the
//! field knows. Reading it keeps the path, so that every error names its field.

use std::collections::BTreeMap;
use std::collections::btree_map;
use std::fmt::Display;

use serde::de::value::StringDeserializer;
use serde::de::{self, DeserializeOwned, DeserializeSeed, IntoDeserializer, MapAccess, Visitor};

use super::ConfigError;

/// One place in the configuration.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Table(BTreeMap<String, Self>),
    /// From a file, typed there.
    Value(toml::Value),
    /// From the environment or a flag.
    Text(String),
}

/// An error that learns its field on the way out.
#[derive(Debug)]
pub(super) struct Misfit {
    path: Vec<String>,
    reason: String,
}

struct Fields {
    rest: btree_map::IntoIter<String, Node>,
    current: Option<(String, Node)>,
}

impl Node {
    pub(super) const fn empty() -> Self {
        Self::Table(BTreeMap::new())
    }

    /// Puts `text` at the dotted name, over what was there.
    pub(super) fn set(&mut self, field: &str, text: String) -> Result<(), ConfigError> {
        let mut here = self;
        for name in field.split('.') {
            let Self::Table(fields) = here else {
                let reason = format!("{name} is not a section here");
                return Err(ConfigError::Field { field: field.to_owned(), reason });
            };
            here = fields.entry(name.to_owned()).or_insert_with(Self::empty);
        }
        *here = Self::Text(text);
        Ok(())
    }

    pub(super) fn read<T: DeserializeOwned>(self) -> Result<T, ConfigError> {
        T::deserialize(self).map_err(|misfit| {
            let mut path = misfit.path;
            path.reverse();
            ConfigError::Field { field: path.join("."), reason: misfit.reason }
        })
    }
}

impl From<toml::Value> for Node {
    fn from(value: toml::Value) -> Self {
        match value {
            toml::Value::Table(table) => {
                Self::Table(table.into_iter().map(|(name, value)| (name, value.into())).collect())
            }
            value => Self::Value(value),
        }
    }
}

impl Misfit {
    fn new(reason: impl Display) -> Self {
        Self { path: Vec::new(), reason: reason.to_string().trim_end().to_owned() }
    }

    fn at(mut self, field: &str) -> Self {
        self.path.push(field.to_owned());
        self
    }
}

impl Display for Misfit {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.reason)
    }
}

impl std::error::Error for Misfit {}

impl de::Error for Misfit {
    fn custom<T: Display>(reason: T) -> Self {
        Self::new(reason)
    }
}

/// Text becomes what the field is; a file's values have their type already.
macro_rules! parsed {
    ($($method:ident $visit:ident $type:ty, $name:literal;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
            match self {
                Self::Text(text) => match text.trim().parse::<$type>() {
                    Ok(value) => visitor.$visit(value),
                    Err(_) => Err(Misfit::new(format_args!("`{text}` is not {}", $name))),
                },
                other => other.deserialize_any(visitor),
            }
        }
    )*};
}

impl<'de> de::Deserializer<'de> for Node {
    type Error = Misfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self {
            Self::Table(fields) => {
                visitor.visit_map(Fields { rest: fields.into_iter(), current: None })
            }
            Self::Value(value) => value.deserialize_any(visitor).map_err(Misfit::new),
            Self::Text(text) => visitor.visit_string(text),
        }
    }

    parsed! {
        deserialize_bool visit_bool bool, "true or false";
        deserialize_i8 visit_i64 i64, "a whole number";
        deserialize_i16 visit_i64 i64, "a whole number";
        deserialize_i32 visit_i64 i64, "a whole number";
        deserialize_i64 visit_i64 i64, "a whole number";
        deserialize_u8 visit_u64 u64, "a whole number";
        deserialize_u16 visit_u64 u64, "a whole number";
        deserialize_u32 visit_u64 u64, "a whole number";
        deserialize_u64 visit_u64 u64, "a whole number";
        deserialize_f32 visit_f64 f64, "a number";
        deserialize_f64 visit_f64 f64, "a number";
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        match self {
            Self::Value(value) => {
                value.deserialize_enum(name, variants, visitor).map_err(Misfit::new)
            }
            Self::Text(text) => {
                let text: StringDeserializer<Misfit> = text.into_deserializer();
                text.deserialize_enum(name, variants, visitor)
            }
            Self::Table(_) => Err(Misfit::new(format_args!("must be one of {variants:?}"))),
        }
    }

    /// Text lists are separated by commas.
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        let Self::Text(text) = self else { return self.deserialize_any(visitor) };
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let parts: Vec<Self> = parts.map(|part| Self::Text(part.to_owned())).collect();
        visitor.visit_seq(de::value::SeqDeserializer::new(parts.into_iter()))
    }

    serde::forward_to_deserialize_any! {
        i128 u128 char str string bytes byte_buf unit unit_struct tuple tuple_struct map struct
        identifier ignored_any
    }
}

impl IntoDeserializer<'_, Misfit> for Node {
    type Deserializer = Self;
    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> MapAccess<'de> for Fields {
    type Error = Misfit;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Misfit> {
        let Some((name, node)) = self.rest.next() else { return Ok(None) };
        let key: StringDeserializer<Misfit> = name.clone().into_deserializer();
        let key = seed.deserialize(key).map_err(|misfit| misfit.at(&name))?;
        self.current = Some((name, node));
        Ok(Some(key))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Misfit> {
        let current = self.current.take();
        let (name, node) = current.ok_or_else(|| Misfit::new("a value without a name"))?;
        seed.deserialize(node).map_err(|misfit| misfit.at(&name))
    }
}
