"""What a capture file holds of one process, and what the provider's log holds,
as the same list of exchanges, to be compared byte for byte."""

import base64
import io
import json
from http.client import HTTPResponse

# What the provider leaves out of its log: the HTTP layer's own.
UNLOGGED = {"date", "content-length", "transfer-encoding", "connection"}


def lines(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


class Missing(Exception):
    """The capture does not hold what was sent."""


def streams(records, pid):
    """By connection: the bytes that the process wrote, and those that it read."""
    found = {}
    for record in records:
        kind = record["kind"]
        if record["pid"] != pid or not kind.startswith("Ssl"):
            continue
        if kind == "SslGap":
            raise Missing(f"a gap: {record['metadata']}")
        sides = found.setdefault(record["metadata"]["conn_id"], (bytearray(), bytearray()))
        if kind in ("SslWrite", "SslRead"):
            side = sides[kind == "SslRead"]
            if record["metadata"].get("offset", len(side)) != len(side):
                raise Missing(f"{kind} at {record['metadata']['offset']}, after {len(side)} bytes")
            side += base64.b64decode(record["data"])
    return list(found.values())


def requests(written):
    stream = io.BytesIO(bytes(written))
    while head := stream.readline():
        method, target, _ = head.decode().split(" ", 2)
        headers = []
        while (line := stream.readline()) not in (b"\r\n", b""):
            name, value = line.decode().rstrip("\r\n").split(":", 1)
            headers.append([name.lower(), value.strip()])
        length = int(dict(headers).get("content-length", 0))
        yield method, target, headers, stream.read(length)


class Wire:
    """A stream in the shape of a socket, which is what the library wants."""

    def __init__(self, stream):
        self.stream = stream

    def makefile(self, *_, **__):
        return self.stream


class Kept(io.BytesIO):
    def close(self):
        """Another answer may follow."""


def responses(read):
    stream = Kept(bytes(read))
    while stream.tell() < len(read):
        response = HTTPResponse(Wire(stream))
        response.begin()
        headers = [[name.lower(), value] for name, value in response.getheaders() if name.lower() not in UNLOGGED]
        yield response.status, headers, response.read()


def captured(records, pid):
    """All exchanges of a process as the capture saw them."""
    found = []
    for written, read in streams(records, pid):
        asked, answered = list(requests(written)), list(responses(read))
        if len(asked) != len(answered):
            raise Missing(f"{len(asked)} requests and {len(answered)} answers")
        found += [[*request, *response] for request, response in zip(asked, answered)]
    return found


def logged(exchange):
    """The same of one line of the provider's log."""
    return [
        exchange["method"],
        exchange["target"],
        [list(header) for header in exchange["request_headers"]],
        base64.b64decode(exchange["request_body"]),
        exchange["status"],
        [list(header) for header in exchange["response_headers"] if header[0] not in UNLOGGED],
        base64.b64decode(exchange["response_body"]),
    ]
