"""HTTP libraries without an SDK, each plain and streamed."""

import asyncio
import json
import time

import common

MODES = ["requests", "requests-stream", "httpx", "httpx-stream", "aiohttp", "aiohttp-stream"]


def main():
    args = common.options(MODES, "gpt-4o-mini", __doc__)
    library, _, stream = args.mode.partition("-")
    send = {"requests": by_requests, "httpx": by_httpx, "aiohttp": by_aiohttp}[library]
    send(args, args.base_url.rstrip("/") + "/chat/completions", bool(stream))


def request(args, call, stream):
    more = {"stream": True, "stream_options": {"include_usage": True}} if stream else {}
    return common.openai_body(args, call, **more)


def tell(args, call, began, status, answer):
    if status >= 400:
        common.report(args.mode, call, began, error={"status": status, "message": answer["error"]["message"]})
        return
    choice, usage = answer["choices"][0], common.openai_usage(answer["usage"])
    common.report(args.mode, call, began, choice["message"]["content"], (), usage, choice["finish_reason"], answer["model"])


def by_requests(args, url, stream):
    import requests

    with requests.Session() as session:
        session.trust_env = False
        session.headers["authorization"] = f"Bearer {args.key}"
        session.verify = args.ca or True
        for call in range(args.calls):
            began = time.monotonic()
            response = session.post(url, json=request(args, call, stream), stream=stream, timeout=60)
            if stream and response.ok:
                common.report(args.mode, call, began, **common.sse_text(response.iter_lines()))
            else:
                tell(args, call, began, response.status_code, response.json())


def by_httpx(args, url, stream):
    import httpx

    headers = {"authorization": f"Bearer {args.key}"}
    with httpx.Client(headers=headers, verify=common.tls(args), timeout=60, trust_env=False) as client:
        for call in range(args.calls):
            began, body = time.monotonic(), request(args, call, stream)
            if stream:
                with client.stream("POST", url, json=body) as response:
                    if response.is_error:
                        tell(args, call, began, response.status_code, json.loads(response.read()))
                        continue
                    lines = (line.encode() for line in response.iter_lines())
                    common.report(args.mode, call, began, **common.sse_text(lines))
            else:
                response = client.post(url, json=body)
                tell(args, call, began, response.status_code, response.json())


def by_aiohttp(args, url, stream):
    asyncio.run(with_aiohttp(args, url, stream))


async def with_aiohttp(args, url, stream):
    import aiohttp

    connector = aiohttp.TCPConnector(ssl=common.tls(args))
    headers = {"authorization": f"Bearer {args.key}"}
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

        async def one(call):
            began = time.monotonic()
            async with session.post(url, json=request(args, call, stream)) as response:
                if stream and response.ok:
                    common.report(args.mode, call, began, **common.sse_text((await response.read()).splitlines()))
                else:
                    tell(args, call, began, response.status, await response.json())

        await asyncio.gather(*(one(call) for call in range(args.calls)))


main()
