//! The text of an event, for the full-text index: every string under `data` and
//! `ext` (prompts, answers, tool arguments, command lines, paths), save ids and
//! hashes. And the time of its capture.
//!
//! In: an event's JSON. Out: its strings, one a line, at most [`MOST`] bytes.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// What of an event's text is indexed at most. Where an agent's history is
/// longer, its end is in the events before.
const MOST: usize = 1 << 20;

/// What is known of an event beside its place in the log.
#[derive(Debug, Default)]
pub(crate) struct Content {
    /// Its strings.
    pub text: String,
    /// Microseconds since 1970.
    pub captured: Option<i64>,
}

/// Takes an event apart. What is no JSON object has no text.
pub(crate) fn content(json: &str) -> Content {
    let mut content = Content::default();
    // What was read before an error is good.
    let _ = Top(&mut content).deserialize(&mut serde_json::Deserializer::from_str(json));
    content
}

fn captured(text: &str) -> Option<i64> {
    let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    i64::try_from(time.unix_timestamp_nanos() / 1_000).ok()
}

/// Ids and hashes are looked up otherwise, and each would be a word of its own.
fn is_searched(key: &str) -> bool {
    !(key == "id" || key.ends_with("_id") || key.ends_with("hash") || key.ends_with("_time"))
}

struct Top<'a>(&'a mut Content);

impl<'de> DeserializeSeed<'de> for Top<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Top<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "data" | "ext" => map.next_value_seed(Strings(&mut self.0.text))?,
                "ts" => self.0.captured = captured(&map.next_value::<String>()?),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

struct Strings<'a>(&'a mut String);

impl<'de> DeserializeSeed<'de> for Strings<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strings<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        let room = MOST.saturating_sub(self.0.len());
        if room > 1 {
            let end = text.floor_char_boundary(room - 1);
            self.0.push_str(text.get(..end).unwrap_or_default());
            self.0.push('\n');
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if is_searched(&key) {
                map.next_value_seed(Strings(self.0))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(Strings(self.0))?.is_some() {}
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_of_the_content_are_text_and_ids_are_not() {
        let json = r#"{"ts":"2026-11-21T21:02:55.541983Z","host":{"hostname":"vm"},"data":
            {"request_id":"req_1","messages":[{"role":"user","content":"say \"hi\""}],"n":1,"x":null,
             "tool":{"arguments":{"path":"/etc/hosts"}},"auth":{"key_hash":"abc"}}}"#;
        let content = content(json);
        assert_eq!(content.text, "user\nsay \"hi\"\n/etc/hosts\n");
        assert_eq!(content.captured, Some(1_795_294_975_541_983));
    }

    #[test]
    fn what_is_no_event_has_what_could_be_read() {
        assert_eq!(content("nonsense").text, "");
        assert_eq!(content(r#"{"data":["one","#).text, "one\n");
        assert_eq!(content("[1]").captured, None);
    }

    #[test]
    fn the_text_is_bounded() {
        let long = "ä".repeat(MOST);
        let json = format!(r#"{{"data":["{long}","more"]}}"#);
        assert!(content(&json).text.len() <= MOST);
    }
}
