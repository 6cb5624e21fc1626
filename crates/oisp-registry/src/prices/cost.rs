//! One call's cost, and whether the data has a rate for all that it counts.
//!
//! `genai-prices` charges a part (cached, audio, …) at its own rate and the
//! rest at the total's. Where it has no rate for a part, the part goes at the
//! total's rate; where it has none for the total, it is free. Both would be
//! wrong here for what costs a multiple, so such calls have no cost. Which
//! rates there are is asked by usage that cannot be: a part larger than its
//! total is an error only where both have a rate.

use std::time::{Duration, UNIX_EPOCH};

use genai_prices::{Calculator, ErrorKind, PriceCalculation, PriceRequest, Usage, UsageKey};

use super::usage::{Cost, PricedUsage, Tier};

const LONGEST_MODEL: usize = 256;

/// A call whose provider and model have prices.
pub(super) struct Call<'c> {
    calculator: &'c Calculator,
    provider: &'c str,
    model: &'c str,
    at: std::time::SystemTime,
}

impl<'c> Call<'c> {
    pub(super) fn of(
        calculator: &'c Calculator,
        provider: &'c str,
        model: &'c str,
        at: u64,
    ) -> Option<Self> {
        // Google's paths and answers write `models/NAME`.
        let model = match provider {
            "google" => model.rsplit('/').next().unwrap_or(model),
            _ => model,
        };
        if model.is_empty() || model.len() > LONGEST_MODEL {
            return None;
        }
        Some(Self {
            calculator,
            provider,
            model,
            at: UNIX_EPOCH.checked_add(Duration::from_secs(at))?,
        })
    }

    pub(super) fn cost(&self, counted: &PricedUsage) -> Option<Cost> {
        let usage = usage_of(counted);
        let standard = self.price(&usage, None)?;
        if !standard.warnings.is_empty() || !self.has_rates(counted, &standard) {
            return None;
        }
        let price = match (counted.tier, counted.tier.context()) {
            (Tier::Unlisted, _) => return None,
            (_, None) => standard,
            // A tier without rates of its own is priced as standard: that it
            // costs the same is then not known.
            (_, context) => self
                .price(&usage, context)
                .filter(|price| *price != standard)?,
        };
        Some(Cost {
            input_usd: price.input_price,
            output_usd: price.output_price,
            total_usd: price.total_price,
        })
    }

    fn price(
        &self,
        usage: &Usage,
        context: Option<(&'static str, &'static str)>,
    ) -> Option<PriceCalculation> {
        let mut request = self.request(usage);
        if let Some((key, value)) = context {
            request = request.with_price_context(key, value);
        }
        self.calculator.calculate(&request).ok()
    }

    fn request<'r>(&'r self, usage: &'r Usage) -> PriceRequest<'r> {
        PriceRequest::new(self.model, usage)
            .with_provider_id(self.provider)
            .with_timestamp(self.at)
    }

    /// True where every count that costs a multiple has a rate.
    fn has_rates(&self, counted: &PricedUsage, standard: &PriceCalculation) -> bool {
        let some = |count: Option<u64>| count.is_some_and(|count| count > 0);
        let unpriced = |count, part| some(count) && !self.has_rate(part);
        let missing = unpriced(counted.cache_write, UsageKey::CACHE_WRITE_TOKENS)
            || unpriced(counted.cache_write_1h, UsageKey::CACHE_WRITE_1H_TOKENS)
            || unpriced(counted.audio_input, UsageKey::INPUT_AUDIO_TOKENS)
            || unpriced(counted.audio_output, UsageKey::OUTPUT_AUDIO_TOKENS);
        // Images of models that have a rate for them cost many times the text.
        let images = some(counted.output)
            && counted.image_output.is_none()
            && self.has_rate(UsageKey::OUTPUT_IMAGE_TOKENS);
        !missing
            && !images
            && self.side(
                counted.input,
                standard.input_price,
                UsageKey::CACHE_READ_TOKENS,
            )
            && self.side(
                counted.output,
                standard.output_price,
                UsageKey::OUTPUT_REASONING_TOKENS,
            )
    }

    /// True where a side that is counted has a rate, and a side that has a
    /// rate is counted.
    fn side(&self, total: Option<u64>, price: f64, part: UsageKey) -> bool {
        match total {
            Some(0) => true,
            Some(_) => price > 0.0 || self.refuses(&Usage::from([(part, 1.0)])),
            None => !self.refuses(&Usage::from([(part, 1.0)])),
        }
    }

    /// True where a part has a rate of its own.
    fn has_rate(&self, part: UsageKey) -> bool {
        let mut usage = Usage::from([
            (UsageKey::INPUT_TOKENS, 0.0),
            (UsageKey::CACHE_WRITE_TOKENS, 0.0),
            (UsageKey::OUTPUT_TOKENS, 0.0),
        ]);
        usage.insert(part, 1.0);
        self.refuses(&usage)
    }

    fn refuses(&self, usage: &Usage) -> bool {
        let refused = self.calculator.calculate(&self.request(usage)).err();
        refused.is_some_and(|error| error.kind() == ErrorKind::InvalidUsage)
    }
}

fn usage_of(counted: &PricedUsage) -> Usage {
    let counts = [
        (UsageKey::INPUT_TOKENS, counted.input),
        (UsageKey::OUTPUT_TOKENS, counted.output),
        (UsageKey::CACHE_READ_TOKENS, counted.cache_read),
        (UsageKey::CACHE_WRITE_TOKENS, counted.cache_write),
        (UsageKey::CACHE_WRITE_1H_TOKENS, counted.cache_write_1h),
        (UsageKey::OUTPUT_REASONING_TOKENS, counted.reasoning),
        (UsageKey::INPUT_AUDIO_TOKENS, counted.audio_input),
        (UsageKey::CACHE_AUDIO_READ_TOKENS, counted.audio_cache_read),
        (UsageKey::OUTPUT_AUDIO_TOKENS, counted.audio_output),
        (UsageKey::INPUT_IMAGE_TOKENS, counted.image_input),
        (UsageKey::OUTPUT_IMAGE_TOKENS, counted.image_output),
        (UsageKey::WEB_SEARCHES, counted.web_searches),
    ];
    let given = counts
        .into_iter()
        .filter_map(|(key, count)| Some((key, count?)));
    given.map(|(key, count)| (key, count as f64)).collect()
}
