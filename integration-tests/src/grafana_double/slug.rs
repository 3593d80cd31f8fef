//! Makes the readable part of a dashboard's path from its title.

use super::password::sha256;

/// The longest slug; a longer one gives way to a number.
const LONGEST: usize = 50;

/// Returns the slug of a title.
pub(crate) fn slug(title: &str) -> String {
    let slug: String = title.trim().to_lowercase().chars().map(spelled).collect();
    if slug.is_empty() || slug.len() > LONGEST { number(title) } else { slug }
}

fn spelled(letter: char) -> String {
    let plain = match letter {
        'a'..='z' | '0'..='9' | '_' | '-' => return letter.to_string(),
        ' ' => "-",
        ',' | '"' | '\'' | '\n' | '\r' | '\0' | '?' | '.' | '(' | ')' => "",
        '&' => "and",
        '@' => "at",
        '©' | 'ç' => "c",
        '®' => "r",
        'æ' => "ae",
        'ß' => "ss",
        'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' => "a",
        'è' | 'é' | 'ê' | 'ë' => "e",
        'ì' | 'í' | 'î' | 'ï' => "i",
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ø' => "o",
        'ù' | 'ú' | 'û' => "u",
        'ü' => "ue",
        'ý' | 'ÿ' => "y",
        'þ' => "p",
        '™' => "tm",
        // Grafana has a longer table; what is in none is written byte by byte.
        other => {
            return other.to_string().bytes().fold(String::new(), |hex, byte| hex + &format!("{byte:x}"));
        }
    };
    plain.to_string()
}

/// Grafana takes a name-based uuid here. This has its form, not its value.
fn number(title: &str) -> String {
    let hex = sha256(title.as_bytes());
    format!("{}-{}-5{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_lower_case_with_dashes() {
        assert_eq!(slug("Test TDD Project - Main Dashboard"), "test-tdd-project---main-dashboard");
        assert_eq!(slug(" Wer & was? (Größe) "), "wer-and-was-grosse");
        assert_eq!(slug("a/b"), "a2fb");
        assert_eq!(slug("日"), "e697a5");
    }

    #[test]
    fn a_title_that_makes_no_slug_gets_a_number() {
        for title in ["", "?", &"long ".repeat(20)] {
            let slug = slug(title);
            assert_eq!(slug.len(), 36, "{slug}");
            assert_eq!(slug.matches('-').count(), 4, "{slug}");
        }
    }
}
