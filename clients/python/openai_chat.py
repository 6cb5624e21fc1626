"""The OpenAI SDK, synchronous: plain, streamed, and with tools in two turns."""

import time

import common
import openai

TOOLS = [{
    "type": "function",
    "function": {"name": common.TOOL, "description": common.TOOL_ABOUT, "parameters": common.TOOL_SCHEMA},
}]


def main():
    args = common.options(["plain", "stream", "tools", "stream-tools"], "gpt-4o-mini", __doc__)
    client = openai.OpenAI(api_key=args.key, base_url=args.base_url, max_retries=0)
    for call in range(args.calls):
        messages = [{"role": "user", "content": common.prompt(args, call)}]
        if args.mode.endswith("tools"):
            first = ask(client, args, call, messages, tools=TOOLS)
            messages += [assistant(first), *results(first)]
        ask(client, args, call, messages)


def ask(client, args, call, messages, **more):
    """One turn. What was seen before an error is reported with it."""
    began, seen = time.monotonic(), {"text": "", "tool_calls": []}
    send = streamed if args.mode.startswith("stream") else plain
    try:
        send(seen, client, {"model": args.model, "messages": messages, **more})
    except openai.APIError as error:
        seen["error"] = {"status": getattr(error, "status_code", None), "message": str(error)}
    common.report(args.mode, call, began, **seen)
    return seen


def plain(seen, client, body):
    completion = client.chat.completions.create(**body)
    choice = completion.choices[0]
    calls = [(call.id, call.function.name, call.function.arguments) for call in choice.message.tool_calls or ()]
    seen.update(text=choice.message.content or "", tool_calls=calls, finish=choice.finish_reason)
    seen.update(usage=common.openai_usage(completion.usage), model=completion.model)


def streamed(seen, client, body):
    calls = {}
    for chunk in client.chat.completions.create(**body, stream=True, stream_options={"include_usage": True}):
        common.add_chunk(seen, chunk)
        for choice in chunk.choices:
            for part in choice.delta.tool_calls or ():
                call = calls.setdefault(part.index, ["", "", ""])
                call[0] += part.id or ""
                call[1] += part.function.name or ""
                call[2] += part.function.arguments or ""
        seen["tool_calls"] = [tuple(calls[index]) for index in sorted(calls)]


def assistant(answer):
    calls = [
        {"id": i, "type": "function", "function": {"name": name, "arguments": arguments}}
        for i, name, arguments in answer["tool_calls"]
    ]
    return {"role": "assistant", "content": answer["text"] or None, **({"tool_calls": calls} if calls else {})}


def results(answer):
    return [{"role": "tool", "tool_call_id": i, "content": common.TOOL_RESULT} for i, _, _ in answer["tool_calls"]]


main()
