"""The OpenAI SDK's Responses: plain, streamed, with tools in two turns, and over
a WebSocket, where one connection carries all calls, compressed on request. The
SDK's synchronous WebSocket reads in a thread of its own: `socket-threads`."""

import asyncio
import time

import common
import openai

TOOLS = [{"type": "function", "name": common.TOOL, "description": common.TOOL_ABOUT, "parameters": common.TOOL_SCHEMA}]
SOCKETS = ["socket", "socket-tools", "socket-deflate", "socket-threads"]
MODES = ["plain", "stream", "tools", "stream-tools", *SOCKETS]
LAST = ("response.completed", "response.incomplete", "response.failed", "error")


def main():
    args = common.options(MODES, "gpt-4o-mini", __doc__)
    named = {"api_key": args.key, "base_url": args.base_url, "max_retries": 0}
    options = {"compression": "deflate" if args.mode == "socket-deflate" else None}
    if args.mode == "socket-threads":
        with openai.OpenAI(**named).responses.connect(websocket_connection_options=options) as connection:
            converse(args, lambda body: over_socket(connection, body))
    elif args.mode in SOCKETS:
        with asyncio.Runner() as runner:
            manager = openai.AsyncOpenAI(**named).responses.connect(websocket_connection_options=options)
            connection = runner.run(manager.enter())
            converse(args, lambda body: last(runner.run(events_of(connection, body))))
            runner.run(connection.close())
    else:
        client = openai.OpenAI(**named)
        send = streamed if args.mode.startswith("stream") else plain
        converse(args, lambda body: send(client, body))


def converse(args, send):
    for call in range(args.calls):
        spoken = [{"role": "user", "content": common.prompt(args, call)}]
        first = ask(args, call, send, spoken, tools=TOOLS) if args.mode.endswith("tools") else None
        if first is not None:
            spoken += results(first)
        ask(args, call, send, spoken, instructions="Be brief. Grüße 🌤️")


def ask(args, call, send, spoken, **more):
    began = time.monotonic()
    try:
        response = send({"model": args.model, "input": spoken, **more})
    except (openai.APIError, RuntimeError) as error:
        common.report(args.mode, call, began, error={"status": getattr(error, "status_code", None), "message": str(error)})
        return None
    tell(args, call, began, response)
    return response


def plain(client, body):
    return client.responses.create(**body)


def streamed(client, body):
    """The last event repeats everything that the ones before it said."""
    return last(client.responses.create(**body, stream=True))


def over_socket(connection, body):
    connection.response.create(**body)
    return last(connection)


async def events_of(connection, body):
    await connection.response.create(**body)
    events = []
    async for event in connection:
        events.append(event)
        if event.type in LAST:
            return events


def last(events):
    text = ""
    for event in events:
        if event.type == "response.output_text.delta":
            text += event.delta
        elif event.type in ("response.completed", "response.incomplete"):
            assert event.response.output_text == text, "the deltas are the text"
            return event.response
        elif event.type == "response.failed":
            raise RuntimeError(event.response.error.message)
        elif event.type == "error":
            raise RuntimeError(str(event))
    raise RuntimeError("the stream ended early")


def tell(args, call, began, response):
    calls = [(item.call_id, item.name, item.arguments) for item in response.output if item.type == "function_call"]
    details = response.incomplete_details
    common.report(
        args.mode,
        call,
        began,
        text=response.output_text,
        tool_calls=calls,
        usage={"input": response.usage.input_tokens, "output": response.usage.output_tokens},
        finish=details.reason if details else response.status,
        model=response.model,
    )


def results(response):
    for item in response.output:
        if item.type == "function_call":
            yield {"type": "function_call", "call_id": item.call_id, "name": item.name, "arguments": item.arguments}
            yield {"type": "function_call_output", "call_id": item.call_id, "output": common.TOOL_RESULT}


main()
