//! OpenAI's audio: speech made of a text, and text made of speech.

mod speech;
mod transcription;

use super::Dialect;
use super::route::Route;

/// Speech is told by its text, a transcription by what is to be heard.
pub(super) fn route(route: &Route<'_>) -> Option<&'static dyn Dialect> {
    let has = |keys: &[&str]| keys.iter().any(|key| route.may_have(key));
    if route.path.ends_with("/audio/speech") {
        return has(&["input"]).then_some(&speech::Speech);
    }
    let is_path = route.path.ends_with("/audio/transcriptions")
        || route.path.ends_with("/audio/translations");
    let fits = has(&["file", "file_url", "file_id", "url"]);
    (is_path && fits).then_some(&transcription::Transcription)
}
