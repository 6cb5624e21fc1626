use oisp_core::event::ai::{Request, Response, Usage};
use oisp_core::event::{Confidence, Data, Related, Relationship, Source};
use oisp_core::{EventId, Timestamp};

use super::*;
use crate::alert::Alert;

fn event(id: u64, at_s: u64, data: Data) -> Event {
    let ts = Timestamp::from_nanos(at_s * 1_000_000_000);
    Event {
        oisp_version: "0.1",
        event_id: EventId::derive(ts, &[&id.to_be_bytes()]),
        ts,
        host: None,
        actor: None,
        process: None,
        app: None,
        source: Source::new("tls_boundary", "ssl_read"),
        confidence: Confidence::full(),
        data,
        attrs: serde_json::Map::new(),
        ext: serde_json::Map::new(),
        related_events: Vec::new(),
        trace_context: None,
    }
}

fn request(n: u64, provider: &str) -> Event {
    let mut data = Box::<Request>::default();
    data.request_id = format!("req_{n}");
    data.provider.name = provider.into();
    event(n, 1_000_000, Data::AiRequest(data))
}

fn answer(n: u64, at_s: u64, cost: f64, success: bool) -> Event {
    let data = Response {
        request_id: format!("req_{n}"),
        success: Some(success),
        usage: Some(Usage {
            total_cost_usd: Some(cost),
            ..Usage::default()
        }),
        ..Response::default()
    };
    event(n, at_s, Data::AiResponse(Box::new(data)))
}

fn policy(toml: &str, known: &[&str]) -> (Policy, Rules) {
    let rules = Rules::new(toml::from_str(toml).unwrap());
    let known = known.iter().map(|name| (*name).to_owned()).collect();
    (Policy::new(Filter::default(), rules.clone(), known), rules)
}

fn judged(policy: &mut Policy, mut event: Event) -> (Verdict, Option<f64>) {
    let verdict = policy.judge(&mut event, &mut Vec::new());
    (verdict, event.confidence.sample_rate)
}

fn alerts(policy: &mut Policy, mut event: Event) -> Vec<Alert> {
    let mut notices = Vec::new();
    policy.judge(&mut event, &mut notices);
    let alerts = notices.into_iter().filter_map(|notice| match notice {
        Notice::Alert(alert) => Some(alert),
        Notice::NewProvider(_) => None,
    });
    alerts.collect()
}

#[test]
fn filters_keep_and_leave_out() {
    let (mut policy, _) = policy(
        "[[include]]\nevent_types = ['ai.*']\n[[exclude]]\nproviders = ['ollama']",
        &[],
    );
    assert_eq!(judged(&mut policy, request(1, "openai")).0, Verdict::Keep);
    assert_eq!(
        judged(&mut policy, request(2, "ollama")).0,
        Verdict::Filtered
    );
    let call = Data::ToolCall(Box::default());
    assert_eq!(judged(&mut policy, event(3, 0, call)).0, Verdict::Filtered);
}

#[test]
fn a_share_keeps_question_and_answer_together_and_says_so() {
    let (mut policy, _) = policy("[[sample]]\nrate = 0.25", &[]);
    let mut kept = 0;
    for n in 0..1000 {
        let asked = judged(&mut policy, request(n, "openai"));
        let answered = judged(&mut policy, answer(n, 1_000_000, 0.0, true));
        assert_eq!(asked, answered, "{n}");
        kept += u32::from(asked == (Verdict::Keep, Some(0.25)));
        assert_ne!(asked.0, Verdict::Filtered);
    }
    assert!((200..300).contains(&kept), "{kept}");
}

const BUDGET: &str = "[[alert]]\nname = 'budget'\nwhen = 'spend'\nabove = 5.0\nper = '1h'";

#[test]
fn spending_above_the_limit_is_told_once_until_it_was_below_again() {
    let (mut policy, _) = policy(BUDGET, &[]);
    assert_eq!(alerts(&mut policy, answer(1, 1_000_000, 4.0, true)), []);
    let told = alerts(&mut policy, answer(2, 1_000_600, 2.0, true));
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].message, "6.00 US dollars in 1h, above 5.00");
    assert_eq!(alerts(&mut policy, answer(3, 1_000_700, 1.0, true)), []);
    assert_eq!(alerts(&mut policy, answer(4, 1_010_000, 1.0, true)), []);
    assert_eq!(
        alerts(&mut policy, answer(5, 1_010_001, 4.5, true)).len(),
        1
    );
}

#[test]
fn what_is_sampled_away_was_spent_all_the_same() {
    let (mut policy, _) = policy(&format!("[[sample]]\nrate = 0.0\n{BUDGET}"), &[]);
    let mut notices = Vec::new();
    let verdict = policy.judge(&mut answer(1, 1_000_000, 6.0, true), &mut notices);
    assert_eq!(verdict, Verdict::Sampled);
    assert_eq!(notices.len(), 1);
}

#[test]
fn both_ends_of_a_call_are_spent_once() {
    let (mut policy, _) = policy(BUDGET, &[]);
    assert_eq!(alerts(&mut policy, answer(1, 1_000_000, 4.0, true)), []);
    let mut server = answer(2, 1_000_000, 4.0, true);
    server.attrs.insert("oisp.side".into(), "server".into());
    server.related_events.push(Related {
        event_id: EventId::derive(Timestamp::default(), &[]),
        relationship: Relationship::Related,
    });
    assert_eq!(alerts(&mut policy, server), []);
}

#[test]
fn a_share_of_errors_counts_from_so_many_answers_on() {
    let (mut policy, _) = policy(
        "[[alert]]\nname = 'errors'\nwhen = 'errors'\nabove = 0.5\nper = '10m'\nmin_calls = 4",
        &[],
    );
    for n in 0..3 {
        assert_eq!(alerts(&mut policy, answer(n, 1_000_000, 0.0, false)), []);
    }
    let told = alerts(&mut policy, answer(4, 1_000_000, 0.0, true));
    assert_eq!(
        told[0].message,
        "75.0 % of answers failed in 10m, above 50.0 %"
    );
}

#[test]
fn a_provider_is_new_once_and_a_known_one_never() {
    let (mut policy, _) = policy(
        "[[alert]]\nname = 'new'\nwhen = 'new_provider'",
        &["openai"],
    );
    assert_eq!(alerts(&mut policy, request(1, "openai")), []);
    let told = alerts(&mut policy, request(2, "groq"));
    assert_eq!(told[0].provider.as_deref(), Some("groq"));
    assert_eq!(alerts(&mut policy, request(3, "groq")), []);
}

#[test]
fn an_alert_of_ones_own_is_about_the_events_that_its_filter_admits() {
    let rule = "[[alert]]\nname = 'local'\nwhen = 'events'\nfilter = { providers = ['ollama'] }";
    let (mut policy, _) = policy(rule, &[]);
    assert_eq!(alerts(&mut policy, request(1, "openai")), []);
    assert_eq!(alerts(&mut policy, request(2, "ollama")).len(), 1);
}

#[test]
fn other_rules_count_at_once_and_those_that_stay_go_on() {
    let (mut policy, rules) = policy(BUDGET, &[]);
    assert_eq!(alerts(&mut policy, answer(1, 1_000_000, 4.0, true)), []);
    rules.set(toml::from_str(&format!("[[exclude]]\nproviders = ['x']\n{BUDGET}")).unwrap());
    assert_eq!(judged(&mut policy, request(2, "x")).0, Verdict::Filtered);
    assert_eq!(
        alerts(&mut policy, answer(3, 1_000_001, 2.0, true)).len(),
        1
    );
}
