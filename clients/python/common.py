"""What the clients share: options, prompts, the report of a call.

Every client prints one JSON line per answer with what it saw itself: that is
compared with what the provider meant, and with what a sensor captured.

The clients never leave the machine: every name resolves to 127.0.0.1, so
`--base-url https://api.openai.com:PORT/v1` reaches a loopback provider.
"""

import argparse
import json
import os
import socket
import ssl
import sys
import time

TOOL = "get_weather"
TOOL_ABOUT = "Weather forecast for a city."
TOOL_SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}, "query": {"type": "string"}},
    "required": ["city"],
}
TOOL_RESULT = '{"sky": "clear", "high_c": 17}'
FILLER = "Every byte of this prompt counts – jedes Zeichen zählt 🌿. "


def options(modes, model, about):
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--base-url", required=True, help="as the client library wants it")
    parser.add_argument("--ca", help="PEM file of the authority to trust")
    parser.add_argument("--key", default="sk-test-made-up-0000")
    parser.add_argument("--mode", choices=modes, default=modes[0])
    parser.add_argument("--model", default=model)
    parser.add_argument("--prompt", default="Say something nice")
    parser.add_argument("--prompt-bytes", type=int, default=0, help="fill the prompt up to this size")
    parser.add_argument("--calls", type=int, default=1)
    args = parser.parse_args()
    stay_local()
    if args.ca:
        # Before the first TLS context is made: libraries that trust the
        # system's store find the authority there.
        os.environ["SSL_CERT_FILE"] = args.ca
    for proxy in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        os.environ.pop(proxy, None)
    return args


def stay_local():
    resolve = socket.getaddrinfo
    socket.getaddrinfo = lambda _host, port, *rest, **named: resolve("127.0.0.1", port, *rest, **named)


def tls(args):
    return ssl.create_default_context(cafile=args.ca)


def prompt(args, call):
    """The prompt of that call, distinct from every other, directive last."""
    text = f"{args.prompt} (call {call})"
    missing = args.prompt_bytes - len(text.encode())
    if missing <= 0:
        return text
    filler = (FILLER * (missing // len(FILLER.encode()) + 1)).encode()[:missing].decode(errors="ignore")
    filler += "." * (missing - len(filler.encode()))
    return filler + text


def report(mode, call, began, text="", tool_calls=(), usage=None, finish=None, model=None, error=None):
    line = {
        "client": os.path.basename(sys.argv[0]),
        "pid": os.getpid(),
        "mode": mode,
        "call": call,
        "model": model,
        "text": text,
        "tool_calls": [{"id": i, "name": n, "arguments": a} for i, n, a in tool_calls],
        "usage": usage,
        "finish": finish,
        "error": error,
        "seconds": round(time.monotonic() - began, 6),
    }
    sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def openai_usage(usage):
    """Usage as the wire has it, from an object or a dict."""
    if usage is None:
        return None
    usage = usage if isinstance(usage, dict) else usage.model_dump()
    return {"input": usage["prompt_tokens"], "output": usage["completion_tokens"]}


def add_chunk(seen, chunk):
    """Adds the text, usage, finish and model of an SDK's stream chunk."""
    seen["model"] = chunk.model
    seen["usage"] = openai_usage(chunk.usage) or seen.get("usage")
    for choice in chunk.choices:
        seen["text"] += choice.delta.content or ""
        seen["finish"] = choice.finish_reason or seen.get("finish")


def openai_body(args, call, **more):
    return {"model": args.model, "messages": [{"role": "user", "content": prompt(args, call)}], **more}


def sse_text(lines):
    """Text, usage, finish and model of an OpenAI stream's lines of bytes."""
    text, usage, finish, model = [], None, None, None
    for line in lines:
        if not line.startswith(b"data: {"):
            continue
        chunk = json.loads(line[6:])
        model = chunk.get("model", model)
        usage = openai_usage(chunk.get("usage")) or usage
        for choice in chunk.get("choices", ()):
            text.append(choice["delta"].get("content") or "")
            finish = choice["finish_reason"] or finish
    return {"text": "".join(text), "usage": usage, "finish": finish, "model": model}
