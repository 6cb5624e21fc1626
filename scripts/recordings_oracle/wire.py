"""Bodies and streams: from a recording's bytes to JSON values."""

import base64
import gzip
import json
import struct
import zlib


class Recording:
    """One line of the file, its bodies decoded."""

    def __init__(self, line):
        raw = json.loads(line)
        self.id, self.method, self.url, self.status = raw["id"], raw["method"], raw["url"], raw["status"]
        self.asked = {name.lower(): value for name, value in raw["req_headers"]}
        self.answered = {name.lower(): value for name, value in raw["resp_headers"]}
        self.request = plain(raw["req_body"], self.asked.get("content-encoding"))
        self.response = plain(raw["resp_body"], self.answered.get("content-encoding"))
        self.kind = self.answered.get("content-type", "").split(";")[0].strip()

    def ask(self):
        """The request's JSON; None where it is none."""
        return as_json(self.request)

    def answer(self):
        """The answer's JSON; empty where it is none."""
        answer = as_json(self.response)
        return {} if answer is None else answer


def plain(text, encoding):
    """Decodes a body. One that is not in the coding it is said to be in was decoded by the recorder."""
    body = base64.b64decode(text or "")
    for name in reversed([name.strip().lower() for name in (encoding or "").split(",") if name.strip()]):
        try:
            body = undo(name, body)
        except (OSError, EOFError, zlib.error, ValueError):
            return body
    return body


def undo(name, body):
    if name in ("gzip", "x-gzip"):
        return gzip.decompress(body)
    if name == "deflate":
        try:
            return zlib.decompress(body)
        except zlib.error:
            return zlib.decompress(body, -15)
    if name == "br":
        import brotli  # not in the standard library; only where a recording needs it

        return brotli.decompress(body)
    if name == "zstd":
        import zstandard  # likewise

        return zstandard.ZstdDecompressor().decompressobj().decompress(body)
    return body


def as_json(body):
    try:
        return json.loads(body)
    except ValueError:
        return None


def lines(body):
    """The JSON values of a body that has one a line."""
    return [value for value in map(as_json, body.split(b"\n")) if value is not None]


def sse(body):
    """The (event, data) pairs of an event stream."""
    text = body.decode("utf-8", "replace").removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    events, name, data = [], None, []
    # What stands after the last blank line is no event.
    for line in text.split("\n"):
        if line == "":
            if data:
                events.append((name, "\n".join(data)))
            name, data = None, []
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            data.append(value)
    return events


def sse_json(body):
    """The JSON values of an event stream."""
    return [value for value in (as_json(data) for _, data in sse(body)) if value is not None]


def eventstream(body):
    """The (headers, payload) pairs of an AWS event stream, sums checked."""
    messages = []
    while body:
        total, header_len, prelude_sum = struct.unpack(">III", body[:12])
        message, body = body[:total], body[total:]
        assert zlib.crc32(message[:8]) == prelude_sum, "prelude's sum is wrong"
        assert zlib.crc32(message[:-4]) == struct.unpack(">I", message[-4:])[0], "message's sum is wrong"
        headers, rest = {}, message[12 : 12 + header_len]
        while rest:
            name, rest = rest[1 : 1 + rest[0]].decode(), rest[1 + rest[0] :]
            assert rest[0] == 7, "only strings occur as values"
            size = struct.unpack(">H", rest[1:3])[0]
            headers[name], rest = rest[3 : 3 + size].decode(), rest[3 + size :]
        messages.append((headers, json.loads(message[12 + header_len : -4])))
    return messages
