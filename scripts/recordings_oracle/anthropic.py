"""Anthropic's APIs, wherever they are spoken."""

from .model import Call, error_message, parsed, texts, tool_names, usage
from .wire import sse_json


def messages(recording, provider, model, events=None):
    """`events` are those of the answer's stream, where another framing than SSE carried them."""
    ask = recording.ask()
    call = Call("messages", provider, "chat", model or ask.get("model"))
    call.streaming, call.tools = ask.get("stream"), tool_names(ask.get("tools"))
    if ask.get("system"):
        call.say("system", texts(ask["system"]))
    for message in ask.get("messages", []):
        message_of(call, message)
    if events is None and recording.kind == "text/event-stream":
        events = sse_json(recording.response)
    answer = joined(call, events) if events is not None else recording.answer()
    read(call, answer)
    return call


def message_of(call, message):
    """A tool result is a message of its own; what is left beside results is one too."""
    content = message.get("content")
    if isinstance(content, str):
        return call.say(message.get("role"), content)
    results = [block for block in content if block.get("type") == "tool_result"]
    for block in results:
        call.say("tool", texts(block.get("content")), block.get("tool_use_id"))
    if len(results) < len(content) or not results:
        call.say(message.get("role"), texts(content))
    return None


def read(call, answer):
    if answer.get("type") == "error" or answer.get("error"):
        return call.fail(error_message(answer))
    call.answer_model = answer.get("model")
    call.choices[0] = texts(answer.get("content"), joint="")
    for block in answer.get("content") or []:
        if block.get("type") == "tool_use":
            call.call(block.get("name"), block.get("input"), block.get("id"))
        elif block.get("type", "").endswith("tool_use"):
            call.call(block.get("name"), block.get("input"), block.get("id"), block["type"])
    call.end(0, answer.get("stop_reason"))
    call.usage = counts(answer.get("usage"))
    return None


def counts(given):
    """The input is the sum of what was read anew, read from the cache and written to it."""
    if not given:
        return {}
    parts = [given.get(name) for name in ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")]
    prompt = sum(part or 0 for part in parts) if parts[0] is not None else None
    thinking = (given.get("output_tokens_details") or {}).get("thinking_tokens")
    return usage(prompt, given.get("output_tokens"), None, given.get("cache_read_input_tokens"), thinking)


def joined(call, events):
    """The message that a stream builds."""
    message, blocks = {}, {}
    for event in events:
        kind = event.get("type")
        if kind == "message_start":
            message = event["message"]
        elif kind == "content_block_start":
            blocks[event["index"]] = dict(event["content_block"], parts="")
        elif kind == "content_block_delta":
            delta, block = event["delta"], blocks[event["index"]]
            if delta.get("type") == "text_delta":
                block["text"] = block.get("text", "") + delta["text"]
            elif delta.get("type") == "input_json_delta":
                block["parts"] += delta["partial_json"]
        elif kind == "message_delta":
            message.update(event["delta"])
            # The later usage is cumulative: what it gives replaces what was given at the start.
            late = {name: value for name, value in (event.get("usage") or {}).items() if value is not None}
            message["usage"] = {**(message.get("usage") or {}), **late}
        elif kind == "error":
            call.fail(error_message(event))
    for block in blocks.values():
        if block["parts"]:
            block["input"] = parsed(block["parts"])
    message["content"] = [block for _, block in sorted(blocks.items())]
    return message


def complete(recording, provider, model):
    """The legacy completion: the prompt holds the whole talk and is one user message."""
    ask, answer = recording.ask(), recording.answer()
    call = Call("complete", provider, "completion", model or ask.get("model"))
    call.streaming = ask.get("stream")
    call.say("user", ask.get("prompt"))
    if answer.get("error"):
        call.fail(error_message(answer))
        return call
    call.answer_model = answer.get("model")
    call.choices[0] = answer.get("completion") or ""
    call.end(0, answer.get("stop_reason"))
    return call
