//! Vertex AI's own methods. `:rawPredict` and `:streamRawPredict` pass on what
//! a publisher's API takes; `:predict` is for vectors and pictures. What Vertex
//! shares with the Gemini API is read there.

mod predict;
mod raw;

use serde_json::Value;

use super::gemini::path;
use super::route::Route;
use super::{Dialect, Operation};
use predict::Predict;

static EMBEDDING: Predict = Predict::new(Operation::EMBEDDING);
static IMAGE: Predict = Predict::new(Operation::IMAGE);
static TEXT: Predict = Predict::new(Operation::COMPLETION);
static OTHER: Predict = Predict::new(Operation::OTHER);

pub(super) fn route(route: &Route<'_>) -> Option<&'static dyn Dialect> {
    match path::method(route.path)? {
        "rawPredict" | "streamRawPredict" => raw::route(route),
        "predict" | "predictLongRunning" if is_googles(route) => predict(route),
        _ => None,
    }
}

/// Other servers of models have `:predict` too, for anything.
fn is_googles(route: &Route<'_>) -> bool {
    let host = route.head.authority.as_deref().unwrap_or_default();
    route.path.contains("/publishers/")
        || route.path.contains("/models/")
            && (host.starts_with("generativelanguage.googleapis.com")
                || route.head.headers.get("x-goog-api-key").is_some())
}

fn predict(route: &Route<'_>) -> Option<&'static dyn Dialect> {
    let model = path::model(route.head)?;
    let is_one_of = |names: &[&str]| names.iter().any(|name| model.contains(name));
    let by_name: &'static dyn Dialect = if is_one_of(&["embedding", "gecko"]) {
        &EMBEDDING
    } else if is_one_of(&["imagen", "imagegeneration", "imagetext"]) {
        &IMAGE
    } else if is_one_of(&["bison", "unicorn"]) {
        &TEXT
    } else {
        &OTHER
    };
    let Some(body) = route.body else {
        return Some(by_name);
    };
    let instance = body.get("instances")?.as_array()?.first()?;
    let known = ["prompt", "content", "text", "image", "video"];
    let fits = known.iter().any(|key| instance.get(key).is_some());
    (fits && !instance.get("messages").is_some_and(Value::is_array)).then_some(by_name)
}
