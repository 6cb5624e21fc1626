//! The price file: a JSON list of providers, split but not yet decoded.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// The largest price file that is read.
pub const MAX_PRICES_LEN: usize = 32 * 1024 * 1024;

/// What pricing does not read: texts for people, how to find usage in a body.
const UNREAD_OF_PROVIDER: [&str; 4] = [
    "extractors",
    "description",
    "price_comments",
    "pricing_urls",
];
const UNREAD_OF_MODEL: [&str; 4] = [
    "description",
    "price_comments",
    "prices_checked",
    "price_discrepancies",
];

/// A price file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PricesError {
    /// Larger than any price file is.
    #[error("the file has {len} bytes; price data may have at most {max}")]
    TooLarge {
        /// What it has.
        len: usize,
        /// What it may have.
        max: usize,
    },
    /// Not a JSON list of providers.
    #[error("not a price list of genai-prices (data.json, version 2): {0}")]
    Syntax(#[from] serde_json::Error),
    /// A provider stands in it twice.
    #[error("provider {0:?} stands twice in the price data")]
    Duplicate(String),
    /// A provider's part does not decode.
    #[error("the prices of provider {id:?} cannot be used: {problem}")]
    Provider {
        /// Which provider.
        id: String,
        /// What is wrong.
        problem: String,
    },
    /// It does not price what everybody can price.
    #[error("the price data has no sensible price for {model} of {provider}; get a complete file")]
    NotSensible {
        /// Whose model.
        provider: &'static str,
        /// Which model.
        model: &'static str,
    },
}

/// A provider's part of the file.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) json: Cow<'static, str>,
    pub(super) falls_back_to: Vec<Box<str>>,
}

/// A file's providers by id.
#[derive(Debug, Default)]
pub(super) struct PricesFile {
    pub(super) providers: Vec<(Box<str>, Source)>,
}

#[derive(Deserialize)]
struct Head {
    id: Box<str>,
    #[serde(default)]
    fallback_model_providers: Option<Vec<Box<str>>>,
}

impl PricesFile {
    /// Splits text that lives as long as the program; nothing is copied.
    pub(super) fn borrowed(text: &'static str) -> Result<Self, PricesError> {
        let parts: Vec<&'static RawValue> = serde_json::from_str(text)?;
        Self::of(parts.into_iter().map(|part| Cow::Borrowed(part.get())))
    }

    /// Splits any text, keeping what pricing reads.
    pub(super) fn owned(text: &str) -> Result<Self, PricesError> {
        if text.len() > MAX_PRICES_LEN {
            return Err(PricesError::TooLarge {
                len: text.len(),
                max: MAX_PRICES_LEN,
            });
        }
        let providers = pruned(text)?;
        Self::of(
            providers
                .iter()
                .map(|provider| Cow::Owned(provider.to_string())),
        )
    }

    fn of(parts: impl Iterator<Item = Cow<'static, str>>) -> Result<Self, PricesError> {
        let mut providers: Vec<(Box<str>, Source)> = Vec::new();
        for json in parts {
            let head: Head = serde_json::from_str(&json)?;
            if providers.iter().any(|(id, _)| *id == head.id) {
                return Err(PricesError::Duplicate(head.id.into()));
            }
            let falls_back_to = head.fallback_model_providers.unwrap_or_default();
            providers.push((
                head.id,
                Source {
                    json,
                    falls_back_to,
                },
            ));
        }
        Ok(Self { providers })
    }
}

/// The form in which `data/prices.json` is kept: what pricing reads of a price
/// list of `genai-prices`, a provider a line.
pub fn prune(text: &str) -> Result<String, PricesError> {
    let lines: Vec<String> = pruned(text)?.iter().map(Value::to_string).collect();
    Ok(format!("[\n{}\n]\n", lines.join(",\n")))
}

fn pruned(text: &str) -> Result<Vec<Value>, PricesError> {
    let mut providers: Vec<Value> = serde_json::from_str(text)?;
    for provider in &mut providers {
        remove(provider, &UNREAD_OF_PROVIDER);
        let models = provider.get_mut("models").and_then(Value::as_array_mut);
        for model in models.into_iter().flatten() {
            remove(model, &UNREAD_OF_MODEL);
        }
    }
    Ok(providers)
}

fn remove(value: &mut Value, keys: &[&str]) {
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|key, _| !keys.contains(&key.as_str()));
    }
}
