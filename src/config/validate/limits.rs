//! Visits the values of a text without keeping them, and measures their size.

use std::cell::Cell;
use std::collections::HashSet;
use std::fmt;

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess, Visitor,
};

/// The size of the visited values.
#[derive(Debug)]
pub(super) struct Limits {
    weight: Cell<usize>,
    heaviest: usize,
    /// Whether any value was not null.
    is_filled: Cell<bool>,
}

impl Limits {
    /// Creates a visitor that fails above a size, in characters and values.
    pub(super) fn new(heaviest: usize) -> Self {
        Self { weight: Cell::new(0), heaviest, is_filled: Cell::new(false) }
    }

    /// Returns whether all values were null.
    pub(super) fn is_empty(&self) -> bool {
        !self.is_filled.get()
    }

    /// Returns whether the visit ended because of the size.
    pub(super) fn is_too_heavy(&self) -> bool {
        self.weight.get() > self.heaviest
    }

    fn null<E: Error>(&self) -> Result<(), E> {
        let weight = self.weight.get() + 1;
        self.weight.set(weight);
        if weight > self.heaviest { Err(E::custom("too large")) } else { Ok(()) }
    }

    fn value<E: Error>(&self, length: usize) -> Result<(), E> {
        self.is_filled.set(true);
        self.weight.set(self.weight.get() + length);
        self.null()
    }
}

impl<'de> DeserializeSeed<'de> for &Limits {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &Limits {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        self.value(0)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        self.value(0)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        self.value(0)
    }

    fn visit_i128<E: Error>(self, _: i128) -> Result<(), E> {
        self.value(0)
    }

    fn visit_u128<E: Error>(self, _: u128) -> Result<(), E> {
        self.value(0)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        self.value(0)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.value(text.len())
    }

    fn visit_none<E: Error>(self) -> Result<(), E> {
        self.null()
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.null()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        self.value(0)?;
        while items.next_element_seed(self)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        self.value(0)?;
        let mut seen = HashSet::new();
        while entries.next_key_seed(Key { census: self, seen: &mut seen })?.is_some() {
            entries.next_value_seed(self)?;
        }
        Ok(())
    }

    // A tagged value.
    fn visit_enum<A: EnumAccess<'de>>(self, data: A) -> Result<(), A::Error> {
        let ((), value) = data.variant_seed(self)?;
        value.newtype_variant_seed(self)
    }
}

/// A key, which must be unique in its mapping.
struct Key<'a> {
    census: &'a Limits,
    seen: &'a mut HashSet<String>,
}

impl Key<'_> {
    fn check<E: Error>(self, text: String) -> Result<(), E> {
        self.census.value(text.len())?;
        if self.seen.contains(&text) {
            let shown: String = text.chars().take(80).collect();
            return Err(E::custom(format!("duplicate key `{shown}`")));
        }
        self.seen.insert(text);
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Key<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.check(value.to_string())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.check(value.to_string())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.check(value.to_string())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.check(value.to_string())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.check(text.to_string())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.check("null".into())
    }

    fn visit_none<E: Error>(self) -> Result<(), E> {
        self.check("null".into())
    }

    // Keys that are lists or mappings are rare; the program that reads the file validates them.
    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<(), A::Error> {
        self.census.visit_seq(items)
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<(), A::Error> {
        self.census.visit_map(entries)
    }

    fn visit_enum<A: EnumAccess<'de>>(self, data: A) -> Result<(), A::Error> {
        self.census.visit_enum(data)
    }
}
