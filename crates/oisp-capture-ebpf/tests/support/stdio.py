"""JSON-RPC over standard streams. argv: `parent` HOW, or `child`.

A parent says `ready`, waits for a line, starts its child, and says to it and
reads from it what `messages` and `answers` give; HOW is what lies between them.
A child answers each line with its id, and first says a banner where it is told
to."""

import json
import os
import socket
import subprocess
import sys


def messages(how):
    if how == "text":
        return ["not a message %d" % number for number in range(5)]
    if how == "headers":
        return ["Content-Length: 20\r", "\r", '{"jsonrpc":"2.0"}']
    filling = "x" * (1 << 20 if how == "large" else 300)
    first = {"method": "initialize", "params": {"filling": filling[:900]}, "jsonrpc": "2.0", "id": 0}
    rest = ({"jsonrpc": "2.0", "id": number, "method": "echo", "params": {"filling": filling}} for number in range(1, 20))
    return [json.dumps(message) for message in [first, *rest]]


def answer(line):
    try:
        number = json.loads(line).get("id")
    except ValueError:
        number = None
    return json.dumps({"jsonrpc": "2.0", "id": number, "result": {"length": len(line)}})


def child(banner):
    if banner:
        print("a server that greets", flush=True)
    for line in sys.stdin:
        print(answer(line.rstrip("\n")), flush=True)


def start(how):
    command = [sys.executable, __file__, "child"]
    if how == "banner":
        command.append("banner")
    if how == "shell":
        command = ["sh", "-c", " ".join(command) + "; true"]
    if how != "pair" and how != "one":
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        return process, process.stdin, process.stdout
    ours, theirs = socket.socketpair()
    if how == "one":
        process = subprocess.Popen(command, stdin=theirs, stdout=theirs)
        theirs.close()
        return process, ours.makefile("wb"), ours.makefile("rb")
    other_ours, other_theirs = socket.socketpair()
    process = subprocess.Popen(command, stdin=theirs, stdout=other_theirs)
    theirs.close()
    other_theirs.close()
    writer = ours.makefile("wb")
    ours.close()
    return process, writer, other_ours.makefile("rb")


def parent(how):
    print("ready", flush=True)
    sys.stdin.readline()
    process, writer, reader = start(how)
    if how == "banner":
        reader.readline()
    for message in messages(how):
        line = message.encode() + b"\n"
        if how == "vector":
            assert os.writev(writer.fileno(), [b"", line[:10], line[10:]]) == len(line)
        else:
            writer.write(line)
            writer.flush()
        assert reader.readline().decode() == answer(message) + "\n"
    writer.close()
    if how == "one":
        process.kill()
    process.wait()


def expected(how):
    """What a test expects, each length before its bytes."""
    said = "".join(message + "\n" for message in messages(how))
    answered = "".join(answer(message) + "\n" for message in messages(how))
    print(json.dumps([said, answered]))


if sys.argv[1] == "parent":
    parent(sys.argv[2])
elif sys.argv[1] == "expected":
    expected(sys.argv[2])
else:
    child(len(sys.argv) > 2)
