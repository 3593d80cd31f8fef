//! The identity of a specification: which containers were created from it, and which fields changed since.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::stack::{Service, sha256};

/// The hexadecimal digits that are kept of the hash of a field.
const FIELD_HASH: usize = 12;

impl Service {
    /// Returns the hashes of this specification's fields, such as `command=1f…,image=9c…`. They identify the
    /// containers created from it, and tell which field changed.
    ///
    /// Contents of files are not part of it; they are compared with the files inside the container.
    pub fn spec(&self) -> String {
        let Ok(Value::Object(fields)) = serde_json::to_value(self) else {
            unreachable!("a specification serializes to a JSON object");
        };
        let hash = |(field, value): (&String, &Value)| {
            let hash = sha256(value.to_string().as_bytes());
            format!("{field}={}", &hash[..FIELD_HASH])
        };
        fields.iter().map(hash).collect::<Vec<_>>().join(",")
    }

    /// Returns the fields in which a container's specification differs, in words; empty if that is not known.
    pub fn changed_fields(&self, spec: &str) -> Vec<String> {
        let own = self.spec();
        let fields = |spec: &str| -> BTreeMap<String, String> {
            let pairs = spec.split(',').filter_map(|pair| pair.split_once('='));
            pairs.map(|(field, hash)| (field.to_string(), hash.to_string())).collect()
        };
        let (own, theirs) = (fields(&own), fields(spec));
        if theirs.is_empty() {
            return Vec::new();
        }
        let all: BTreeSet<&String> = own.keys().chain(theirs.keys()).collect();
        let changed = all.into_iter().filter(|field| own.get(*field) != theirs.get(*field));
        changed.map(|field| field.replace('_', " ")).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::config::settings::{Layer, Settings};
    use crate::services;

    #[test]
    fn changed_fields_are_named_in_words() {
        let stack = services::assemble(&Settings::resolve(Layer::default(), &services::names()).unwrap());
        let mut service = stack.services[0].clone();
        let before = service.spec();
        assert_eq!(service.changed_fields(&before), [""; 0]);
        service.limits.processes += 1;
        service.stop_seconds += 1;
        assert_eq!(service.changed_fields(&before), ["limits", "stop seconds"]);
        assert_eq!(service.changed_fields("another"), [""; 0]);
    }
}
