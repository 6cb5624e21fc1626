"""The APIs that are neither OpenAI's nor Anthropic's nor Bedrock's."""

from .model import ANY, Call, Either, error_message, texts, tool_names, usage
from .wire import lines, sse_json


def gemini(recording, provider, model):
    ask, answer = recording.ask(), recording.answer()
    call = Call("generateContent", provider, "chat", model)
    call.loose_messages = True
    declared = [tool.get("functionDeclarations") or [tool] for tool in ask.get("tools") or []]
    call.tools = tool_names([one for some in declared for one in some])
    system = ask.get("systemInstruction") or ask.get("system_instruction")
    if system:
        call.say("system", texts(system.get("parts")))
    for content in ask.get("contents", []):
        call.say(content.get("role", "user"), texts([part for part in content["parts"] if "text" in part and not part.get("thought")]))
    call.streaming = "streamGenerateContent" in recording.url
    chunks = answer if isinstance(answer, list) else sse_json(recording.response) if call.streaming else [answer]
    for chunk in chunks:
        gemini_part(call, chunk)
    return call


def gemini_part(call, chunk):
    if chunk.get("error"):
        call.fail(error_message(chunk))
    call.answer_model = chunk.get("modelVersion") or call.answer_model
    for candidate in chunk.get("candidates") or []:
        index, parts = candidate.get("index", 0), (candidate.get("content") or {}).get("parts") or []
        said = "".join(part.get("text") or "" for part in parts if not part.get("thought"))
        call.choices[index] = call.choices.get(index, "") + said
        for part in parts:
            if "functionCall" in part:
                made = part["functionCall"]
                call.call(made.get("name"), made.get("args"), made.get("id"))
        call.end(index, candidate.get("finishReason"))
    counts = chunk.get("usageMetadata")
    if counts:
        thoughts, said = counts.get("thoughtsTokenCount"), counts.get("candidatesTokenCount")
        out = None if thoughts is None and said is None else (thoughts or 0) + (said or 0)
        prompt = counts.get("promptTokenCount")
        prompt = prompt if prompt is None else prompt + (counts.get("toolUsePromptTokenCount") or 0)
        call.usage = usage(prompt, out, counts.get("totalTokenCount"), counts.get("cachedContentTokenCount"), thoughts)


def billed(counts):
    """Cohere's billed units; `tokens` counts what the caller did not write too."""
    if not counts:
        return {}
    units = counts.get("billed_units") or {}
    if not any(name in units for name in ("input_tokens", "output_tokens")):
        return {}
    return usage(units.get("input_tokens"), units.get("output_tokens"), None, counts.get("cached_tokens"))


def cohere_v1(recording, provider, _):
    ask = recording.ask()
    call = Call("cohere v1 chat", provider, "chat", ask.get("model"))
    call.streaming, call.tools = ask.get("stream"), tool_names(ask.get("tools"))
    if ask.get("preamble"):
        call.say("system", ask["preamble"])
    for turn in ask.get("chat_history") or []:
        call.say(turn.get("role", "").upper(), turn.get("message"))
    if ask.get("message"):
        call.say("user", ask["message"])
    if recording.status >= 400:
        call.fail(error_message(recording.answer()))
        return call
    events = lines(recording.response) if ask.get("stream") else []
    if recording.kind == "text/event-stream":
        events = sse_json(recording.response)
    ends = [event for event in events if event.get("event_type") == "stream-end"]
    answer = ends[-1]["response"] if ends else recording.answer()
    call.choices[0] = answer.get("text") or ""
    for made in answer.get("tool_calls") or []:
        call.call(made.get("name"), made.get("parameters"), made.get("id"))
    call.end(0, answer.get("finish_reason") or (ends[-1].get("finish_reason") if ends else None))
    call.usage = billed(answer.get("meta"))
    return call


def cohere_v2(recording, provider, _):
    ask = recording.ask()
    call = Call("cohere v2 chat", provider, "chat", ask.get("model"))
    call.streaming, call.tools = ask.get("stream"), tool_names(ask.get("tools"))
    for message in ask.get("messages", []):
        call.say(message.get("role"), texts(message.get("content")), message.get("tool_call_id"))
    if recording.status >= 400:
        call.fail(error_message(recording.answer()))
    elif recording.kind == "text/event-stream":
        cohere_v2_stream(call, sse_json(recording.response))
    else:
        answer = recording.answer()
        call.choices[0] = texts(answer["message"].get("content"), joint="")
        for made in answer["message"].get("tool_calls") or []:
            call.call(made["function"]["name"], made["function"]["arguments"], made.get("id"))
        call.end(0, answer.get("finish_reason"))
        call.usage = billed(answer.get("usage"))
    return call


def cohere_v2_stream(call, events):
    made = {}
    call.choices[0] = ""
    for event in events:
        kind, delta = event.get("type"), event.get("delta") or {}
        message = delta.get("message") or {}
        if kind in ("content-start", "content-delta"):
            call.choices[0] += (message.get("content") or {}).get("text") or ""
        elif kind == "tool-call-start":
            made[event["index"]] = dict(message["tool_calls"])
            made[event["index"]]["function"] = dict(made[event["index"]]["function"])
        elif kind == "tool-call-delta":
            function = made[event["index"]]["function"]
            function["arguments"] = (function.get("arguments") or "") + message["tool_calls"]["function"]["arguments"]
        elif kind == "message-end":
            call.end(0, delta.get("finish_reason"))
            call.usage = billed(delta.get("usage"))
    for _, tool in sorted(made.items()):
        call.call(tool["function"]["name"], tool["function"].get("arguments"), tool.get("id"))


def cohere_generate(recording, provider, _):
    ask, answer = recording.ask(), recording.answer()
    call = Call("cohere generate", provider, "completion", ask.get("model"))
    call.streaming = ask.get("stream")
    call.say("user", ask.get("prompt"))
    for index, one in enumerate(answer.get("generations") or []):
        call.choices[index] = one.get("text") or ""
        call.end(index, one.get("finish_reason"))
    call.usage = billed(answer.get("meta"))
    return call


def cohere_embed(recording, provider, _):
    call = Call("cohere embed", provider, "embedding", recording.ask().get("model"))
    call.messages, call.usage = None, billed(recording.answer().get("meta"))
    return call


def rerank(recording, provider, _):
    """Neither messages nor choices of a ranking are held to anything."""
    ask, answer = recording.ask(), recording.answer()
    call = Call("rerank", provider, "other", ask.get("model"))
    call.messages, call.answer_model, call.choices = None, answer.get("model"), ANY
    total = (answer.get("usage") or {}).get("total_tokens")
    if total is not None:
        call.usage = dict(usage(total=total), prompt_tokens=Either(None, total))
    return call


def ollama(recording, provider, kind):
    ask = recording.ask()
    call = Call("ollama " + kind, provider, "chat" if kind == "chat" else "completion", ask.get("model"))
    # Ollama streams unless it is told not to.
    call.streaming, call.tools = ask.get("stream", True), tool_names(ask.get("tools"))
    for message in ask.get("messages") or []:
        call.say(message.get("role"), message.get("content"), message.get("tool_call_id"))
    if kind == "generate":
        if ask.get("system"):
            call.say("system", ask["system"])
        call.say("user", ask.get("prompt"))
    call.choices[0] = ""
    for part in lines(recording.response):
        if part.get("error"):
            call.fail(error_message(part))
        message = part.get("message") or {}
        call.answer_model = part.get("model") or call.answer_model
        call.choices[0] += (part.get("response") or "") + (message.get("content") or "")
        for made in message.get("tool_calls") or []:
            call.call(made["function"]["name"], made["function"]["arguments"], made.get("id"))
        if part.get("done"):
            call.end(0, part.get("done_reason"))
            if "done_reason" not in part:  # older servers say only that it is done
                call.finish[0] = Either(None, "stop")
            call.usage = usage(part.get("prompt_eval_count"), part.get("eval_count"))
    return call


def ollama_embeddings(recording, provider, _):
    call = Call("ollama embeddings", provider, "embedding", recording.ask().get("model"))
    call.messages = None
    answer = recording.answer()
    call.usage = usage(answer.get("prompt_eval_count")) if "prompt_eval_count" in answer else {}
    return call


def watsonx(recording, provider, _):
    ask = recording.ask()
    call = Call("watsonx generation", provider, "completion", ask.get("model_id"))
    call.streaming = "stream" in recording.url
    call.say("user", ask.get("input"))
    parts = sse_json(recording.response) if call.streaming else [recording.answer()]
    prompt, out = None, None
    call.choices[0] = ""
    for part in parts:
        call.answer_model = part.get("model_id") or call.answer_model
        for result in part.get("results") or []:
            call.choices[0] += result.get("generated_text") or ""
            if result.get("stop_reason") != "not_finished":
                call.end(0, result.get("stop_reason"))
            # The prompt is counted in the first event only; what is generated, up to then.
            prompt = max(prompt or 0, result.get("input_token_count") or 0)
            out = result.get("generated_token_count", out)
    call.usage = usage(prompt, out)
    return call


def aleph_alpha(recording, provider, _):
    ask, answer = recording.ask(), recording.answer()
    call = Call("aleph alpha complete", provider, "completion", ask.get("model"))
    prompt = ask.get("prompt")
    call.say("user", prompt if isinstance(prompt, str) else "\n".join(part["data"] for part in prompt if part["type"] == "text"))
    for index, one in enumerate(answer.get("completions") or []):
        call.choices[index] = one.get("completion") or ""
        call.end(index, one.get("finish_reason"))
    call.answer_model = Either(ask.get("model"), answer.get("model_version"))
    call.usage = usage(answer.get("num_tokens_prompt_total"), answer.get("num_tokens_generated"))
    return call


def text_generation(recording, provider, model):
    """Hugging Face's text generation, at its own endpoints and behind SageMaker."""
    ask, answer = recording.ask(), recording.answer()
    call = Call("text generation", provider, "completion", Either(None, model) if model else None)
    call.streaming = ask.get("stream")
    call.say("user", ask.get("inputs"))
    call.answer_model = call.model
    for index, one in enumerate(answer if isinstance(answer, list) else [answer]):
        details = one.get("details") or {}
        call.choices[index] = one.get("generated_text") or ""
        call.end(index, details.get("finish_reason"))
        if "generated_tokens" in details:
            call.usage = usage(None, details["generated_tokens"])
    return call


def replicate(recording, provider, model):
    """A prediction is asked for; what it says comes with later requests."""
    ask, answer = recording.ask(), recording.answer()
    version = ask.get("version")
    call = Call("replicate predictions", provider, Either("other", "chat", "completion", "image"),
                model or Either(None, version))
    call.streaming = ask.get("stream")
    call.say("user", (ask.get("input") or {}).get("prompt"))
    call.answer_model, call.choices = answer.get("model"), ANY
    return call


def assistant_run(recording, provider, _):
    """A run on a stored thread whose answer comes as a stream: a call to a model, but of an API that may be left out."""
    call = Call("assistants run", provider, Either("chat", "other"), Either(None, recording.ask().get("model")))
    call.optional, call.messages, call.choices, call.usage = True, None, ANY, ANY
    call.streaming, call.answer_model = True, ANY
    return call
