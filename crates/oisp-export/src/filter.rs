//! Which stored events a sink wants.

use oisp_config::{EventFilter, Facts};
use oisp_core::SafeEvent;
use serde_json::{Value, json};

/// A sink's filter. Only what a filter asks for costs: an event's text is read
/// where more than its type matters, and its type fits.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// The types alone, which need no reading.
    types: EventFilter,
    /// Everything else, where something else is asked for.
    rest: Option<EventFilter>,
}

impl Wanted {
    pub(crate) fn new(filter: &EventFilter) -> Self {
        let types = EventFilter {
            event_types: filter.event_types.clone(),
            ..EventFilter::default()
        };
        let rest = EventFilter {
            event_types: Vec::new(),
            ..filter.clone()
        };
        Self {
            types,
            rest: (!rest.is_empty()).then_some(rest),
        }
    }

    /// True where the sink wants that event.
    pub(crate) fn admits(&self, event: &SafeEvent) -> bool {
        self.has_type(event) && self.rest.as_ref().is_none_or(|rest| fits(rest, event))
    }

    fn has_type(&self, event: &SafeEvent) -> bool {
        if self.types.is_empty() {
            return true;
        }
        let kind = json!({"event_type": event.event_type()});
        self.types.admits(&Facts::of_json(&kind))
    }
}

fn fits(filter: &EventFilter, event: &SafeEvent) -> bool {
    serde_json::from_str::<Value>(event.json())
        .is_ok_and(|event| filter.admits(&Facts::of_json(&event)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(filter: Value, event: &Value) -> bool {
        let filter = serde_json::from_value(filter).unwrap();
        let event = SafeEvent::from_redacted(event.as_object().unwrap());
        Wanted::new(&filter).admits(&event)
    }

    #[test]
    fn types_and_the_rest_must_both_fit() {
        let event = json!({
            "event_id": "1", "event_type": "ai.request",
            "data": {"provider": {"name": "openai"}, "model": {"id": "gpt-4o"}},
        });
        for filter in [
            json!({}),
            json!({"event_types": ["ai.*"]}),
            json!({"providers": ["openai"]}),
            json!({"event_types": ["file.*", "ai.request"], "models": ["gpt-4*"]}),
        ] {
            assert!(admits(filter.clone(), &event), "{filter}");
        }
        for filter in [
            json!({"event_types": ["ai.response"]}),
            json!({"event_types": ["ai.response"], "models": ["gpt-4*"]}),
            json!({"event_types": ["ai.*"], "models": ["o3"]}),
            json!({"hosts": ["*"]}),
        ] {
            assert!(!admits(filter.clone(), &event), "{filter}");
        }
    }
}
