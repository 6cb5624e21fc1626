"""The Ollama SDK: plain, streamed as lines of JSON, and with tools in two turns."""

import json
import time

import common
import ollama

TOOLS = [{
    "type": "function",
    "function": {"name": common.TOOL, "description": common.TOOL_ABOUT, "parameters": common.TOOL_SCHEMA},
}]


def main():
    args = common.options(["plain", "stream", "tools", "stream-tools"], "llama3.2", __doc__)
    client = ollama.Client(host=args.base_url)
    for call in range(args.calls):
        messages = [{"role": "user", "content": common.prompt(args, call)}]
        if args.mode.endswith("tools"):
            first = ask(client, args, call, messages, tools=TOOLS)
            asked = [{"function": {"name": name, "arguments": json.loads(words)}} for _, name, words in first["tool_calls"]]
            messages.append({"role": "assistant", "content": first["text"], "tool_calls": asked})
            messages += [
                {"role": "tool", "tool_name": each["function"]["name"], "content": common.TOOL_RESULT} for each in asked
            ]
        ask(client, args, call, messages)


def ask(client, args, call, messages, **more):
    """One turn. What was seen before an error is reported with it."""
    began, seen = time.monotonic(), {"text": "", "tool_calls": []}
    stream = args.mode.startswith("stream")
    try:
        answer = client.chat(model=args.model, messages=messages, stream=stream, **more)
        for part in answer if stream else [answer]:
            add(seen, part)
    except ollama.ResponseError as error:
        seen["error"] = {"status": error.status_code, "message": error.error}
    common.report(args.mode, call, began, **seen)
    return seen


def add(seen, part):
    seen["model"] = part.model
    seen["text"] += part.message.content or ""
    for call in part.message.tool_calls or ():
        # The SDK keeps no id of a call.
        arguments = json.dumps(dict(call.function.arguments), ensure_ascii=False)
        seen["tool_calls"].append((None, call.function.name, arguments))
    if part.done:
        seen["finish"] = part.done_reason
        seen["usage"] = {"input": part.prompt_eval_count, "output": part.eval_count}


main()
