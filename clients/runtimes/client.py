"""One client for each of Python's ways to call: argv is LIBRARY BASE CA LABEL
COUNT. All COUNT calls run at once. With LINGER=1 it says `done` and waits for
the end of its input."""

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor

from words import KEY, MODEL, prompt

library, base, ca, label, count = *sys.argv[1:5], int(sys.argv[5])
url = base + "/v1/chat/completions"
HEADERS = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}


def messages(number):
    return [{"role": "user", "content": prompt(label, number)}]


def body(number):
    return json.dumps({"model": MODEL, "messages": messages(number)})


def at_once(call):
    with ThreadPoolExecutor(count) as pool:
        for status in pool.map(call, range(count)):
            assert status == 200, status


def trusting():
    # Not above: a client with TLS of its own is not to load Python's.
    import ssl

    return ssl.create_default_context(cafile=ca)


def by_stdlib():
    import urllib.request

    context = trusting()

    def call(number):
        request = urllib.request.Request(url, body(number).encode(), HEADERS)
        with urllib.request.urlopen(request, context=context, timeout=60) as response:
            response.read()
            return response.status

    at_once(call)


def by_requests():
    import requests

    at_once(lambda number: requests.post(url, body(number), headers=HEADERS, verify=ca, timeout=60).status_code)


def by_httpx():
    import httpx

    with httpx.Client(verify=trusting(), timeout=60) as client:
        at_once(lambda number: client.post(url, content=body(number), headers=HEADERS).status_code)


def by_aiohttp():
    import asyncio

    import aiohttp

    async def all_of_them():
        connector = aiohttp.TCPConnector(ssl=trusting())
        async with aiohttp.ClientSession(connector=connector, headers=HEADERS) as session:

            async def call(number):
                async with session.post(url, data=body(number)) as response:
                    await response.read()
                    assert response.status == 200, response.status

            await asyncio.gather(*(call(number) for number in range(count)))

    asyncio.run(all_of_them())


def by_openai():
    import httpx
    import openai

    http = httpx.Client(verify=trusting())
    client = openai.OpenAI(api_key=KEY, base_url=base + "/v1", http_client=http)

    def call(number):
        client.chat.completions.create(model=MODEL, messages=messages(number))
        return 200

    at_once(call)


def by_anthropic():
    import anthropic

    os.environ["SSL_CERT_FILE"] = ca
    client = anthropic.Anthropic(api_key="sk-ant-test-made-up-0000", base_url=base)

    def call(number):
        client.messages.create(model="claude-sonnet-4-5", max_tokens=512, messages=messages(number))
        return 200

    at_once(call)


def by_pycurl():
    import pycurl

    def call(number):
        handle = pycurl.Curl()
        handle.setopt(pycurl.URL, url)
        handle.setopt(pycurl.CAINFO, ca)
        handle.setopt(pycurl.HTTPHEADER, [f"{name}: {value}" for name, value in HEADERS.items()])
        handle.setopt(pycurl.POSTFIELDS, body(number))
        handle.setopt(pycurl.WRITEFUNCTION, lambda data: len(data))
        handle.perform()
        return handle.getinfo(pycurl.RESPONSE_CODE)

    at_once(call)


{
    "stdlib": by_stdlib,
    "pycurl": by_pycurl,
    "requests": by_requests,
    "httpx": by_httpx,
    "aiohttp": by_aiohttp,
    "openai": by_openai,
    "anthropic": by_anthropic,
}[library]()
if os.environ.get("LINGER"):
    print("done", flush=True)
    sys.stdin.read()
