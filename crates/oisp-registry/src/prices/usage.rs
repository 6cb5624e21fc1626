//! What is priced, and the price.

/// The counts of one call. What the provider did not give is `None`.
///
/// `input` and `output` are totals: all other counts are parts of one of them,
/// whatever the provider's own arithmetic is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PricedUsage {
    /// All input tokens, those of caches too.
    pub input: Option<u64>,
    /// All output tokens, thinking too.
    pub output: Option<u64>,
    /// Input that was read from a cache.
    pub cache_read: Option<u64>,
    /// Input that was written to a cache, for however long.
    pub cache_write: Option<u64>,
    /// The part of it that is kept for an hour.
    pub cache_write_1h: Option<u64>,
    /// Output that is thinking.
    pub reasoning: Option<u64>,
    /// Input that is audio.
    pub audio_input: Option<u64>,
    /// Audio that was read from a cache.
    pub audio_cache_read: Option<u64>,
    /// Output that is audio.
    pub audio_output: Option<u64>,
    /// Input that is images.
    pub image_input: Option<u64>,
    /// Output that is images.
    pub image_output: Option<u64>,
    /// Searches that the provider ran.
    pub web_searches: Option<u64>,
    /// How the call was made.
    pub tier: Tier,
}

/// How a call was made, as far as it changes the price.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tier {
    /// As calls are made.
    #[default]
    Standard,
    /// Slower and cheaper.
    Flex,
    /// Faster and dearer.
    Priority,
    /// The fast mode of some models.
    Fast,
    /// Through a batch API.
    Batch,
    /// At terms that no list has, such as reserved capacity.
    Unlisted,
}

impl Tier {
    /// The tier that a provider's `service_tier` names.
    pub fn of_word(word: &str) -> Self {
        match word {
            "" | "default" | "standard" | "auto" | "on_demand" => Self::Standard,
            "flex" => Self::Flex,
            "priority" => Self::Priority,
            "fast" => Self::Fast,
            "batch" => Self::Batch,
            _ => Self::Unlisted,
        }
    }

    /// The condition under which the price data holds its rates.
    pub(super) fn context(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Standard | Self::Unlisted => None,
            Self::Flex => Some(("service_tier", "flex")),
            Self::Priority => Some(("service_tier", "priority")),
            Self::Fast => Some(("service_tier", "fast")),
            Self::Batch => Some(("processing", "batch")),
        }
    }
}

/// What a call cost, in US dollars.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// For what went in.
    pub input_usd: f64,
    /// For what came out.
    pub output_usd: f64,
    /// For both, and for what is neither, such as searches.
    pub total_usd: f64,
}
