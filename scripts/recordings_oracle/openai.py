"""OpenAI's APIs and those that speak them."""

from .model import ANY, Call, Either, error_message, texts, tool_names, usage, whole
from .wire import sse_json


def tools_of(ask):
    return tool_names(ask.get("tools") or ask.get("functions"))


def chat(recording, provider, model):
    ask = recording.ask()
    call = Call("chat completions", provider, "chat", model or ask.get("model"))
    call.streaming, call.tools = ask.get("stream"), tools_of(ask)
    for message in ask.get("messages", []):
        call.say(message.get("role"), texts(message.get("content")), message.get("tool_call_id"))
    if recording.kind == "text/event-stream":
        chat_stream(call, sse_json(recording.response))
    else:
        chat_answer(call, recording.answer())
    return call


def chat_answer(call, answer):
    if answer.get("error"):
        call.fail(error_message(answer))
    call.answer_model = answer.get("model")
    for place, choice in enumerate(answer.get("choices") or []):
        index, message = choice.get("index", place), choice.get("message") or {}
        call.choices[index] = texts(message.get("content"))
        call.end(index, choice.get("finish_reason"))
        if message.get("refusal"):
            call.finish[index] = "content_filter"
        chat_calls(call, message.get("tool_calls") or [], message.get("function_call"))
    call.usage = chat_usage(answer.get("usage"))


def chat_calls(call, calls, legacy):
    for made in calls:
        function = made.get("function") or {}
        call.call(function.get("name"), function.get("arguments"), made.get("id"))
    if legacy:
        call.call(legacy.get("name"), legacy.get("arguments"))


def chat_stream(call, chunks):
    """Deltas joined by the choice's and the call's index."""
    made, legacy, counts, refused = {}, {}, None, set()
    for chunk in chunks:
        if chunk.get("error"):
            call.fail(error_message(chunk))
        call.answer_model = call.answer_model or chunk.get("model") or None
        counts = chunk.get("usage") or (chunk.get("x_groq") or {}).get("usage") or counts
        for choice in chunk.get("choices") or []:
            index, delta = choice.get("index", 0), choice.get("delta") or {}
            call.choices[index] = call.choices.get(index, "") + texts(delta.get("content"), joint="")
            call.end(index, choice.get("finish_reason"))
            if delta.get("refusal"):
                refused.add(index)
            for part in delta.get("tool_calls") or []:
                slot = made.setdefault((index, part.get("index", 0)), {"id": None, "name": "", "arguments": ""})
                slot["id"] = slot["id"] or part.get("id")
                join(slot, part.get("function") or {})
            if delta.get("function_call"):
                join(legacy.setdefault(index, {"name": "", "arguments": ""}), delta["function_call"])
    for _, slot in sorted(made.items()):
        call.call(slot["name"], slot["arguments"], slot["id"])
    for _, slot in sorted(legacy.items()):
        call.call(slot["name"], slot["arguments"])
    for index in refused:
        call.finish[index] = "content_filter"
    call.usage = chat_usage(counts)


def join(slot, function):
    slot["name"] += function.get("name") or ""
    slot["arguments"] += function.get("arguments") or ""


def chat_usage(counts):
    if not counts:
        return {}
    prompt, completion = counts.get("prompt_tokens_details") or {}, counts.get("completion_tokens_details") or {}
    cached = prompt.get("cached_tokens", counts.get("prompt_cache_hit_tokens", counts.get("num_cached_tokens")))
    found = usage(counts.get("prompt_tokens"), counts.get("completion_tokens"), counts.get("total_tokens"),
                  cached, completion.get("reasoning_tokens"))
    # Writer and Mistral write the details' names in the singular.
    odd = {"cached_tokens": (counts.get("prompt_token_details") or {}).get("cached_tokens"),
           "reasoning_tokens": (counts.get("completion_token_details") or {}).get("reasoning_tokens")}
    for name, value in odd.items():
        if found[name] is None and value is not None:
            found[name] = Either(whole(value), None)
    return found


def completions(recording, provider, model):
    ask = recording.ask()
    call = Call("legacy completions", provider, "completion", model or ask.get("model"))
    call.streaming = ask.get("stream")
    prompts(call, ask.get("prompt"))
    streamed = recording.kind == "text/event-stream"
    for chunk in sse_json(recording.response) if streamed else [recording.answer()]:
        completions_part(call, chunk)
    return call


def prompts(call, prompt):
    """A prompt is a user's message; a list of strings one of each; token numbers are no text."""
    for text in [prompt] if isinstance(prompt, str) else prompt or []:
        if isinstance(text, str):
            call.say("user", text)


def completions_part(call, part):
    """A whole answer, or a chunk of one."""
    if part.get("error"):
        call.fail(error_message(part))
    call.answer_model = call.answer_model or part.get("model")
    if isinstance(part.get("value"), str):  # Writer's stream
        call.choices[0] = call.choices.get(0, "") + part["value"]
    for place, choice in enumerate(part.get("choices") or []):
        index = choice.get("index", place)
        call.choices[index] = call.choices.get(index, "") + (choice.get("text") or "")
        call.end(index, choice.get("finish_reason"))
    if part.get("usage"):
        call.usage = chat_usage(part["usage"])


def responses(recording, provider, model):
    ask = recording.ask()
    call = Call("responses", provider, "chat", model or ask.get("model"))
    call.streaming, call.tools, call.loose_messages = ask.get("stream"), tools_of(ask), True
    if ask.get("instructions"):
        call.say("system", ask["instructions"])
    given = ask.get("input")
    for item in [{"role": "user", "content": given}] if isinstance(given, str) else given or []:
        if item.get("type") == "function_call_output":
            call.say("tool", texts(item.get("output")), item.get("call_id"))
        elif item.get("role"):
            call.say(item["role"], texts(item.get("content")))
    if recording.kind == "text/event-stream":
        ends = [event for event in sse_json(recording.response) if event.get("type") in
                ("response.completed", "response.failed", "response.incomplete")]
        responses_answer(call, ends[-1]["response"])
    else:
        responses_answer(call, recording.answer())
    return call


def responses_answer(call, answer):
    if answer.get("error"):
        call.fail(error_message(answer))
    call.answer_model = answer.get("model")
    refused = False
    for item in answer.get("output") or []:
        if item.get("type") == "message":
            call.choices[0] = call.choices.get(0, "") + texts(item.get("content"), joint="")
            refused |= any(part.get("type") == "refusal" for part in item.get("content") or [])
        elif item.get("type") == "function_call":
            call.call(item.get("name"), item.get("arguments"), item.get("call_id"))
        elif item.get("type", "").endswith("_call"):
            call.tool_calls.append((item.get("id"), ANY, item["type"], ANY))
    reason = (answer.get("incomplete_details") or {}).get("reason")
    call.end(0, reason or answer.get("status"))
    # The wire has no finish reason: the status stands for it, or the reason of being incomplete.
    call.raw_finish[0] = Either(answer.get("status"), reason)
    if refused:
        call.finish[0] = "content_filter"
    counts = answer.get("usage")
    if counts:
        call.usage = usage(counts.get("input_tokens"), counts.get("output_tokens"), counts.get("total_tokens"),
                           (counts.get("input_tokens_details") or {}).get("cached_tokens"),
                           (counts.get("output_tokens_details") or {}).get("reasoning_tokens"))


def embeddings(recording, provider, model):
    ask, answer = recording.ask(), recording.answer()
    call = Call("embeddings", provider, "embedding", model or ask.get("model"))
    call.messages = None
    if answer.get("error"):
        call.fail(error_message(answer))
    call.answer_model, call.usage = answer.get("model"), chat_usage(answer.get("usage"))
    if call.usage and call.usage["prompt_tokens"] is None:  # Voyage gives the total only
        call.usage["prompt_tokens"] = Either(None, call.usage["total_tokens"])
    return call


def images(recording, provider, model):
    ask, answer = recording.ask(), recording.answer()
    call = Call("images", provider, "image", model or ask.get("model"))
    prompts(call, ask.get("prompt"))
    if answer.get("error"):
        call.fail(error_message(answer))
    call.answer_model, counts = answer.get("model"), answer.get("usage")
    if counts:
        call.usage = usage(counts.get("input_tokens"), counts.get("output_tokens"), counts.get("total_tokens"))
    return call
