//! Google's paths: `/v1beta/models/MODEL:method`,
//! `/v1/projects/P/locations/L/publishers/PUBLISHER/models/MODEL:method`,
//! `…/endpoints/ENDPOINT:method`, `/v1beta/tunedModels/MODEL:method`.

use crate::dialect::route::{unescaped, without_query};
use crate::http::RequestHead;

/// The method that a path calls.
pub(in crate::dialect) fn method(path: &str) -> Option<&str> {
    split(path.rsplit('/').next()?).map(|(_, method)| method)
}

fn split(path: &str) -> Option<(&str, &str)> {
    path.rsplit_once(':')
        .or_else(|| path.rsplit_once("%3A"))
        .or_else(|| path.rsplit_once("%3a"))
}

/// The model that a path names; a tuned model or an endpoint with what it is.
pub(in crate::dialect) fn model(head: &RequestHead) -> Option<String> {
    let path = without_query(head.path.as_deref()?);
    let (resource, _) = split(path)?;
    let resource = unescaped(resource);
    if let Some((_, model)) = resource.rsplit_once("/models/") {
        return Some(model.to_owned()).filter(|model| !model.is_empty());
    }
    ["/tunedModels/", "/endpoints/"]
        .into_iter()
        .find_map(|kind| resource.rfind(kind))
        .and_then(|at| resource.get(at + 1..))
        .map(str::to_owned)
}

/// A model's name without the collection that it is in.
pub(in crate::dialect) fn bare(model: String) -> String {
    match model.strip_prefix("models/") {
        Some(name) => name.to_owned(),
        None => model,
    }
}
