"""The Anthropic SDK: plain, streamed, asynchronous, and with tools in two turns."""

import asyncio
import json
import time

import anthropic
import common

TOOLS = [{"name": common.TOOL, "description": common.TOOL_ABOUT, "input_schema": common.TOOL_SCHEMA}]
MODES = ["plain", "stream", "tools", "stream-tools", "async", "async-stream"]


def main():
    args = common.options(MODES, "claude-sonnet-4-5", __doc__)
    named = {"api_key": args.key, "base_url": args.base_url, "max_retries": 0}
    if args.mode.startswith("async"):
        asyncio.run(all_at_once(anthropic.AsyncAnthropic(**named), args))
        return
    client = anthropic.Anthropic(**named)
    for call in range(args.calls):
        messages = [{"role": "user", "content": common.prompt(args, call)}]
        if args.mode.endswith("tools"):
            first = ask(client, args, call, messages, tools=TOOLS)
            if first is None:
                continue
            messages += [{"role": "assistant", "content": first.content}, {"role": "user", "content": results(first)}]
        ask(client, args, call, messages, tools=TOOLS)


def ask(client, args, call, messages, **more):
    began = time.monotonic()
    body = {"model": args.model, "max_tokens": 1024, "messages": messages, **more}
    try:
        if args.mode.startswith("stream"):
            with client.messages.stream(**body) as stream:
                message = stream.get_final_message()
        else:
            message = client.messages.create(**body)
    except anthropic.APIError as error:
        failed(args, call, began, error)
        return None
    tell(args, call, began, message)
    return message


async def all_at_once(client, args):
    async with client:
        await asyncio.gather(*(ask_async(client, args, call) for call in range(args.calls)))


async def ask_async(client, args, call):
    began = time.monotonic()
    messages = [{"role": "user", "content": common.prompt(args, call)}]
    body = {"model": args.model, "max_tokens": 1024, "messages": messages}
    try:
        if args.mode == "async-stream":
            async with client.messages.stream(**body) as stream:
                message = await stream.get_final_message()
        else:
            message = await client.messages.create(**body)
    except anthropic.APIError as error:
        failed(args, call, began, error)
        return
    tell(args, call, began, message)


def tell(args, call, began, message):
    usage = message.usage
    told = usage.input_tokens + (usage.cache_read_input_tokens or 0) + (usage.cache_creation_input_tokens or 0)
    common.report(
        args.mode,
        call,
        began,
        text="".join(block.text for block in message.content if block.type == "text"),
        tool_calls=[(b.id, b.name, json.dumps(b.input, ensure_ascii=False)) for b in message.content if b.type == "tool_use"],
        usage={"input": told, "output": usage.output_tokens},
        finish=message.stop_reason,
        model=message.model,
    )


def failed(args, call, began, error):
    common.report(args.mode, call, began, error={"status": getattr(error, "status_code", None), "message": str(error)})


def results(message):
    return [
        {"type": "tool_result", "tool_use_id": block.id, "content": common.TOOL_RESULT}
        for block in message.content
        if block.type == "tool_use"
    ]


main()
