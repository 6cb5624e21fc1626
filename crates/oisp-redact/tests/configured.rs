//! The configuration: what can be said, what it does, and what is refused.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test states its assumptions by panicking"
)]

use oisp_core::HashKey;
use oisp_redact::{Mode, RedactionConfig, Redactor};

fn config(text: &str) -> RedactionConfig {
    toml::from_str(text).unwrap()
}

fn redactor(text: &str) -> Redactor {
    Redactor::with_config(&config(text), Some(HashKey::new([7; 32]))).unwrap()
}

fn safe(redactor: &Redactor, text: &str) -> String {
    redactor
        .redact_text(text)
        .unwrap_or_else(|| text.to_owned())
}

const TEXT: &str =
    "mail ada@example.com, key ghp_CNRY8kQ2vT5wZr3pXs7LqM9f, card 4111 1111 1111 1111";

#[test]
fn kinds_are_switched_one_by_one() {
    let only_mail = redactor("mode = \"minimal\"\nsecrets.enabled = false\nemail.enabled = true");
    assert_eq!(
        safe(&only_mail, TEXT),
        TEXT.replace("ada@example.com", "[REDACTED:email]")
    );
    let no_card = redactor("card.enabled = false");
    assert!(safe(&no_card, TEXT).ends_with("card 4111 1111 1111 1111"));
    let networks = redactor("private_ip.enabled = true\nip.enabled = false");
    assert_eq!(
        safe(&networks, "10.1.2.3 203.0.113.7"),
        "[REDACTED:private_ip] 203.0.113.7"
    );
    let no_github = redactor("secrets.except = [\"github_token\"]");
    assert!(safe(&no_github, TEXT).contains("ghp_"));
}

#[test]
fn off_is_off_whatever_else_is_said() {
    let off = redactor(
        "mode = \"off\"\nemail.enabled = true\npatterns = [{ name = \"x\", regex = \"mail\" }]",
    );
    assert_eq!(off.redact_text(TEXT), None);
}

#[test]
fn each_action_does_as_it_says() {
    let mask =
        redactor("card.action = \"mask\"\nemail.action = \"mask\"\nsecrets.action = \"mask\"");
    assert_eq!(
        safe(&mask, TEXT),
        "mail ***********.com, key ************qM9f, card ************1111"
    );
    let hash = redactor("email.action = \"hash\"");
    let once = safe(
        &hash,
        "ada@example.com and ada@example.com and bob@example.com",
    );
    let marks: Vec<_> = once.split(" and ").collect();
    let [one, same, other] = marks.as_slice() else {
        panic!("{once}")
    };
    assert_eq!(one, same);
    assert_ne!(one, other);
    assert_eq!(one.len(), "[REDACTED:email:]".len() + 32);
    let elsewhere = Redactor::with_config(
        &config("email.action = \"hash\""),
        Some(HashKey::new([8; 32])),
    )
    .unwrap();
    assert_ne!(safe(&elsewhere, "ada@example.com"), *one.to_owned());
    let without_key = Redactor::with_config(&config("email.action = \"hash\""), None).unwrap();
    assert_eq!(safe(&without_key, "ada@example.com"), "[REDACTED:email]");
    let drop = redactor("card.action = \"drop\"");
    assert_eq!(safe(&drop, TEXT), "[REDACTED:card]");
}

#[test]
fn patterns_of_the_user_take_out_the_group_or_the_whole() {
    let redactor = redactor(
        r#"
        patterns = [
            { name = "employee", regex = 'EMP-\d{6}' },
            { name = "project", regex = '(?i)project (\w+)', action = "mask" },
        ]"#,
    );
    assert_eq!(
        safe(&redactor, "EMP-123456 on project Ünicorn"),
        "[REDACTED:employee] on project *******"
    );
}

/// The whole message of what is wrong.
fn refused(text: &str) -> String {
    match Redactor::with_config(&config(text), None) {
        Ok(_) => panic!("accepted: {text}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn what_cannot_be_done_is_refused_by_name() {
    let pattern = |name: &str, regex: &str| {
        refused(&format!(
            "patterns = [{{ name = '{name}', regex = '''{regex}''' }}]"
        ))
    };
    for (said, words) in [
        (
            pattern("broken", "(unclosed"),
            ["\"broken\"", "unclosed group"],
        ),
        (pattern("ahead", "a(?=b)"), ["\"ahead\"", "look-around"]),
        (pattern("huge", "(a{500}){500}"), ["\"huge\"", "size limit"]),
        (pattern("empty", "x*"), ["\"empty\"", "empty text"]),
        (pattern("Bad Name", "x"), ["\"Bad Name\"", "lower-case"]),
        (pattern("long", &"x".repeat(5000)), ["5000 bytes", "4096"]),
        (
            refused("patterns = [{ name = 'a', regex = 'x' }, { name = 'a', regex = 'y' }]"),
            ["two", "\"a\""],
        ),
        (
            refused("secrets.except = ['github_tokn']"),
            ["github_tokn", "did you mean \"github_token\""],
        ),
    ] {
        for word in words {
            assert!(said.contains(word), "{word:?} is not in: {said}");
        }
    }
    let wrong: Result<RedactionConfig, _> = toml::from_str("emial.enabled = false");
    assert!(
        wrong
            .unwrap_err()
            .to_string()
            .contains("unknown field `emial`")
    );
}

#[test]
fn what_is_written_reads_back() {
    for text in [
        "",
        "mode = \"full\"",
        "email.enabled = false\ncard.action = \"hash\"\npatterns = [{ name = 'a', regex = 'x' }]",
    ] {
        let config = config(text);
        let written = serde_json::to_string(&config).unwrap();
        assert_eq!(
            serde_json::from_str::<RedactionConfig>(&written).unwrap(),
            config
        );
    }
    assert_eq!(
        RedactionConfig::from(Mode::Safe),
        RedactionConfig::default()
    );
    let schema = schemars::schema_for!(RedactionConfig);
    assert!(
        schema
            .as_value()
            .pointer("/properties/private_ip")
            .is_some()
    );
}
