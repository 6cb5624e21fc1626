"""Python's standard library only: one connection kept alive, one streamed
call a connection, or urllib."""

import http.client
import json
import time
import urllib.parse
import urllib.request

import common


def main():
    args = common.options(["keepalive", "stream", "urllib"], "gpt-4o-mini", __doc__)
    url = urllib.parse.urlsplit(args.base_url.rstrip("/") + "/chat/completions")
    send = {"keepalive": keepalive, "stream": streamed, "urllib": by_urllib}[args.mode]
    send(args, url)


def connection(args, url):
    if url.scheme == "http":
        return http.client.HTTPConnection(url.netloc, timeout=60)
    return http.client.HTTPSConnection(url.netloc, timeout=60, context=common.tls(args))


def headers(args):
    return {"content-type": "application/json", "authorization": f"Bearer {args.key}"}


def encoded(args, call, **more):
    return json.dumps(common.openai_body(args, call, **more), ensure_ascii=False).encode()


def tell(args, call, began, status, body):
    answer = json.loads(body)
    if status >= 400:
        common.report(args.mode, call, began, error={"status": status, "message": answer["error"]["message"]})
        return
    choice, usage = answer["choices"][0], common.openai_usage(answer["usage"])
    common.report(args.mode, call, began, choice["message"]["content"], (), usage, choice["finish_reason"], answer["model"])


def keepalive(args, url):
    to = connection(args, url)
    for call in range(args.calls):
        began = time.monotonic()
        to.request("POST", url.path, encoded(args, call), headers(args))
        response = to.getresponse()
        tell(args, call, began, response.status, response.read())


def streamed(args, url):
    for call in range(args.calls):
        began, to = time.monotonic(), connection(args, url)
        body = encoded(args, call, stream=True, stream_options={"include_usage": True})
        to.request("POST", url.path, body, headers(args))
        response = to.getresponse()
        if response.status >= 400:
            tell(args, call, began, response.status, response.read())
        else:
            common.report(args.mode, call, began, **common.sse_text(response))
        to.close()


def by_urllib(args, url):
    for call in range(args.calls):
        began = time.monotonic()
        request = urllib.request.Request(url.geturl(), encoded(args, call), headers(args))
        try:
            with urllib.request.urlopen(request, context=common.tls(args)) as response:
                tell(args, call, began, response.status, response.read())
        except urllib.error.HTTPError as error:
            tell(args, call, began, error.code, error.read())


main()
