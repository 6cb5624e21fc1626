//! The schema's `$redacted` marker, in place of a whole value.

use serde_json::{Map, Value, json};

/// Most of a preview that the schema allows, characters.
const PREVIEW: usize = 100;

/// What a marker says of what it stands for.
#[derive(Default)]
pub(crate) struct Marker<'a> {
    /// `policy`, `secret_detected` or `pii_detected`.
    pub reason: &'a str,
    /// The rule that asked for it.
    pub detector: Option<&'a str>,
    /// Characters.
    pub length: usize,
    /// Keyed.
    pub hash: Option<String>,
    /// What may be shown.
    pub preview: Option<&'a str>,
    /// What was found, and how often.
    pub findings: Value,
    pub profile: &'a str,
}

impl Marker<'_> {
    pub(crate) fn into_value(self) -> Value {
        let mut marker = Map::new();
        marker.insert("reason".into(), self.reason.into());
        marker.insert("original_length".into(), self.length.into());
        marker.insert("redaction_profile".into(), self.profile.into());
        let preview = self
            .preview
            .map(|preview| preview.chars().take(PREVIEW).collect::<String>());
        let optional = [
            ("detector", self.detector.map(Value::from)),
            ("hash", self.hash.map(Value::from)),
            ("preview", preview.map(Value::from)),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                marker.insert(name.into(), value);
            }
        }
        if self
            .findings
            .as_array()
            .is_some_and(|findings| !findings.is_empty())
        {
            marker.insert("findings".into(), self.findings);
        }
        json!({"$redacted": marker})
    }
}

/// Findings as the schema lists them.
pub(crate) fn listed<'a>(found: impl Iterator<Item = (&'a str, usize)>) -> Value {
    found
        .map(|(name, count)| json!({"type": name, "count": count}))
        .collect()
}
