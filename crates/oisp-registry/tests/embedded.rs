//! The embedded registry: it parses whole, its words are the schema's, and it
//! knows who is who.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test states its assumptions by panicking"
)]

use oisp_registry::{Registry, words};

#[test]
fn every_entry_is_in_the_schemas_words() {
    let registry = Registry::parse(include_str!("../data/registry.toml")).unwrap();
    assert_eq!(Registry::embedded().version(), registry.version());
    assert_eq!(registry.version(), "2026.11.0");
    assert!(
        registry.providers().len() > 90,
        "{}",
        registry.providers().len()
    );
    assert!(registry.apps().len() > 90, "{}", registry.apps().len());
    for provider in registry.providers() {
        assert!(
            words::PROVIDERS.contains(&provider.schema_name),
            "{provider:?}"
        );
        assert!(
            !provider.otel.is_empty() && !provider.name.is_empty(),
            "{provider:?}"
        );
    }
    for app in registry.apps() {
        assert!(words::CATEGORIES.contains(&app.category), "{}", app.id);
        assert!(
            app.kind.is_none_or(|kind| words::TYPES.contains(&kind)),
            "{}",
            app.id
        );
        let agent = app.agent_type;
        assert!(
            agent.is_none_or(|kind| words::AGENT_TYPES.contains(&kind)),
            "{}",
            app.id
        );
        assert_eq!(
            app.framework,
            app.kind.is_none(),
            "{}: a program has a type",
            app.id
        );
        assert!(
            agent.is_none() || app.is_ai_app || app.is_ai_host,
            "{}: an agent uses AI",
            app.id
        );
    }
}

#[test]
fn hosts_have_names() {
    let registry = Registry::embedded();
    for (host, schema, otel) in [
        ("api.openai.com:443", "openai", "openai"),
        ("API.OpenAI.com", "openai", "openai"),
        ("eu.api.openai.com", "openai", "openai"),
        ("chatgpt.com", "openai", "openai"),
        (
            "my-resource.openai.azure.com",
            "azure_openai",
            "azure.ai.openai",
        ),
        (
            "my-resource.cognitiveservices.azure.com",
            "azure_openai",
            "azure.ai.openai",
        ),
        (
            "my-resource.services.ai.azure.com",
            "azure_openai",
            "azure.ai.inference",
        ),
        (
            "name.eastus2.models.ai.azure.com",
            "azure_openai",
            "azure.ai.inference",
        ),
        ("models.inference.ai.azure.com", "other", "github_models"),
        ("api.anthropic.com", "anthropic", "anthropic"),
        ("claude.ai", "anthropic", "anthropic"),
        ("generativelanguage.googleapis.com", "google", "gcp.gemini"),
        ("aiplatform.googleapis.com", "google", "gcp.vertex_ai"),
        (
            "eu-west4-aiplatform.googleapis.com",
            "google",
            "gcp.vertex_ai",
        ),
        ("cloudcode-pa.googleapis.com", "google", "gcp.gen_ai"),
        (
            "bedrock-runtime.us-east-1.amazonaws.com",
            "aws_bedrock",
            "aws.bedrock",
        ),
        (
            "bedrock-mantle.eu-west-1.api.aws",
            "aws_bedrock",
            "aws.bedrock",
        ),
        ("api.cohere.com", "cohere", "cohere"),
        ("api.cohere.ai", "cohere", "cohere"),
        ("api.mistral.ai", "mistral", "mistral_ai"),
        ("codestral.mistral.ai", "mistral", "mistral_ai"),
        ("api.groq.com", "groq", "groq"),
        ("api.together.ai", "together", "together"),
        ("api.together.xyz", "together", "together"),
        ("api.fireworks.ai", "fireworks", "fireworks"),
        ("api.replicate.com", "replicate", "replicate"),
        ("stream-b.replicate.net", "replicate", "replicate"),
        ("router.huggingface.co", "huggingface", "huggingface"),
        (
            "abc.us-east-1.aws.endpoints.huggingface.cloud",
            "huggingface",
            "huggingface",
        ),
        ("ollama.com", "ollama", "ollama"),
        ("api.perplexity.ai", "other", "perplexity"),
        ("api.deepseek.com", "other", "deepseek"),
        ("api.x.ai", "other", "x_ai"),
        ("openrouter.ai", "other", "openrouter"),
        ("api.cerebras.ai", "other", "cerebras"),
        ("api.sambanova.ai", "other", "sambanova"),
        ("api.moonshot.cn", "other", "moonshot_ai"),
        ("us-south.ml.cloud.ibm.com", "other", "ibm.watsonx.ai"),
        (
            "api.individual.githubcopilot.com",
            "other",
            "github_copilot",
        ),
        ("api2.cursor.sh", "other", "cursor"),
        ("api.writer.com", "other", "writer"),
        ("api.voyageai.com", "other", "voyageai"),
        ("gateway.ai.cloudflare.com", "other", "cloudflare"),
    ] {
        let found = registry.provider_of(Some(host));
        let names = found.map(|provider| (provider.schema_name, &*provider.otel));
        assert_eq!(names, Some((schema, otel)), "{host}");
    }
}

#[test]
fn hosts_of_others_have_none() {
    let registry = Registry::embedded();
    for host in [
        "notapi.openai.com.example.net",
        "evilapi.openai.com",
        "evil-api.openai.com",
        "openai.com",
        "api.openai.com@example.net",
        "xaiplatform.googleapis.com",
        "storage.googleapis.com",
        "openai.azure.com.example.net",
        // Buckets that anybody can have.
        "bedrock-runtime.s3.amazonaws.com",
        "bedrock-runtime.s3-us-west-2.amazonaws.com",
        "s3.us-east-1.amazonaws.com",
        "notclaude.ai",
        "localhost:11434",
        "127.0.0.1:8000",
        "[::1]:11434",
        "",
    ] {
        assert!(registry.provider_of(Some(host)).is_none(), "{host}");
    }
    assert!(registry.provider_of(None).is_none());
}

#[test]
fn hosts_tell_regions() {
    let registry = Registry::embedded();
    for (host, region) in [
        ("bedrock-runtime.us-east-1.amazonaws.com", Some("us-east-1")),
        (
            "vpce-1.bedrock-runtime.eu-west-1.vpce.amazonaws.com",
            Some("eu-west-1"),
        ),
        (
            "us-central1-aiplatform.googleapis.com:443",
            Some("us-central1"),
        ),
        ("aiplatform.eu.rep.googleapis.com", Some("eu")),
        ("name.eastus2.models.ai.azure.com", Some("eastus2")),
        ("us-south.ml.cloud.ibm.com", Some("us-south")),
        ("aiplatform.googleapis.com", None),
        ("api.openai.com", None),
    ] {
        assert_eq!(registry.region_of(host).as_deref(), region, "{host}");
    }
}

#[test]
fn models_have_families() {
    let registry = Registry::embedded();
    for (model, family) in [
        ("gpt-4o-2024-08-06", Some("gpt-4")),
        ("gpt-4.1-nano", Some("gpt-4")),
        ("gpt-4-1106-preview", Some("gpt-4")),
        ("gpt-35-turbo", Some("gpt-3.5")),
        ("gpt-5.2-codex", Some("gpt-5")),
        ("gpt-oss-120b", Some("gpt-oss")),
        ("o3-mini", Some("o3")),
        ("text-embedding-3-large", Some("text-embedding-3")),
        ("claude-3-5-sonnet-20241022", Some("claude-3")),
        ("claude-3-7-sonnet-latest", Some("claude-3")),
        (
            "us.anthropic.claude-opus-4-1-20250805-v1:0",
            Some("claude-4"),
        ),
        ("anthropic.claude-v2:1", Some("claude-2")),
        ("claude-2.1", Some("claude-2")),
        ("claude-instant-1.2", Some("claude-instant")),
        ("anthropic/claude-sonnet-4.5", Some("claude-4")),
        ("gemini-1.5-pro", Some("gemini-1.5")),
        ("models/gemini-2.5-flash-lite", Some("gemini-2.5")),
        (
            "publishers/google/models/gemini-3-pro-preview",
            Some("gemini-3"),
        ),
        ("gemma3:1b", Some("gemma-3")),
        ("llama3.1", Some("llama-3")),
        ("llama3-8b-8192", Some("llama-3")),
        ("meta-llama/Llama-3.2-1B-Instruct", Some("llama-3")),
        ("meta-llama/Meta-Llama-3-8B-Instruct", Some("llama-3")),
        ("us.meta.llama3-1-70b-instruct-v1:0", Some("llama-3")),
        (
            "accounts/fireworks/models/llama-v3p1-70b-instruct",
            Some("llama-3"),
        ),
        ("mistralai/Mixtral-8x7B-Instruct-v0.1", Some("mixtral")),
        ("mistral.mistral-large-2407-v1:0", Some("mistral-large")),
        ("command-r-08-2024", Some("command-r")),
        ("command-a-03-2025", Some("command-a")),
        ("command", Some("command")),
        ("deepseek-chat", Some("deepseek")),
        ("deepseek-ai/DeepSeek-V3.1", Some("deepseek-v3.1")),
        ("qwen2.5-coder:7b", Some("qwen2.5")),
        ("amazon.nova-pro-v1:0", Some("nova")),
        ("palmyra-x4", Some("palmyra")),
        ("grok-4-fast", Some("grok-4")),
        ("kimi-k2-0905-preview", Some("kimi-k2")),
        ("glm-4.6", Some("glm-4")),
        ("my-deployment", None),
        ("opus", None),
        ("gpt", None),
    ] {
        assert_eq!(registry.family_of(model).as_deref(), family, "{model}");
    }
}
