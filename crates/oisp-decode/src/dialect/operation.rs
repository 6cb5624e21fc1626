//! What a call is for.

/// What a call is for, in the schema's words and in OpenTelemetry's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// `data.request_type`.
    pub request_type: &'static str,
    /// `attrs["gen_ai.operation.name"]`.
    pub otel: &'static str,
}

#[allow(dead_code, reason = "a list of what providers offer")]
impl Operation {
    /// A conversation.
    pub const CHAT: Self = Self::new("chat", "chat");
    /// A conversation, in Google's words.
    pub const GENERATE_CONTENT: Self = Self::new("chat", "generate_content");
    /// A text to go on with.
    pub const COMPLETION: Self = Self::new("completion", "text_completion");
    /// Vectors of texts.
    pub const EMBEDDING: Self = Self::new("embedding", "embeddings");
    /// Pictures.
    pub const IMAGE: Self = Self::new("image", "image_generation");
    /// Speech to text.
    pub const TRANSCRIPTION: Self = Self::new("audio", "transcription");
    /// Text to speech.
    pub const SPEECH: Self = Self::new("audio", "speech");
    /// Is this text allowed?
    pub const MODERATION: Self = Self::new("moderation", "moderation");
    /// Documents by their fit to a question.
    pub const RERANK: Self = Self::new("other", "rerank");
    /// How many tokens a request would have.
    pub const COUNT_TOKENS: Self = Self::new("other", "count_tokens");
    /// Many requests for later.
    pub const BATCH: Self = Self::new("other", "batch");
    /// Text of a document.
    pub const OCR: Self = Self::new("other", "ocr");
    /// A message to another agent.
    pub const INVOKE_AGENT: Self = Self::new("other", "invoke_agent");
    /// An answer that was asked for before.
    pub const FETCH_RESPONSE: Self = Self::new("other", "fetch_response");
    /// Something that a provider's model does and the list above has not.
    pub const OTHER: Self = Self::new("other", "other");

    const fn new(request_type: &'static str, otel: &'static str) -> Self {
        Self { request_type, otel }
    }
}
