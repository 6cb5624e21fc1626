//! Who is called, and what the call cost.

use oisp_core::Timestamp;
use oisp_core::event::ai::{Model, Provider, Response, Usage};
use oisp_registry::{Bundle, PricedUsage, Tier};
use serde_json::{Map, Value};

use crate::dialect::{UsageDraft, without_query};
use crate::exchange::Asked;
use crate::http::RequestHead;

/// Who is called.
pub(super) struct Named {
    /// In the schema's words.
    pub(super) provider: Provider,
    /// OpenTelemetry's name, where it differs.
    pub(super) otel: Option<String>,
    /// Its id in the price data.
    pub(super) prices: Option<Box<str>>,
}

/// Who the host says it is. A host that names nobody is who alone has the API
/// that it serves.
pub(super) fn named(asked: &Asked, bundle: &Bundle, scheme: &str) -> Named {
    let head = &asked.head;
    let authority = head.authority.as_deref();
    let host = authority.and_then(|authority| bundle.registry.host(authority));
    let by_api = asked.dialect.provider().unwrap_or("other");
    let known = host.as_ref().map(|host| host.provider);
    let name = known.map_or(by_api, |known| known.schema_name);
    Named {
        otel: known
            .map(|known| known.otel.to_string())
            .filter(|otel| otel != name),
        prices: known.and_then(|known| known.prices.clone()),
        provider: Provider {
            name: name.to_owned(),
            endpoint: endpoint(head, scheme),
            region: host.and_then(|host| host.region),
            organization_id: head.headers.get("openai-organization").map(str::to_owned),
            project_id: head.headers.get("openai-project").map(str::to_owned),
        },
    }
}

fn endpoint(head: &RequestHead, scheme: &str) -> Option<String> {
    let path = head.path.as_deref().map(without_query)?;
    let host = head.authority.as_deref()?;
    Some(format!("{scheme}://{host}{path}"))
}

/// A model, with its family where the registry knows it.
pub(super) fn model(id: String, bundle: &Bundle) -> Model {
    Model {
        family: bundle.registry.family_of(&id),
        id,
    }
}

/// Adds what the call cost, where the provider does not say it itself.
pub(super) fn add_cost(
    data: &mut Response,
    draft: &UsageDraft,
    prices: Option<&str>,
    began: Timestamp,
    bundle: &Bundle,
    attrs: &mut Map<String, Value>,
) {
    let (Some(provider), Some(usage)) = (prices, &mut data.usage) else {
        return;
    };
    if usage.total_cost_usd.is_some() {
        return;
    }
    let Some(model) = &data.model else { return };
    let tier = ["openai.response.service_tier", "oisp.response.service_tier"]
        .iter()
        .find_map(|name| attrs.get(*name)?.as_str());
    let priced = PricedUsage {
        tier: tier.map(Tier::of_word).unwrap_or_default(),
        ..priced(usage, draft)
    };
    let seconds = began.as_millis() / 1000;
    let cost = bundle.prices.cost(provider, &model.id, &priced, seconds);
    let Some(cost) = cost else { return };
    usage.input_cost_usd = Some(rounded(cost.input_usd));
    usage.output_cost_usd = Some(rounded(cost.output_usd));
    usage.total_cost_usd = Some(rounded(cost.total_usd));
    attrs.insert("oisp.cost.source".into(), "genai-prices".into());
    attrs.insert("oisp.cost.version".into(), bundle.prices.version().into());
}

/// To a millionth of a millionth: what is below is the arithmetic's.
fn rounded(usd: f64) -> f64 {
    (usd * 1e12).round() / 1e12
}

fn priced(usage: &Usage, draft: &UsageDraft) -> PricedUsage {
    PricedUsage {
        input: usage.prompt_tokens,
        output: usage.completion_tokens,
        // Some count what is cached among more than what they bill.
        cache_read: usage
            .cached_tokens
            .filter(|cached| usage.prompt_tokens.is_none_or(|all| *cached <= all)),
        cache_write: draft.cache_creation_tokens,
        cache_write_1h: draft.cache_creation_1h_tokens,
        reasoning: usage.reasoning_tokens,
        audio_input: draft.input_audio_tokens,
        audio_output: draft.output_audio_tokens,
        image_input: draft.input_image_tokens,
        image_output: draft.output_image_tokens,
        web_searches: draft.web_searches,
        ..PricedUsage::default()
    }
}
