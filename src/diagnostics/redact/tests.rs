//! Tests of which parts of a text are removed.

use super::*;
use serde_json::json;

#[test]
fn login_is_removed_in_every_encoding() {
    let secrets = Secrets::of_login("admin", "a\"b/c d");
    for text in
        ["a\"b/c d", "{\"x\": \"a\\\"b/c d\"}", "a%22b%2Fc%20d", "YWRtaW46YSJiL2MgZA==", "x YSJiL2MgZA y"]
    {
        let cleaned = secrets.redactor().clean(text);
        assert!(cleaned.contains(REMOVED), "{text}: {cleaned}");
        assert!(!cleaned.contains(text), "{cleaned}");
    }
}

#[test]
fn yaml_values_are_removed_and_names_kept() {
    let text = "global:\n  smtp_auth_password: hunter two\n  slack_api_url: https://hooks.example/T0\n\
                a:\n  - basic_auth:\n      username: u\n      password: |\n        one line\n        two line\n    url: http://x/\n\
                # old_password: before\nurl: 'http://joe:s3cr3t@host:1/'\n";
    let mut secrets = Secrets::default();
    secrets.learn_yaml(text);
    let cleaned = secrets.redactor().clean_yaml(text);
    for gone in ["hunter", "hooks", "one line", "two line", "before", "joe", "s3cr3t"] {
        assert!(!cleaned.contains(gone), "{gone}: {cleaned}");
    }
    for stays in ["smtp_auth_password: [removed]", "    url: http://x/", "http://[removed]@host:1/"] {
        assert!(cleaned.contains(stays), "{stays}: {cleaned}");
    }
    // A log may quote the value.
    assert_eq!(secrets.redactor().clean("login with hunter two failed"), "login with [removed] failed");
}

#[test]
fn secret_variables_and_arguments_lose_their_values() {
    let object = json!({
        "Env": ["GF_SECURITY_ADMIN_PASSWORD=p w", "MY_KEY=12345678", "TZ=UTC"],
        "Cmd": ["--web.token", "abcdefg", "--port=1"],
    });
    let mut secrets = Secrets::default();
    secrets.learn_json(&object);
    let expected = json!({
        "Env": ["GF_SECURITY_ADMIN_PASSWORD=[removed]", "MY_KEY=[removed]", "TZ=UTC"],
        "Cmd": ["--web.token", "[removed]", "--port=1"],
    });
    assert_eq!(secrets.redactor().clean_json(&object), expected);
    assert_eq!(secrets.redactor().clean("key 12345678"), "key [removed]");
}

#[test]
fn secrets_in_log_lines_are_removed() {
    let secrets = Secrets::default();
    for (text, cleaned) in [
        ("Authorization: Basic abc\nnext", "Authorization: [removed]\nnext"),
        ("sent Bearer abcdefghij ok", "sent Bearer [removed] ok"),
        ("Set-Cookie: grafana_session=0123; Path=/", "Set-Cookie: [removed]"),
        ("{\"Cookie\":[\"a=b\"],\"n\":1}", "{\"Cookie\":[\"[removed]\"],\"n\":1}"),
        ("dial http://joe:it's@host:1/", "dial http://[removed]@host:1/"),
        ("GET /?token=abc&x=1", "GET /?token=[removed]&x=1"),
        ("{\"password\":\"a b\",\"n\":1}", "{\"password\":[removed],\"n\":1}"),
        ("level=info msg=\"Server is ready\"", "level=info msg=\"Server is ready\""),
        ("http://127.0.0.1:9090/-/ready", "http://127.0.0.1:9090/-/ready"),
    ] {
        assert_eq!(secrets.redactor().clean(text), cleaned);
    }
}

#[test]
fn long_webhook_path_is_removed_and_short_one_kept() {
    let text = "receivers:\n  - webhook_configs:\n      - url: https://hooks.example/services/T0123/B4567\n\
                \x20     - url: http://tdd-webhook:5001/webhook\n";
    let mut secrets = Secrets::default();
    secrets.learn_yaml(text);
    let cleaned = secrets.redactor().clean_yaml(text);
    assert!(cleaned.contains("url: https://hooks.example[removed]\n"), "{cleaned}");
    assert!(cleaned.contains("url: http://tdd-webhook:5001/webhook\n"), "{cleaned}");
    // Alertmanager's log may quote the URL.
    assert!(
        !secrets
            .redactor()
            .clean("post to https://hooks.example/services/T0123/B4567 failed")
            .contains("T0123")
    );
}

#[test]
fn invalid_yaml_loses_its_secrets() {
    let secrets = Secrets::default();
    assert_eq!(
        secrets.redactor().clean_yaml("a: [\npassword: x y\nb: 1\n"),
        "a: [\npassword: [removed]\nb: 1\n"
    );
}

#[test]
fn any_number_of_secrets_is_removed() {
    // Four thousand tokens in every encoding exceed the size limit of a regular expression.
    let token = |number: usize| format!("tok/{number:05}+{}", "x".repeat(40));
    let variables: Vec<String> =
        (0..4000).map(|number| format!("TOKEN_{number}={}", token(number))).collect();
    let mut secrets = Secrets::of_login("admin", "open sesame");
    secrets.learn_json(&json!({ "Env": variables }));
    let text = format!("a {} b {} c open sesame d", token(7), percent_encoded(&token(3999)));
    assert_eq!(secrets.redactor().clean(&text), "a [removed] b [removed] c [removed] d");
}
