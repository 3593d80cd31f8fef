//! The readable part of a dashboard's path, derived from its title.

use crate::state::password::sha256;

/// The longest slug; longer ones are replaced by digits.
const LONGEST: usize = 50;

/// Returns the slug of a title.
pub(crate) fn slug(title: &str) -> String {
    let spelled: String = title.trim().to_lowercase().chars().map(spelled).collect();
    let words: Vec<&str> = spelled.split('-').filter(|word| !word.is_empty()).collect();
    let slug = words.join("-");
    if slug.is_empty() || slug.len() > LONGEST { digits(title) } else { slug }
}

fn spelled(letter: char) -> String {
    let plain = match letter {
        'a'..='z' | '0'..='9' | '_' | '-' => return letter.to_string(),
        ' ' => "-",
        ',' | '"' | '\'' | '\n' | '\r' | '\0' | '?' | '.' | '(' | ')' | '/' | '%' => "",
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
        // Grafana's table is longer; characters in neither table become a word of hexadecimal bytes.
        other => {
            let hex = other.to_string().bytes().fold(String::new(), |hex, byte| hex + &format!("{byte:x}"));
            return format!("-{hex}-");
        }
    };
    plain.to_string()
}

/// Returns seven digits. Grafana uses another hash, so the values differ.
fn digits(title: &str) -> String {
    sha256(title.as_bytes())[..7].to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slug_is_lower_case_with_single_dashes() {
        for (title, expected) in [
            ("Test TDD Project - Main Dashboard", "test-tdd-project-main-dashboard"),
            (" Wer & was? (Größe) ", "wer-and-was-grosse"),
            ("Hello / playground", "hello-playground"),
            ("Hello & //% playground", "hello-and-playground"),
            ("Hello *# playground", "hello-2a-23-playground"),
            ("😢 -", "f09f98a2"),
            ("?,a . \n ", "a"),
        ] {
            assert_eq!(slug(title), expected, "{title}");
        }
    }

    #[test]
    fn title_without_slug_gets_seven_digits() {
        for title in ["", "?", &"long ".repeat(20)] {
            assert_eq!(slug(title).len(), 7, "{title}");
        }
    }
}
