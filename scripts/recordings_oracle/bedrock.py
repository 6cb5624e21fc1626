"""Amazon Bedrock: the model stands in the path, its family says what bodies mean."""

import base64
import json

from . import anthropic, openai
from .model import Call, Either, error_message, texts, tool_names, usage, whole
from .wire import eventstream


def bedrock(recording, model, action):
    """`action` is what stands after the model: invoke, converse, or one of their streams."""
    provider, streamed = "aws_bedrock", action.endswith("-stream")
    if action.startswith("converse"):
        call = converse(recording, provider, model, streamed)
    else:
        call = invoke(recording, provider, model, streamed)
    call.api = "bedrock " + call.api + (" stream" if streamed else "")
    call.streaming = streamed
    counts_of_headers(call, recording)
    if recording.status >= 400:
        call.fail(error_message(recording.answer()))
    return call


def invoke(recording, provider, model, streamed):
    events = inner(recording) if streamed else None
    ask = recording.ask()
    if "anthropic_version" in ask:
        call = anthropic.messages(recording, provider, model, events)
    elif "inputText" in ask:
        call = titan(recording, provider, model, events)
    elif "max_tokens_to_sample" in ask:
        call = anthropic.complete(recording, provider, model)
    elif "messages" in ask:
        call = converse_like(recording, provider, model, events)
    else:
        call = by_prompt(recording, provider, model)
    return call


def inner(recording):
    """The model's own events within a stream of invoke."""
    return [json.loads(base64.b64decode(payload["bytes"])) for headers, payload in eventstream(recording.response)
            if headers.get(":event-type") == "chunk"]


def titan(recording, provider, model, events):
    call = Call("titan", provider, "completion", model)
    call.say("user", recording.ask()["inputText"])
    answer = recording.answer() if events is None else None
    parts = answer["results"] if answer else events
    call.choices[0] = "".join(part.get("outputText") or "" for part in parts)
    for part in parts:
        call.end(0, part.get("completionReason"))
    if answer:
        call.usage = usage(answer.get("inputTextTokenCount"), sum(part.get("tokenCount") or 0 for part in parts))
    else:
        seen = {name: value for part in events for name, value in part.items() if value is not None}
        call.usage = usage(seen.get("inputTextTokenCount"), seen.get("totalOutputTextTokenCount"))
    return call


def by_prompt(recording, provider, model):
    """Families that take a prompt: AI21, Cohere, Llama, and imported models that speak OpenAI's completions."""
    ask, answer = recording.ask(), recording.answer()
    if "choices" in answer:
        return openai.completions(recording, provider, model)
    call = Call("prompt", provider, "completion", model)
    call.say("user", ask["prompt"])
    if "generation" in answer:
        call.choices[0] = answer["generation"]
        call.end(0, answer.get("stop_reason"))
        call.usage = usage(answer.get("prompt_token_count"), answer.get("generation_token_count"))
    elif "generations" in answer:
        for index, one in enumerate(answer["generations"]):
            call.choices[index] = one.get("text") or ""
            call.end(index, one.get("finish_reason"))
    elif "completions" in answer:
        for index, one in enumerate(answer["completions"]):
            call.choices[index] = one["data"]["text"]
            call.end(index, (one.get("finishReason") or {}).get("reason"))
    return call


def converse_like(recording, provider, model, events):
    """Nova's invoke: converse's bodies, its stream's events wrapped one in each chunk."""
    call = Call("nova", provider, "chat", model)
    asked(call, recording.ask())
    if events is None:
        answered(call, recording.answer())
    else:
        answered(call, joined((name, value) for event in events for name, value in event.items()
                              if isinstance(value, dict)))
    return call


def converse(recording, provider, model, streamed):
    call = Call("converse", provider, "chat", model)
    asked(call, recording.ask())
    if streamed:
        answered(call, joined((headers.get(":event-type"), payload) for headers, payload
                              in eventstream(recording.response)))
    elif recording.status < 400:
        answered(call, recording.answer())
    return call


def asked(call, ask):
    tools = (ask.get("toolConfig") or {}).get("tools") or []
    call.tools = tool_names([tool["toolSpec"] for tool in tools if "toolSpec" in tool])
    if ask.get("system"):
        call.say("system", texts([block for block in ask["system"] if "text" in block]))
    for message in ask.get("messages", []):
        said, results = [], 0
        for block in message.get("content") or []:
            if "toolResult" in block:
                result, results = block["toolResult"], results + 1
                call.say("tool", texts([part for part in result.get("content") or [] if "text" in part]),
                         result.get("toolUseId"))
            elif "text" in block:
                said.append(block["text"])
            elif "guardContent" in block:
                said.append(block["guardContent"]["text"]["text"])
        if said or not results:
            call.say(message["role"], "\n".join(said))


def joined(events):
    """The answer that a stream builds."""
    blocks, answer = {}, {}
    for name, event in events:
        if name == "contentBlockStart":
            blocks[event["contentBlockIndex"]] = {"toolUse": dict(event.get("start", {}).get("toolUse", {}), input="")}
        elif name == "contentBlockDelta":
            block, delta = blocks.setdefault(event["contentBlockIndex"], {}), event["delta"]
            if "text" in delta:
                block["text"] = block.get("text", "") + delta["text"]
            if "toolUse" in delta:
                block["toolUse"]["input"] += delta["toolUse"].get("input", "")
        elif name == "messageStop":
            answer["stopReason"] = event.get("stopReason")
        elif name == "metadata":
            answer["usage"] = event.get("usage")
    answer["output"] = {"message": {"content": [block for _, block in sorted(blocks.items())]}}
    return answer


def answered(call, answer):
    content = answer["output"]["message"]["content"]
    call.choices[0] = "".join(block.get("text") or "" for block in content)
    for block in content:
        use = block.get("toolUse")
        if use:
            call.call(use.get("name"), use.get("input"), use.get("toolUseId"))
    call.end(0, answer.get("stopReason"))
    counts = answer.get("usage")
    if counts:
        def given(*names):
            return next((whole(counts[name]) for name in names if name in counts), None)

        read = given("cacheReadInputTokens", "cacheReadInputTokenCount")
        wrote = given("cacheWriteInputTokens", "cacheWriteInputTokenCount")
        fresh, out = given("inputTokens"), given("outputTokens")
        prompt = fresh + (read or 0) + (wrote or 0) if fresh is not None else None
        call.usage = usage(prompt, out, None, read)
        if "totalTokens" in counts:
            call.usage["total_tokens"] = Either(given("totalTokens"), (prompt or 0) + (out or 0))


def counts_of_headers(call, recording):
    """What the body does not give may be taken from the headers, or left out."""
    def header(name):
        return recording.answered.get(f"x-amzn-bedrock-{name}-token-count")

    inputs = [header(name) for name in ("input", "cache-read-input", "cache-write-input")]
    told = {"prompt_tokens": sum(int(count or 0) for count in inputs) if inputs[0] else None,
            "completion_tokens": int(header("output")) if header("output") else None,
            "cached_tokens": int(inputs[1]) if inputs[1] else None}
    call.usage = call.usage or usage()
    for name, count in told.items():
        if call.usage[name] is None and count is not None:
            call.usage[name] = Either(None, count)
    if call.usage["total_tokens"] is None:
        sums = [told["prompt_tokens"], told["completion_tokens"]]
        call.usage["total_tokens"] = Either(None, sum(sums)) if None not in sums else None
