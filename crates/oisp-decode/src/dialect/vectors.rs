//! Embeddings: how many vectors came and how long they are. The numbers
//! themselves are never kept.

use serde_json::Value;

use super::answer::{Answer, EmbeddingDraft};
use crate::json::numbers;

/// The vectors of a list, or one vector. `None` where it is neither.
pub(super) fn of(value: &Value) -> Option<EmbeddingDraft> {
    let draft = |count, length| EmbeddingDraft {
        count,
        dimensions: Some(length),
    };
    if let Some(length) = numbers(value).filter(|length| *length > 0) {
        return Some(draft(1, length));
    }
    let items = value.as_array().filter(|items| !items.is_empty())?;
    let lengths: Option<Vec<usize>> = items.iter().map(numbers).collect();
    Some(draft(items.len(), lengths?.first().copied()?))
}

/// Puts vectors into an answer.
pub(super) fn put(value: Option<&Value>, answer: &mut Answer) {
    answer.embedding = value.and_then(of);
    answer.is_answer = answer.embedding.is_some();
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn vectors_are_counted_and_measured() {
        let draft = |count, dimensions| {
            Some(EmbeddingDraft {
                count,
                dimensions: Some(dimensions),
            })
        };
        assert_eq!(of(&json!([[1, 2.5, 3], [4, 5, 6]])), draft(2, 3));
        assert_eq!(of(&json!([0.5, 1])), draft(1, 2));
        assert_eq!(of(&json!([["a"]])), None);
        assert_eq!(of(&json!([])), None);
        assert_eq!(of(&json!({"a": 1})), None);
        assert_eq!(of(&json!([{"$numbers": 1024}])), draft(1, 1024));
        assert_eq!(of(&json!({"$numbers": 768})), draft(1, 768));
    }
}
