//! What calls cost, against numbers worked out by hand from the data's rates
//! (US dollars for a million tokens, named at each).
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test states its assumptions by panicking"
)]

use oisp_registry::{Cost, PricedUsage, Prices, Tier};

/// 2026-11-01.
const NOW: u64 = 1_793_491_200;

fn usage(input: u64, output: u64) -> PricedUsage {
    PricedUsage {
        input: Some(input),
        output: Some(output),
        ..PricedUsage::default()
    }
}

fn cost(provider: &str, model: &str, usage: &PricedUsage) -> Option<Cost> {
    Prices::embedded().cost(provider, model, usage, NOW)
}

#[track_caller]
fn assert_costs(cost: Option<Cost>, input: f64, output: f64) {
    let cost = cost.expect("a price");
    let near = |is: f64, should: f64| (is - should).abs() < 1e-12;
    assert!(
        near(cost.input_usd, input)
            && near(cost.output_usd, output)
            && near(cost.total_usd, input + output),
        "{cost:?}, not {input} and {output}"
    );
}

#[test]
fn openai_charges_cached_input_at_its_own_rate() {
    // gpt-4o: in 2.50, cached 1.25, out 10.
    let cached = PricedUsage {
        cache_read: Some(4_000),
        reasoning: Some(200),
        ..usage(10_000, 1_000)
    };
    assert_costs(cost("openai", "gpt-4o", &cached), 0.015 + 0.005, 0.010);
}

#[test]
fn anthropic_charges_reads_and_both_kinds_of_writes() {
    // claude-haiku-4-5: in 1, read 0.10, write 1.25, write for an hour 2, out 5.
    // 1,000 plain + 6,000 read + 2,000 written + 1,000 written for an hour.
    let cached = PricedUsage {
        cache_read: Some(6_000),
        cache_write: Some(3_000),
        cache_write_1h: Some(1_000),
        ..usage(10_000, 500)
    };
    let input = 0.001 + 0.0006 + 0.0025 + 0.002;
    assert_costs(
        cost("anthropic", "claude-haiku-4-5-20251001", &cached),
        input,
        0.0025,
    );
}

#[test]
fn gemini_charges_audio_and_long_prompts_at_their_own_rates() {
    // gemini-2.5-flash: in 0.30, cached 0.03, audio 1, out 2.50.
    let cached = PricedUsage {
        cache_read: Some(40_000),
        ..usage(100_000, 2_000)
    };
    assert_costs(
        cost("google", "gemini-2.5-flash", &cached),
        0.018 + 0.0012,
        0.005,
    );
    let audio = PricedUsage {
        audio_input: Some(4_000),
        ..usage(10_000, 0)
    };
    assert_costs(
        cost("google", "models/gemini-2.5-flash", &audio),
        0.0018 + 0.004,
        0.0,
    );
    // gemini-2.5-pro above 200,000: in 2.50, out 15.
    assert_costs(
        cost("google", "gemini-2.5-pro", &usage(300_000, 1_000)),
        0.75,
        0.015,
    );
}

#[test]
fn the_rates_are_those_of_the_time_of_the_call() {
    // claude-opus-4-6 with a long prompt: 10 until 2026-03-12, 5 since.
    let prices = Prices::embedded();
    let at = |seconds| prices.cost("anthropic", "claude-opus-4-6", &usage(300_000, 0), seconds);
    assert_costs(at(1_772_323_200), 3.0, 0.0); // 2026-03-01
    assert_costs(at(1_775_001_600), 1.5, 0.0); // 2026-04-01
    assert_eq!(at(u64::MAX), None);
}

#[test]
fn names_that_clouds_give_have_prices() {
    for (provider, model, input, output) in [
        // A region costs a tenth more than anywhere: 3.30 and 16.50.
        (
            "aws",
            "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
            0.0033,
            0.0165,
        ),
        (
            "aws",
            "global.anthropic.claude-sonnet-4-5-20250929-v1:0",
            0.003,
            0.015,
        ),
        (
            "aws",
            "anthropic.claude-3-5-sonnet-20240620-v1:0",
            0.003,
            0.015,
        ),
        ("google", "claude-sonnet-4-5@20250929", 0.003, 0.015),
        ("azure", "gpt-4o-2024-11-20", 0.0025, 0.010),
    ] {
        let cost = cost(provider, model, &usage(1_000, 1_000));
        assert!(cost.is_some(), "{provider} {model}");
        assert_costs(cost, input, output);
    }
}

#[test]
fn tiers_have_their_own_rates_or_none() {
    // gpt-4o, priority: in 4.25, out 17; it has no flex rates.
    let tier = |tier| {
        let usage = PricedUsage {
            tier,
            ..usage(1_000, 1_000)
        };
        cost("openai", "gpt-4o", &usage)
    };
    assert_costs(tier(Tier::of_word("priority")), 0.00425, 0.017);
    assert_costs(tier(Tier::of_word("default")), 0.0025, 0.010);
    assert_eq!(tier(Tier::of_word("flex")), None);
    assert_eq!(tier(Tier::of_word("scale")), None);
    // claude-sonnet-4-5 in a batch: half of 3 and 15.
    let batch = PricedUsage {
        tier: Tier::of_word("batch"),
        ..usage(1_000, 1_000)
    };
    assert_costs(
        cost("anthropic", "claude-sonnet-4-5", &batch),
        0.0015,
        0.0075,
    );
}

#[test]
fn searches_are_in_the_total_alone() {
    // claude-sonnet-4-5: 10 for a thousand searches.
    let searched = PricedUsage {
        web_searches: Some(3),
        ..usage(1_000, 0)
    };
    let cost = cost("anthropic", "claude-sonnet-4-5", &searched).unwrap();
    assert!((cost.input_usd - 0.003).abs() < 1e-12, "{cost:?}");
    assert!((cost.total_usd - 0.033).abs() < 1e-12, "{cost:?}");
}

#[test]
fn what_has_no_rate_has_no_cost() {
    let plain = usage(1_000, 1_000);
    let audio = PricedUsage {
        audio_input: Some(500),
        ..plain
    };
    let hour = PricedUsage {
        cache_write: Some(500),
        cache_write_1h: Some(500),
        ..plain
    };
    let written = PricedUsage {
        cache_write: Some(500),
        ..plain
    };
    let output_unknown = PricedUsage {
        output: None,
        ..plain
    };
    let input_unknown = PricedUsage {
        input: None,
        ..plain
    };
    let more_cached_than_sent = PricedUsage {
        cache_read: Some(2_000),
        ..plain
    };
    for (why, provider, model, usage) in [
        ("unknown model", "openai", "no-such-model", &plain),
        ("no model", "openai", "", &plain),
        ("unknown provider", "nobody", "gpt-4o", &plain),
        ("part of a provider's id", "openai-like", "gpt-4o", &plain),
        ("charged by the hour", "openai", "whisper-1", &plain),
        (
            "no rates at all",
            "openai",
            "omni-moderation-latest",
            &plain,
        ),
        (
            "no rate for audio",
            "openai",
            "gpt-4o-audio-preview",
            &audio,
        ),
        (
            "no rate for an hour",
            "aws",
            "us.anthropic.claude-sonnet-4-20250514-v1:0",
            &hour,
        ),
        ("no rate for writes", "openai", "gpt-4o", &written),
        ("images not counted", "openai", "gpt-image-1.5", &plain),
        ("output not counted", "openai", "gpt-4o", &output_unknown),
        ("input not counted", "openai", "gpt-4o", &input_unknown),
        (
            "parts above the total",
            "openai",
            "gpt-4o",
            &more_cached_than_sent,
        ),
        (
            "nothing counted",
            "openai",
            "gpt-4o",
            &PricedUsage::default(),
        ),
    ] {
        assert_eq!(cost(provider, model, usage), None, "{why}");
    }
}

#[test]
fn a_model_without_output_needs_no_output_count() {
    // text-embedding-3-small: in 0.02.
    let embedded = PricedUsage {
        input: Some(1_000_000),
        ..PricedUsage::default()
    };
    assert_costs(
        cost("openai", "text-embedding-3-small", &embedded),
        0.02,
        0.0,
    );
}
