//! Diagnostics contain no secret, in any encoding and at any place.

use proptest::prelude::*;
use serde_json::json;
use tdd_stack::diagnostics::redact::Secrets;
use tdd_stack::diagnostics::{Content, Diagnostics};

/// Generates secrets of printable characters that cannot be part of the surrounding text.
fn secret() -> impl Strategy<Value = String> {
    "[!-~]{3,20}".prop_map(|rest| format!("q7{rest}Zx"))
}

fn percent_encoded(text: &str) -> String {
    let encode = |byte: u8| {
        if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    text.bytes().map(encode).collect()
}

/// Returns configuration files, logs and descriptions that contain the secret.
fn diagnostics(secret: &str) -> Diagnostics {
    let quoted = json!(secret).to_string();
    let single = secret.replace('\'', "''");
    let encoded = percent_encoded(secret);
    let mut diagnostics = Diagnostics::default();
    for (index, text) in [
        format!("global:\n  smtp_auth_password: {quoted}\n"),
        format!("receivers:\n  - slack_configs:\n      - api_url: '{single}'\n"),
        format!("scrape_configs:\n  - authorization:\n      type: Bearer\n      credentials: {quoted}\n"),
        format!("a:\n  - basic_auth: {{username: u, password: {quoted}}}\n"),
        format!("password: |\n  {secret}\nurl: http://u:{encoded}@host/x\n"),
        format!("# Cookie: {secret}\nheaders:\n  Cookie: {quoted}\n"),
        format!("webhook_configs:\n  - url: https://h.example/services/T0123/{encoded}\n"),
        format!("# bearer_token: {secret}\nbroken: [\n  secret: {quoted}\n"),
    ]
    .into_iter()
    .enumerate()
    {
        diagnostics.add(format!("files/{index}.yml"), Content::Configuration(text));
    }
    let described = json!({
        "Env": [format!("GF_SECURITY_ADMIN_PASSWORD={secret}"), format!("A_KEY={secret}")],
        "Cmd": [format!("--auth-token={secret}"), "--password", secret],
        "Labels": {"secret": secret},
    });
    diagnostics.add("inspect/a.json", Content::Json(described));
    diagnostics.add(
        "logs/a.log",
        Content::Text(format!("it is {secret}\nmsg={quoted}\nAuthorization: Bearer {secret}\n")),
    );
    diagnostics.add(
        "probes.txt",
        Content::Lines(format!("GET http://host/?token={encoded} 200 1 ms {}\n", json!(quoted))),
    );
    diagnostics
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn secret_is_removed_from_every_file(secret in secret()) {
        let forms = [secret.clone(), json!(secret).to_string().trim_matches('"').into(), percent_encoded(&secret)];
        for (name, text) in diagnostics(&secret).finish(&format!("failed with {secret}\n"), Secrets::default()) {
            for form in &forms {
                prop_assert!(!text.contains(form), "{name}: {text}");
            }
        }
    }

    #[test]
    fn login_password_is_removed_in_every_encoding(password in "[ -~]{1,20}[!-~]") {
        let secrets = Secrets::of_login("admin", &password);
        let quoted = json!(password).to_string();
        // Ordinary words as surroundings would contain short passwords.
        let text = format!("\u{1}{password}\u{1}{quoted}\u{1}");
        let cleaned = secrets.redactor().clean(&text);
        prop_assert!(!cleaned.contains(&format!("\u{1}{password}")), "{cleaned}");
    }
}
