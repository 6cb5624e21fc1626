"""An agent as people write them: the model asks for tools, the program runs them
and says what came of it, until the model has no more wishes; then the next task
of the same conversation. It talks like `openai_chat.py`, and runs real programs."""

import json
import subprocess
import time

import common
import openai

SYSTEM = "You are an agent. Use your tools. Grüße 🌤️"
TOOL_SECONDS = "0.05"
TOOLS = [
    {"type": "function", "function": {"name": name, "description": common.TOOL_ABOUT, "parameters": common.TOOL_SCHEMA}}
    for name in (common.TOOL, "lookup")
]


def main():
    args = common.options(["plain", "stream"], "gpt-4o-mini", __doc__)
    client = openai.OpenAI(api_key=args.key, base_url=args.base_url, max_retries=0)
    messages = [{"role": "system", "content": SYSTEM}]
    for task in range(args.calls):
        messages.append({"role": "user", "content": common.prompt(args, task)})
        while calls := turn(client, args, task, messages):
            messages += [run_tool(call) for call in calls]


def turn(client, args, task, messages):
    """One turn of the model; gives the calls of tools that it asks for."""
    began = time.monotonic()
    body = {"model": args.model, "messages": messages, "tools": TOOLS}
    if args.mode == "stream":
        with client.chat.completions.stream(**body, stream_options={"include_usage": True}) as stream:
            completion = stream.get_final_completion()
    else:
        completion = client.chat.completions.create(**body)
    message, finish = completion.choices[0].message, completion.choices[0].finish_reason
    calls = message.tool_calls or []
    asked = [{"id": c.id, "type": "function", "function": {"name": c.function.name, "arguments": c.function.arguments}} for c in calls]
    messages.append({"role": "assistant", "content": message.content, **({"tool_calls": asked} if asked else {})})
    told = [(c.id, c.function.name, c.function.arguments) for c in calls]
    usage = common.openai_usage(completion.usage)
    common.report(args.mode, task, began, message.content or "", told, usage, finish, completion.model)
    return calls


def run_tool(call):
    arguments = json.loads(call.function.arguments)
    # The tool takes its time, as tools do.
    subprocess.run(["sleep", TOOL_SECONDS], check=True)
    result = json.dumps({"tool": call.function.name, "city": arguments["city"], "sky": "clear"}, ensure_ascii=False)
    return {"role": "tool", "tool_call_id": call.id, "content": result}


main()
