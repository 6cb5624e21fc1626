"""Which API an exchange speaks, or none."""

import re
from urllib.parse import unquote, urlsplit

from . import anthropic, bedrock, openai, others

HOSTS = {
    "api.openai.com": "openai", "api.anthropic.com": "anthropic", "generativelanguage.googleapis.com": "google",
    "api.cohere.com": "cohere", "api.cohere.ai": "cohere", "api.mistral.ai": "mistral", "codestral.mistral.ai": "mistral",
    "api.groq.com": "groq", "api.together.xyz": "together", "api.together.ai": "together",
    "api.fireworks.ai": "fireworks", "api.replicate.com": "replicate", "router.huggingface.co": "huggingface",
    "api-inference.huggingface.co": "huggingface", "ollama.com": "ollama",
}
SUFFIXES = {
    ".openai.azure.com": "azure_openai", ".services.ai.azure.com": "azure_openai",
    ".endpoints.huggingface.cloud": "huggingface", ".aiplatform.googleapis.com": "google",
}

# Paths of POST requests and what reads them; a group named `model` is the model.
APIS = [
    (r"/model/(?P<model>[^/]+)/(?P<action>invoke|converse|invoke-with-response-stream|converse-stream)", "bedrock"),
    (r"/openai/deployments/(?P<model>[^/]+)/chat/completions", openai.chat),
    (r"/openai/deployments/(?P<model>[^/]+)/completions", openai.completions),
    (r"/openai/deployments/(?P<model>[^/]+)/embeddings", openai.embeddings),
    (r"/openai/deployments/(?P<model>[^/]+)/images/generations", openai.images),
    (r".*/models/(?P<model>[^/:]+):(?:streamG|g)enerateContent", others.gemini),
    (r".*/messages", "messages"),
    (r"/v1/complete", anthropic.complete),
    (r"/v1/models/(?P<model>[^/]+/[^/]+)/predictions", others.replicate),
    (r"/v1/predictions", others.replicate),
    (r"/v1/threads/[^/]+/runs", "run"),
    (r"/v1/threads/[^/]+/runs/[^/]+/submit_tool_outputs", "run"),
    (r"/endpoints/(?P<model>[^/]+)/invocations", others.text_generation),
    (r"/ml/[^/]+/(?:text/)?generation(?:/text|/text_stream|_stream)?", others.watsonx),
    (r"/v2/chat", others.cohere_v2),
    (r"/v[12]/rerank", others.rerank),
    (r"/api/chat", lambda recording, provider, _: others.ollama(recording, "ollama", "chat")),
    (r"/api/generate", lambda recording, provider, _: others.ollama(recording, "ollama", "generate")),
    (r"/api/embed(?:dings)?", lambda recording, provider, _: others.ollama_embeddings(recording, "ollama", None)),
    (r".*/chat/completions", openai.chat),
    (r".*/completions", openai.completions),
    (r".*/responses", openai.responses),
    (r".*/embeddings", openai.embeddings),
    (r".*/images/generations", openai.images),
]
COHERE = {"/v1/chat": others.cohere_v1, "/v1/generate": others.cohere_generate, "/v1/embed": others.cohere_embed,
          "/v2/embed": others.cohere_embed}


def provider_of(host):
    if host in HOSTS:
        return HOSTS[host]
    if re.fullmatch(r"bedrock-runtime[.-].*\.amazonaws\.com", host):
        return "aws_bedrock"
    return next((name for suffix, name in SUFFIXES.items() if host.endswith(suffix)), "other")


def expected(recording):
    """The call that an exchange is; None where it calls no model."""
    if recording.method != "POST":
        return None
    url = urlsplit(recording.url)
    path, provider = url.path.rstrip("/"), provider_of(url.hostname)
    ask = recording.ask()
    if not isinstance(ask, dict):
        return None
    call = read(recording, provider, url.hostname, path, ask)
    if call is not None:
        call.status = recording.status
        if recording.status >= 400 and not call.failed:
            call.fail(None)
    return call


def read(recording, provider, host, path, ask):
    if provider == "cohere" and path in COHERE:
        return COHERE[path](recording, provider, None)
    if path == "/v1/chat" and "messages" in ask:  # Writer speaks OpenAI's chat there
        return openai.chat(recording, provider, None)
    if path == "/complete" and "prompt" in ask:
        return others.aleph_alpha(recording, provider, None)
    if path == "" and "inputs" in ask:
        return others.text_generation(recording, provider, None)
    for pattern, reader in APIS:
        found = re.fullmatch(pattern, path)
        if not found:
            continue
        model = unquote(found.groupdict().get("model") or "") or None
        if reader == "bedrock":
            return bedrock.bedrock(recording, model, found["action"])
        if reader == "run":
            return others.assistant_run(recording, provider, None) if recording.kind == "text/event-stream" else None
        if reader == "messages":
            # A stored thread's messages have the same last word.
            return anthropic.messages(recording, provider, None) if "model" in ask and "messages" in ask else None
        return reader(recording, provider, model)
    return None
