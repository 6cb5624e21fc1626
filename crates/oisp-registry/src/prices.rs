//! What a call costs in US dollars, by the data and the arithmetic of the
//! `genai-prices` crate.
//!
//! An unknown provider or model has no price, and neither has a count that the
//! data has no rate for: the answer is then `None`, never 0. Costs are list
//! prices of the time of the call; discounts of a contract are not in them.
//!
//! The crate's own embedded data, decoded whole, keeps 17 MB resident. Here a
//! provider is decoded when it is first asked for (1 to 6 ms, 1 to 3 MB;
//! OpenRouter and the gateways that fall back to others more), from a copy of
//! the same data in `data/prices.json`.

mod cost;
mod data;
mod usage;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, OnceLock};

use genai_prices::Calculator;
use sha2::{Digest, Sha256};

pub use data::{MAX_PRICES_LEN, PricesError, prune};
use data::{PricesFile, Source};
pub use usage::{Cost, PricedUsage, Tier};

/// The release of `genai-prices` that the embedded copy is from.
const EMBEDDED_RELEASE: &str = "genai-prices-0.2.1";

/// Models that every price file must know, with what 1,000 tokens each way may
/// cost: a file in which they are missing or a million times dearer is not
/// what it says it is.
const KNOWN: [(&str, &str); 3] = [
    ("openai", "gpt-4o-mini"),
    ("anthropic", "claude-haiku-4-5"),
    ("google", "gemini-2.5-flash"),
];
const SENSIBLE_USD: std::ops::Range<f64> = 0.000_01..1.0;
/// A time at which they are priced: 2026-01-01.
const KNOWN_AT: u64 = 1_767_225_600;

/// Prices as of one version of the data.
#[derive(Debug)]
pub struct Prices {
    version: Box<str>,
    providers: BTreeMap<Box<str>, Slot>,
}

/// A provider's part of the data, decoded when it is first asked for.
#[derive(Debug)]
struct Slot {
    source: Source,
    calculator: OnceLock<Option<Box<Calculator>>>,
}

static EMBEDDED: LazyLock<Arc<Prices>> = LazyLock::new(|| {
    let text = include_str!("../data/prices.json");
    // A test reads the same text: what is embedded parses.
    let file = PricesFile::borrowed(text).unwrap_or_default();
    Arc::new(Prices::of(
        file,
        &format!("{EMBEDDED_RELEASE}+{}", digest(text)),
    ))
});

impl Prices {
    /// The prices that are part of the program.
    pub fn embedded() -> Arc<Self> {
        Arc::clone(&EMBEDDED)
    }

    /// Reads a price file in the format of `genai-prices` (its `data.json`,
    /// version 2) and proves it: everything in it decodes, and it prices known
    /// models sensibly. Takes some 50 ms.
    pub fn parse(text: &str) -> Result<Self, PricesError> {
        let prices = Self::of(PricesFile::owned(text)?, &format!("file+{}", digest(text)));
        for (id, slot) in &prices.providers {
            // Decoded and forgotten: what is kept is what is asked for.
            prices
                .decode(slot)
                .map_err(|problem| PricesError::Provider {
                    id: id.to_string(),
                    problem,
                })?;
        }
        for (provider, model) in KNOWN {
            let usage = PricedUsage {
                input: Some(1_000),
                output: Some(1_000),
                ..PricedUsage::default()
            };
            let cost = prices.cost(provider, model, &usage, KNOWN_AT);
            if !cost.is_some_and(|cost| SENSIBLE_USD.contains(&cost.total_usd)) {
                return Err(PricesError::NotSensible { provider, model });
            }
        }
        Ok(prices)
    }

    /// The data's version, to be named with every cost.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The providers that have prices, by the ids that
    /// [`Provider::prices`](crate::Provider::prices) holds.
    pub fn provider_ids(&self) -> impl Iterator<Item = &str> {
        self.providers.keys().map(|id| &**id)
    }

    /// Decodes a provider's prices now rather than at the first call.
    pub fn warm(&self, provider: &str) {
        self.calculator(provider);
    }

    /// What a call cost, at `at` (seconds since 1970). `provider` is an id of
    /// the price data, exactly; `model` is the name that the provider answered
    /// with, or the cloud's id of it.
    pub fn cost(&self, provider: &str, model: &str, usage: &PricedUsage, at: u64) -> Option<Cost> {
        let calculator = self.calculator(provider)?;
        cost::Call::of(calculator, provider, model, at)?.cost(usage)
    }

    fn of(file: PricesFile, version: &str) -> Self {
        let slots = file.providers.into_iter().map(|(id, source)| {
            let calculator = OnceLock::new();
            (id, Slot { source, calculator })
        });
        Self {
            version: version.into(),
            providers: slots.collect(),
        }
    }

    fn calculator(&self, provider: &str) -> Option<&Calculator> {
        let slot = self.providers.get(provider)?;
        let decoded = slot
            .calculator
            .get_or_init(|| self.decode(slot).ok().map(Box::new));
        decoded.as_deref()
    }

    /// A provider's data with that of the providers that it falls back to.
    fn decode(&self, slot: &Slot) -> Result<Calculator, String> {
        let others = slot.source.falls_back_to.iter();
        let others = others.filter_map(|id| self.providers.get(id));
        let parts: Vec<&str> = std::iter::once(slot)
            .chain(others)
            .map(|slot| &*slot.source.json)
            .collect();
        let list = format!("[{}]", parts.join(","));
        Calculator::from_json(list).map_err(|error| error.to_string())
    }
}

/// Enough of the text's SHA-256 to tell one version from another.
fn digest(text: &str) -> String {
    let bytes = Sha256::digest(text);
    bytes
        .iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
