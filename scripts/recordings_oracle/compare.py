"""Holds the events of an exchange to the call that it is."""

from .model import ANY, Either


class Disagreement:
    def __init__(self, field, expected, found):
        self.field, self.expected, self.found = field, expected, found


def of_exchange(call, events):
    """All that the events say otherwise than `call`, which is None where no model is called."""
    asked = [event for event in events if event["event_type"] == "ai.request"]
    answered = [event for event in events if event["event_type"] == "ai.response"]
    if call is None:
        # Files, lists and the like of a provider may be told of as `other`.
        kinds = [event["data"]["request_type"] for event in asked if event["data"]["request_type"] != "other"]
        return [Disagreement("no AI event", "none", kinds)] if kinds else []
    if call.optional and not asked and not answered:
        return []
    if (len(asked), len(answered)) != (1, 1):
        found = f"{len(asked)} requests, {len(answered)} answers"
        return [Disagreement("ai.request and ai.response", "one of each", found)]
    ask, answer = asked[0]["data"], answered[0]["data"]
    rows = request_rows(call, ask) + response_rows(call, answer, answered[0].get("attrs", {}))
    rows.append(("response.request_id", ask["request_id"], answer["request_id"]))
    tools = [event["data"] for event in events if event["event_type"] == "agent.tool_call"]
    rows.append(("agent.tool_call", client_tools(call), [(tool.get("call_id"), tool["tool"]["name"], tool.get("arguments")) for tool in tools]))
    return [Disagreement(*row) for row in rows if not same(row[1], row[2])]


def client_tools(call):
    """Arguments that are no object have no place in the event."""
    return [(call_id, name, arguments if isinstance(arguments, dict) else None)
            for call_id, name, kind, arguments in call.tool_calls if kind == "function"]


def request_rows(call, data):
    messages = [(message["role"], message.get("content") or "", message.get("tool_call_id"))
                for message in data.get("messages") or []]
    expected = call.messages
    if call.loose_messages:
        expected, messages = (spoken(some) for some in (expected, messages))
    return [
        ("request.provider", call.provider, data["provider"]["name"]),
        ("request.model", call.model, (data.get("model") or {}).get("id")),
        ("request.request_type", call.kind, data["request_type"]),
        ("request.streaming", bool(call.streaming), bool(data.get("streaming"))),
        ("request.messages", ANY if expected is None else expected, messages),
        ("request.tools", call.tools, [tool["name"] for tool in data.get("tools") or []]),
        ("request.tools_count", len(call.tools), data.get("tools_count") or 0),
        ("request.messages_count", len(data.get("messages") or []), data.get("messages_count") or 0),
        ("request.has_system_prompt", any(role == "system" for role, _, _ in messages),
         bool(data.get("has_system_prompt"))),
        ("request.content_length", lengths(data.get("messages")), told_lengths(data.get("messages"))),
    ]


def lengths(messages):
    return [len(message.get("content") or "") for message in messages or []]


def told_lengths(messages):
    return [message.get("content_length") or 0 for message in messages or []]


def spoken(messages):
    """Without the assistant's messages that hold no text: how tool calls are put into messages is open."""
    return [message for message in messages if message[0] != "assistant" or message[1]]


def response_rows(call, data, attrs):
    rows = [
        ("response.provider", call.provider, data["provider"]["name"]),
        ("response.model", call.answer_model or call.model, (data.get("model") or {}).get("id")),
        ("response.status_code", call.status, data.get("status_code")),
        ("response.success", not call.failed, data.get("success")),
        ("response.error.message", ANY if call.failed and call.error is None else call.error,
         (data.get("error") or {}).get("message")),
    ]
    if call.choices is ANY:
        return rows
    choices = data.get("choices") or []
    texts = {choice["index"]: choice["message"].get("content") or "" for choice in choices}
    finish = {choice["index"]: choice.get("finish_reason") for choice in choices}
    rows += [
        ("response.text", filled(call.choices), filled(texts)),
        ("response.finish_reason", finish_of(call), {index: reason for index, reason in finish.items() if reason}),
        ("response.first_finish_reason", first_finish(call), data.get("finish_reason")),
        ("response.raw_finish_reason", [raw for _, raw in sorted(call.raw_finish.items())],
         attrs.get("gen_ai.response.finish_reasons") or []),
        ("response.tool_calls", [tuple(expected) for expected in call.tool_calls],
         [(made.get("id"), made["name"], made["type"], made["arguments"]) for made in data.get("tool_calls") or []]),
        ("response.tool_calls_count", len(data.get("tool_calls") or []), data.get("tool_calls_count") or 0),
    ]
    return rows + usage_rows(call.usage, data.get("usage") or {})


def usage_rows(expected, found):
    if expected is ANY:
        return []
    # What a call costs is the price data's word, not the wire's.
    found = {name: count for name, count in found.items() if not name.endswith("_cost_usd")}
    if "completion_tokens" not in expected and found.get("total_tokens") == expected.get("prompt_tokens"):
        # Where there is no output, the input is the total.
        expected = {"total_tokens": found.get("total_tokens"), **expected}
    names = sorted({*expected, *found})
    return [(f"usage.{name}", expected.get(name), found.get(name)) for name in names]


def filled(texts):
    return {index: text for index, text in texts.items() if text}


def finish_of(call):
    """An answer that ended normally and asks the client to run something ended for that."""
    asks = call.asks_for_tools()
    return {index: "tool_calls" if asks and reason == "stop" else reason
            for index, reason in call.finish.items() if reason is not None}


def first_finish(call):
    """That of the answer; one that is an error and names none may be said to end with an error."""
    named = finish_of(call).get(0)
    return Either(None, "error") if call.failed and named is None else named


def same(expected, found):
    if expected is ANY:
        return True
    if isinstance(expected, Either):
        return any(same(value, found) for value in expected.values)
    if isinstance(expected, dict) and isinstance(found, dict):
        return all(same(expected.get(key), found.get(key)) for key in {*expected, *found})
    if isinstance(expected, (list, tuple)) and isinstance(found, (list, tuple)):
        return len(expected) == len(found) and all(map(same, expected, found))
    return expected == found
