//! What is known of each key of a service, in the order of their names.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::name::KeyName;

/// A map of keys that is read in the order in which it is written, and then gone through: names come sorted, so that
/// nothing is searched for its place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ByName<T>(Vec<(KeyName, T)>);

impl<T> ByName<T> {
    /// What is known of one key.
    #[must_use]
    pub fn get(&self, name: &KeyName) -> Option<&T> {
        let at = self.0.binary_search_by(|(known, _)| known.cmp(name)).ok()?;
        self.0.get(at).map(|(_, value)| value)
    }

    /// Every key, in the order of their names.
    pub fn iter(&self) -> std::slice::Iter<'_, (KeyName, T)> {
        self.0.iter()
    }

    /// Of two of one name the last stays, as in any other map.
    fn put(&mut self, name: KeyName, value: T) {
        if self.0.last().is_none_or(|(last, _)| *last < name) {
            return self.0.push((name, value));
        }
        match self.0.binary_search_by(|(known, _)| known.cmp(&name)) {
            Ok(at) => self.0[at] = (name, value),
            Err(at) => self.0.insert(at, (name, value)),
        }
    }
}

impl<T> Default for ByName<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> FromIterator<(KeyName, T)> for ByName<T> {
    fn from_iter<I: IntoIterator<Item = (KeyName, T)>>(items: I) -> Self {
        let mut map = Self::default();
        items.into_iter().for_each(|(name, value)| map.put(name, value));
        map
    }
}

impl<'a, T> IntoIterator for &'a ByName<T> {
    type Item = &'a (KeyName, T);
    type IntoIter = std::slice::Iter<'a, (KeyName, T)>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<T> IntoIterator for ByName<T> {
    type Item = (KeyName, T);
    type IntoIter = std::vec::IntoIter<(KeyName, T)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for ByName<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reading<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Reading<T> {
            type Value = ByName<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("keys by name")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
                let mut map = ByName::default();
                while let Some((name, value)) = entries.next_entry()? {
                    map.put(name, value);
                }
                Ok(map)
            }
        }
        deserializer.deserialize_map(Reading(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::ByName;
    use crate::name::KeyName;

    proptest! {
        #[test]
        fn is_read_as_any_other_map_is(entries in prop::collection::vec(("[a-d]{1,2}", 0u32..100), 0..12)) {
            let text: Vec<String> = entries.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
            let text = format!("{{{}}}", text.join(","));
            let read: ByName<u32> = serde_json::from_str(&text).unwrap();
            let other: BTreeMap<KeyName, u32> = serde_json::from_str(&text).unwrap();
            for (name, value) in &other {
                prop_assert_eq!(read.get(name), Some(value));
            }
            prop_assert_eq!(read.get(&"e".parse().unwrap()), None);
            prop_assert_eq!(read.into_iter().collect::<Vec<_>>(), other.into_iter().collect::<Vec<_>>());
        }
    }
}
