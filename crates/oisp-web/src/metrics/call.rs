//! What the tally reads of an event: who called whom, and what it took. All
//! else of the event is skipped, not kept.

use std::borrow::Cow;

use serde::Deserialize;

/// An `ai.request` or `ai.response`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Call<'a> {
    #[serde(borrow)]
    pub(super) ts: Cow<'a, str>,
    pub(super) process: Process<'a>,
    pub(super) data: Data<'a>,
    attrs: Attrs<'a>,
    related_events: Vec<Related<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Process<'a> {
    pub(super) pid: Option<u32>,
    #[serde(borrow)]
    pub(super) name: Cow<'a, str>,
    pub(super) exe: Option<Cow<'a, str>>,
    pub(super) start_time: Option<Cow<'a, str>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Data<'a> {
    #[serde(borrow)]
    pub(super) provider: Named<'a>,
    pub(super) model: Named<'a>,
    pub(super) success: Option<bool>,
    pub(super) usage: Usage,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Named<'a> {
    #[serde(borrow)]
    pub(super) id: Option<Cow<'a, str>>,
    pub(super) name: Option<Cow<'a, str>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Usage {
    pub(super) prompt_tokens: Option<u64>,
    pub(super) completion_tokens: Option<u64>,
    pub(super) total_cost_usd: Option<f64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Attrs<'a> {
    #[serde(borrow, rename = "oisp.side")]
    side: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "gen_ai.provider.name")]
    provider: Option<Cow<'a, str>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Related<'a> {
    #[serde(borrow)]
    relationship: Cow<'a, str>,
}

impl Call<'_> {
    /// The server's end of a call whose client's end was seen, too: one call,
    /// which counts once, with the client.
    pub(super) fn is_other_end(&self) -> bool {
        self.attrs.side.as_deref() == Some("server")
            && self
                .related_events
                .iter()
                .any(|related| related.relationship == "related")
    }

    /// The provider's own name, also where the schema has no word for it.
    pub(super) fn provider(&self) -> &str {
        let named = self.attrs.provider.as_deref();
        named
            .or(self.data.provider.name.as_deref())
            .unwrap_or("unknown")
    }

    /// The model's id.
    pub(super) fn model(&self) -> &str {
        self.data.model.id.as_deref().unwrap_or("unknown")
    }
}
