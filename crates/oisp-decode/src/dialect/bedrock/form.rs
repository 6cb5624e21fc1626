//! Which form the body of an `invoke` has.

use serde_json::Value;

use crate::dialect::{embed, prompt, rerank};

/// A form of bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Anthropic messages.
    Anthropic,
    /// Messages as `converse` has them: Nova.
    Converse,
    /// OpenAI's chat: Mistral, Jamba, DeepSeek, Qwen, GPT-OSS, Palmyra.
    OpenAi,
    /// Cohere's chat: Command R.
    CohereV1,
    /// Cohere's chat with messages.
    CohereV2,
    /// A text to go on with: Titan, Llama, J2, Command, Claude 2.
    Prompt,
    /// Vectors.
    Embed,
    /// Pictures.
    Image,
    /// Ranks.
    Rerank,
}

/// Beginnings of ids, after the region of an inference profile.
const VENDORS: [&str; 15] = [
    "ai21.",
    "amazon.",
    "anthropic.",
    "cohere.",
    "deepseek.",
    "google.",
    "luma.",
    "meta.",
    "minimax.",
    "mistral.",
    "moonshot",
    "nvidia.",
    "openai.",
    "qwen.",
    "stability.",
];

impl Form {
    /// By the id for models that do one thing only, else by the body, and by the
    /// id again where the body is not known. Where neither host nor id is one of
    /// Bedrock's, only a body that can be nothing else will do.
    pub(super) fn of(id: &str, is_host: bool, body: Option<&Value>) -> Option<Self> {
        let known = (is_host || is_bedrock_id(id)).then(|| Self::by_id(id));
        let Some(body) = body else { return known };
        let shape = Self::by_shape(id, body);
        match known {
            Some(form) if form.is_special() => Some(form),
            Some(form) => shape.or(Some(form)),
            None => shape.filter(|form| form.is_sure(body)),
        }
    }

    /// A body of that form that is a call wherever it is found.
    fn is_sure(self, body: &Value) -> bool {
        let has = |name: &str| body.get(name).is_some();
        match self {
            Self::Anthropic | Self::Converse | Self::OpenAi => {
                let messages = body.get("messages").and_then(Value::as_array);
                let has_role = |message: &Value| message.get("role").is_some_and(Value::is_string);
                messages.is_some_and(|messages| messages.iter().any(has_role))
            }
            Self::Prompt => [
                "max_tokens",
                "max_gen_len",
                "maxTokens",
                "textGenerationConfig",
            ]
            .into_iter()
            .any(has),
            _ => false,
        }
    }

    fn is_special(self) -> bool {
        matches!(self, Self::Embed | Self::Image | Self::Rerank)
    }

    fn by_id(id: &str) -> Self {
        let names = |word: &str| id.contains(word);
        if names("embed") || names("marengo") {
            return Self::Embed;
        }
        if names("stability.") || names("titan-image") || names("canvas") {
            return Self::Image;
        }
        if names("rerank") {
            return Self::Rerank;
        }
        if names("anthropic") {
            return Self::Anthropic;
        }
        if names("nova") {
            return Self::Converse;
        }
        let completes = [
            "titan-t",
            "meta.llama",
            "j2-",
            "command-text",
            "command-light",
        ];
        if completes.into_iter().any(names) {
            return Self::Prompt;
        }
        Self::OpenAi
    }

    fn by_shape(id: &str, body: &Value) -> Option<Self> {
        let has = |name: &str| body.get(name).is_some();
        if body.get("messages").is_some_and(Value::is_array) {
            return Some(of_messages(id, body));
        }
        if rerank::is_request(body) {
            return Some(Self::Rerank);
        }
        if has("text_prompts") || has("textToImageParams") {
            return Some(Self::Image);
        }
        if embed::is_request(body) || has("inputImage") || has("singleEmbeddingParams") {
            return Some(Self::Embed);
        }
        if body.get("message").is_some_and(Value::is_string) {
            return Some(Self::CohereV1);
        }
        prompt::has_prompt(body).then_some(Self::Prompt)
    }
}

fn of_messages(id: &str, body: &Value) -> Form {
    let has = |name: &str| body.get(name).is_some();
    if has("anthropic_version") || id.contains("anthropic") {
        return Form::Anthropic;
    }
    if id.contains("cohere.") {
        return Form::CohereV2;
    }
    let settings = ["schemaVersion", "inferenceConfig", "toolConfig"];
    if settings.into_iter().any(has) || has_untyped_blocks(body) {
        return Form::Converse;
    }
    Form::OpenAi
}

/// Blocks that tell their kind by the name of their one field.
fn has_untyped_blocks(body: &Value) -> bool {
    let messages = body.get("messages").and_then(Value::as_array);
    let blocks = messages
        .into_iter()
        .flatten()
        .filter_map(|message| message.get("content")?.as_array());
    blocks
        .flatten()
        .any(|block| block.is_object() && block.get("type").is_none())
}

fn is_bedrock_id(id: &str) -> bool {
    if id.starts_with("arn:aws") {
        return true;
    }
    // `us.`, `eu.`, `apac.`, `global.` stand before the vendor.
    let rest = id.split_once('.').map_or("", |(_, rest)| rest);
    VENDORS
        .into_iter()
        .any(|vendor| id.starts_with(vendor) || rest.starts_with(vendor))
        || id.contains("twelvelabs.")
        || id.contains("writer.")
        || id.contains("zai.")
}
