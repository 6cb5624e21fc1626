//! The price data: the copy is the crate's own, a user's file is proved before
//! it is used, and no counts give a cost that is no number.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test states its assumptions by panicking"
)]

use std::time::{Duration, UNIX_EPOCH};

use genai_prices::{Calculator, PriceRequest, Usage, UsageKey};
use oisp_registry::{PricedUsage, Prices, PricesError, prune};
use proptest::prelude::*;

/// 2026-11-01.
const NOW: u64 = 1_793_491_200;

fn usage(input: u64, output: u64) -> PricedUsage {
    PricedUsage {
        input: Some(input),
        output: Some(output),
        ..PricedUsage::default()
    }
}

/// The copy prices every model exactly as the crate's own data does, so it is
/// neither old nor damaged.
#[test]
fn the_embedded_copy_is_the_crates_data() {
    let (prices, theirs) = (Prices::embedded(), Calculator::bundled());
    let counted = usage(150_000, 1_000);
    let same = Usage::from([
        (UsageKey::INPUT_TOKENS, 150_000.0),
        (UsageKey::OUTPUT_TOKENS, 1_000.0),
    ]);
    let at = UNIX_EPOCH + Duration::from_secs(NOW);
    let mut priced = 0;
    for provider in theirs.providers() {
        for model in provider.models() {
            let Some(ours) = prices.cost(provider.id(), model.id(), &counted, NOW) else {
                continue;
            };
            let request = PriceRequest::new(model.id(), &same)
                .with_provider_id(provider.id())
                .with_timestamp(at);
            let theirs = theirs.calculate(&request).unwrap().total_price;
            let near = (ours.total_usd - theirs).abs() <= theirs * 1e-12;
            assert!(
                near,
                "{} {}: {ours:?}, not {theirs}",
                provider.id(),
                model.id()
            );
            priced += 1;
        }
    }
    assert!(priced > 1_500, "only {priced} models have a price");
    assert_eq!(prices.provider_ids().count(), theirs.providers().count());
}

#[test]
fn the_version_names_the_release_that_is_linked_and_the_data() {
    let version = Prices::embedded().version().to_owned();
    let lock = include_str!("../../../Cargo.lock");
    let linked = lock
        .split("[[package]]")
        .find(|package| package.contains("name = \"genai-prices\""))
        .and_then(|package| package.split("version = \"").nth(1)?.split('"').next())
        .unwrap();
    let (release, digest) = version.split_once('+').unwrap();
    assert_eq!(release, format!("genai-prices-{linked}"));
    assert_eq!(digest.len(), 12, "{version}");
}

#[test]
fn a_users_file_is_proved_before_it_is_used() {
    let embedded = include_str!("../data/prices.json");
    let read = Prices::parse(embedded).unwrap();
    assert!(read.version().starts_with("file+"), "{}", read.version());
    assert_eq!(
        read.cost("openai", "gpt-4o", &usage(1_000, 0), NOW),
        Prices::embedded().cost("openai", "gpt-4o", &usage(1_000, 0), NOW)
    );
    assert_eq!(prune(embedded).unwrap(), embedded, "pruned once is pruned");

    let lacking = prune(embedded)
        .unwrap()
        .replace("\"gpt-4o-mini\"", "\"other\"");
    assert!(matches!(
        Prices::parse(&lacking),
        Err(PricesError::NotSensible {
            provider: "openai",
            ..
        })
    ));
    let broken = embedded.replacen("\"input_mtok\":2.5", "\"input_mtok\":-2.5", 1);
    assert!(matches!(
        Prices::parse(&broken),
        Err(PricesError::Provider { .. })
    ));
    let twice = r#"[{"id":"a"},{"id":"a"}]"#;
    assert!(matches!(
        Prices::parse(twice),
        Err(PricesError::Duplicate(_))
    ));
    for text in ["", "{}", "[1]", "[{}]", "[[[[", "null"] {
        assert!(
            matches!(Prices::parse(text), Err(PricesError::Syntax(_))),
            "{text}"
        );
    }
    assert!(matches!(
        Prices::parse("[]"),
        Err(PricesError::NotSensible { .. })
    ));
}

proptest! {
    #[test]
    fn any_text_is_refused_in_words(text in any::<String>()) {
        prop_assert!(Prices::parse(&text).is_err());
        let provider = format!("[{{\"id\":{text:?}}}]");
        prop_assert!(Prices::parse(&provider).is_err());
    }

    #[test]
    fn any_counts_have_a_sane_cost_or_none(
        counts in prop::array::uniform5(prop::option::of(any::<u64>())),
        at in any::<u64>(),
    ) {
        let [input, output, cache_read, cache_write, audio_input] = counts;
        let usage = PricedUsage { input, output, cache_read, cache_write, audio_input, ..PricedUsage::default() };
        let prices = Prices::embedded();
        for (provider, model) in [("openai", "gpt-4o"), ("anthropic", "claude-haiku-4-5"), ("google", "gemini-2.5-flash")] {
            if let Some(cost) = prices.cost(provider, model, &usage, at) {
                prop_assert!(cost.total_usd.is_finite() && cost.total_usd >= 0.0);
                prop_assert!(input.is_some() && output.is_some());
            }
        }
    }
}
