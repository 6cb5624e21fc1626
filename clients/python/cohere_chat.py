"""The Cohere SDK, version 2 of the API: plain, streamed, and with tools in two
turns."""

import time

import cohere
import common
from cohere.core.api_error import ApiError

TOOLS = [{
    "type": "function",
    "function": {"name": common.TOOL, "description": common.TOOL_ABOUT, "parameters": common.TOOL_SCHEMA},
}]


def main():
    args = common.options(["plain", "stream", "tools", "stream-tools"], "command-a-03-2025", __doc__)
    client = cohere.ClientV2(api_key=args.key, base_url=args.base_url)
    for call in range(args.calls):
        messages = [{"role": "user", "content": common.prompt(args, call)}]
        if args.mode.endswith("tools"):
            first = ask(client, args, call, messages, tools=TOOLS)
            messages += [assistant(first), *results(first)]
        ask(client, args, call, messages)


def ask(client, args, call, messages, **more):
    """One turn. What was seen before an error is reported with it."""
    began, seen = time.monotonic(), {"text": "", "tool_calls": [], "plan": ""}
    body = {"model": args.model, "messages": messages, **more}
    try:
        if args.mode.startswith("stream"):
            streamed(seen, client.chat_stream(**body))
        else:
            plain(seen, client.chat(**body, request_options={"max_retries": 0}))
    except ApiError as error:
        seen["error"] = {"status": error.status_code, "message": str(error.body)}
    told = {key: value for key, value in seen.items() if key != "plan"}
    common.report(args.mode, call, began, **told)
    return seen


def plain(seen, answer):
    message = answer.message
    seen["text"] = "".join(part.text for part in message.content or () if part.type == "text")
    seen["tool_calls"] = [(call.id, call.function.name, call.function.arguments) for call in message.tool_calls or ()]
    seen.update(plan=message.tool_plan or "", finish=answer.finish_reason, usage=used(answer.usage))


def streamed(seen, events):
    calls = []
    for event in events:
        if event.type == "content-delta":
            seen["text"] += event.delta.message.content.text or ""
        elif event.type == "tool-plan-delta":
            seen["plan"] += event.delta.message.tool_plan
        elif event.type == "tool-call-start":
            call = event.delta.message.tool_calls
            calls.append([call.id, call.function.name, call.function.arguments or ""])
        elif event.type == "tool-call-delta":
            calls[event.index][2] += event.delta.message.tool_calls.function.arguments
        elif event.type == "message-end":
            seen["finish"] = event.delta.finish_reason
            if event.delta.error:
                seen["error"] = {"status": None, "message": event.delta.error}
            if event.delta.usage:
                seen["usage"] = used(event.delta.usage)
    seen["tool_calls"] = [tuple(call) for call in calls]


def used(usage):
    billed = usage.billed_units
    return {"input": int(billed.input_tokens), "output": int(billed.output_tokens)}


def assistant(seen):
    calls = [
        {"id": i, "type": "function", "function": {"name": name, "arguments": arguments}}
        for i, name, arguments in seen["tool_calls"]
    ]
    return {"role": "assistant", "tool_plan": seen["plan"], "tool_calls": calls}


def results(seen):
    return [{"role": "tool", "tool_call_id": i, "content": common.TOOL_RESULT} for i, _, _ in seen["tool_calls"]]


main()
