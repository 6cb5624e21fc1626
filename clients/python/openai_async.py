"""The OpenAI SDK, asynchronous: many calls of one process at the same time,
plain or streamed, each with a prompt of its own."""

import asyncio
import time

import common
import openai


async def main():
    args = common.options(["plain", "stream"], "gpt-4o-mini", __doc__)
    async with openai.AsyncOpenAI(api_key=args.key, base_url=args.base_url, max_retries=0) as client:
        await asyncio.gather(*(ask(client, args, call) for call in range(args.calls)))


async def ask(client, args, call):
    """One call. What was seen before an error is reported with it."""
    began, seen = time.monotonic(), {"text": ""}
    send = streamed if args.mode == "stream" else plain
    try:
        await send(seen, client, common.openai_body(args, call))
    except openai.APIError as error:
        seen["error"] = {"status": getattr(error, "status_code", None), "message": str(error)}
    common.report(args.mode, call, began, **seen)


async def plain(seen, client, body):
    completion = await client.chat.completions.create(**body)
    choice = completion.choices[0]
    seen.update(text=choice.message.content or "", finish=choice.finish_reason)
    seen.update(usage=common.openai_usage(completion.usage), model=completion.model)


async def streamed(seen, client, body):
    stream = await client.chat.completions.create(**body, stream=True, stream_options={"include_usage": True})
    async for chunk in stream:
        common.add_chunk(seen, chunk)


asyncio.run(main())
