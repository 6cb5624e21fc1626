//! Who a host is. A host that is not known is `other`, whatever dialect it
//! speaks; a local port alone names nobody.

/// A provider, in the schema's words and in its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProviderName {
    /// A value of the schema's enumeration.
    pub schema: &'static str,
    /// OpenTelemetry's `gen_ai.provider.name`, where it differs.
    pub otel: Option<&'static str>,
}

/// Host suffix, the schema's name, OpenTelemetry's name.
const HOSTS: &[(&str, &str, &str)] = &[
    ("api.openai.com", "openai", "openai"),
    ("api.anthropic.com", "anthropic", "anthropic"),
    ("openai.azure.com", "azure_openai", "azure.ai.openai"),
    (
        "services.ai.azure.com",
        "azure_openai",
        "azure.ai.inference",
    ),
    ("generativelanguage.googleapis.com", "google", "gcp.gemini"),
    ("aiplatform.googleapis.com", "google", "gcp.vertex_ai"),
    ("api.cohere.com", "cohere", "cohere"),
    ("api.cohere.ai", "cohere", "cohere"),
    ("api.mistral.ai", "mistral", "mistral_ai"),
    ("codestral.mistral.ai", "mistral", "mistral_ai"),
    ("api.groq.com", "groq", "groq"),
    ("api.together.ai", "together", "together"),
    ("api.together.xyz", "together", "together"),
    ("api.fireworks.ai", "fireworks", "fireworks"),
    ("router.huggingface.co", "huggingface", "huggingface"),
    ("api.perplexity.ai", "other", "perplexity"),
    ("api.deepseek.com", "other", "deepseek"),
    ("api.x.ai", "other", "x_ai"),
    ("openrouter.ai", "other", "openrouter"),
    ("api.cerebras.ai", "other", "cerebras"),
    ("api.sambanova.ai", "other", "sambanova"),
    ("githubcopilot.com", "other", "github_copilot"),
];

/// Who `authority` (a host, with or without a port) is. A host that names
/// nobody is who alone has the API that it serves.
pub fn provider_of(authority: Option<&str>, by_api: Option<&'static str>) -> ProviderName {
    let host = authority
        .map(host_of)
        .unwrap_or_default()
        .to_ascii_lowercase();
    let known = HOSTS.iter().find(|(suffix, _, _)| is_below(&host, suffix));
    known.map_or(
        ProviderName {
            schema: by_api.unwrap_or("other"),
            otel: None,
        },
        |(_, schema, otel)| ProviderName {
            schema,
            otel: (schema != otel).then_some(otel),
        },
    )
}

fn host_of(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

/// True for the domain itself and for names below it, not for names that only
/// end alike.
fn is_below(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.') || rest.ends_with('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_hosts_have_names_and_look_alikes_have_none() {
        assert_eq!(
            provider_of(Some("api.openai.com:443"), None).schema,
            "openai"
        );
        assert_eq!(
            provider_of(Some("eu-west4-aiplatform.googleapis.com"), None).otel,
            Some("gcp.vertex_ai")
        );
        assert_eq!(
            provider_of(Some("my-resource.openai.azure.com"), None).schema,
            "azure_openai"
        );
        assert_eq!(
            provider_of(Some("notapi.openai.com.example.net"), None).schema,
            "other"
        );
        assert_eq!(
            provider_of(Some("evilapi.openai.com"), None).schema,
            "other"
        );
        assert_eq!(
            provider_of(Some("127.0.0.1:8000"), None),
            ProviderName {
                schema: "other",
                otel: None
            }
        );
        assert_eq!(provider_of(None, None).schema, "other");
    }
}
