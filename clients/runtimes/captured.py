"""What was captured, from the file of raw plaintext (docs/capture-format.md), and
whether it is what the provider's log says, byte for byte."""

import base64
import json
import re
from dataclasses import dataclass, field

LABEL = re.compile(rb"oisprow-[a-z0-9.-]+-\d+-\d+")


@dataclass
class Connection:
    written: bytearray = field(default_factory=bytearray)
    read: bytearray = field(default_factory=bytearray)
    whole: bool = True

    def add(self, stream, record):
        at = record["metadata"].get("offset", len(stream))
        self.whole = self.whole and at == len(stream)
        stream += base64.b64decode(record["data"])


class Capture:
    """Connections by the labels that were written on them."""

    def __init__(self, path):
        connections = {}
        with open(path) as lines:
            for line in lines:
                record = json.loads(line)
                if record["kind"] not in ("SslWrite", "SslRead", "SslGap"):
                    continue
                key = record["pid"], record["metadata"]["conn_id"]
                connection = connections.setdefault(key, Connection())
                if record["kind"] == "SslGap":
                    connection.whole = False
                elif record["kind"] == "SslWrite":
                    connection.add(connection.written, record)
                else:
                    connection.add(connection.read, record)
        self.of = {}
        for connection in connections.values():
            for label in set(LABEL.findall(connection.written)):
                self.of.setdefault(label, []).append(connection)


@dataclass
class Exchange:
    asked: bytes
    answered: bytes
    status: int


def exchanges(path):
    """The provider's log, by label."""
    found = {}
    with open(path) as lines:
        for line in lines:
            logged = json.loads(line)
            asked = base64.b64decode(logged["request_body"])
            label = LABEL.search(asked) or LABEL.search(logged["target"].encode())
            if label:
                asked = asked or logged["target"].encode()
                exchange = Exchange(asked, base64.b64decode(logged["response_body"]), logged["status"])
                found.setdefault(label.group(), []).append(exchange)
    return found


def told(path):
    """Labels of which the sensor told a whole request and a whole answer."""
    requests, answers = {}, set()
    with open(path) as lines:
        for line in lines:
            event = json.loads(line)
            if event["event_type"] not in ("ai.request", "ai.response"):
                continue
            if event["confidence"]["completeness"] != "full":
                continue
            call = event["data"]["request_id"]
            if event["event_type"] == "ai.response":
                answers.add(call)
            else:
                labels = LABEL.findall(json.dumps(event["data"]["messages"]).encode())
                requests.update((label, call) for label in labels)
    return {label for label, call in requests.items() if call in answers}


def is_exact(capture, label, exchange):
    """One connection wrote what the provider got and read what it sent, whole."""
    return any(
        connection.whole and exchange.asked in connection.written and exchange.answered in connection.read
        for connection in capture.of.get(label, [])
    )
