//! Suggests the name that was probably meant.

use strsim::damerau_levenshtein;

/// Returns the known name that is closest to a misspelled one, if any is close.
pub fn closest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // One mistake in a short name, and one more for every four characters.
    let limit = 1 + name.chars().count() / 4;
    let distances = known.into_iter().map(|other| (damerau_levenshtein(name, other), other));
    distances.filter(|(distance, _)| *distance <= limit).min().map(|(_, other)| other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closest_name_is_suggested_only_if_it_is_close() {
        let known = ["port", "host", "registry"];
        for (name, expected) in [
            ("prot", Some("port")),
            ("hosts", Some("host")),
            ("resgistry", Some("registry")),
            ("output", None),
        ] {
            assert_eq!(closest(name, known), expected, "{name}");
        }
    }
}
