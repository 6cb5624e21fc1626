use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;

use oisp_core::Timestamp;

use super::*;
use crate::{PolicyConfig, When};

fn open(path: &Path) -> io::Result<File> {
    File::options().create(true).append(true).open(path)
}

fn alert() -> Alert {
    Alert {
        rule: "budget".into(),
        when: When::Spend,
        at: Timestamp::default(),
        event_id: "01".into(),
        value: 7.5,
        above: 5.0,
        per_seconds: 3600,
        provider: Some("openai".into()),
        message: "7.50 US dollars in 1h, above 5.00".into(),
    }
}

/// Answers one request after the other with these, and tells what was sent.
fn receiver(answers: Vec<&'static str>) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/secret-path", listener.local_addr().unwrap());
    let serve = move |answer: &str| {
        let (mut stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let (mut head, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line.trim().is_empty() {
                break;
            }
            head += &line;
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let answer = format!("HTTP/1.1 {answer}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        stream.write_all(answer.as_bytes()).unwrap();
        head + &String::from_utf8(body).unwrap()
    };
    let thread = std::thread::spawn(move || answers.into_iter().map(serve).collect());
    (url, thread)
}

#[test]
fn an_alert_goes_to_its_file_and_a_provider_is_remembered() {
    let dir = tempfile::tempdir().unwrap();
    let (file, known) = (dir.path().join("alerts"), dir.path().join("known"));
    let rules = Rules::new(PolicyConfig {
        alert_file: Some(file.clone()),
        ..PolicyConfig::default()
    });
    let output = AlertOutput::start(rules, open, Some(known.clone())).unwrap();
    output.take(Notice::Alert(alert()));
    output.take(Notice::NewProvider("openai".into()));
    assert_eq!(output.counters()["alerts.raised"], 1);
    output.stop();
    let line: serde_json::Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(line["rule"], "budget");
    assert_eq!(line["when"], "spend");
    assert_eq!(std::fs::read_to_string(known).unwrap(), "openai\n");
}

#[test]
fn a_webhook_that_fails_at_first_is_tried_again_with_its_token() {
    let (url, received) = receiver(vec!["503 Busy", "204 Taken"]);
    let token = oisp_config::SecretSource::Value(oisp_core::Secret::new("made-up".into()));
    let rules = Rules::new(PolicyConfig {
        alert_webhook: AlertWebhook {
            url: Some(url),
            bearer_token: Some(token),
        },
        ..PolicyConfig::default()
    });
    let output = AlertOutput::start(rules, open, None).unwrap();
    output.take(Notice::Alert(alert()));
    let received = received.join().unwrap();
    let figures = output.stop();
    assert_eq!(received.len(), 2);
    assert_eq!(received[0], received[1]);
    assert!(
        received[1]
            .to_lowercase()
            .contains("authorization: bearer made-up")
    );
    assert!(received[1].contains("7.50 US dollars"));
    assert_eq!(figures["alerts.failed"], 0);
}

#[test]
fn a_receiver_that_is_gone_is_counted_and_its_path_not_told() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/secret-path", listener.local_addr().unwrap());
    drop(listener);
    let error = post_once(&url, None, "{}").unwrap_err();
    let webhook = AlertWebhook {
        url: Some(url),
        bearer_token: None,
    };
    assert!(!error.contains("secret-path"), "{error}");
    let rules = Rules::new(PolicyConfig {
        alert_webhook: webhook,
        ..PolicyConfig::default()
    });
    let output = AlertOutput::start(rules, open, None).unwrap();
    output.take(Notice::Alert(alert()));
    assert_eq!(output.stop()["alerts.failed"], 1);
}
