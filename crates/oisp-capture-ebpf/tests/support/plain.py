"""HTTP without TLS, said exactly as told. argv: `serve` ADDRESS PORT, or `call`
ADDRESS PORT THREADS SIZE ROUNDS PATH, or `odd` PORT WHAT. Each waits for its
standard input: a server ends with it, a client begins with its first line.

The server answers a POST with the body reversed, and GET /N with N bytes by
sendfile. A client's request and its body are what the test expects them to be."""

import os
import socket
import sys
import tempfile
import threading


def connect(address, port):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    plain = socket.socket(family, socket.SOCK_STREAM)
    plain.connect((address, port))
    return plain


def body(number, size):
    return (b"thread %06d " % number + b"abcdefghijklmnopqrstuvwxyz" * (size // 26 + 1))[:size]


def head(path, size):
    return b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % (path.encode(), size)


def read_message(plain):
    """Head and body of one message; the head is None at the end."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = plain.recv(65536)
        if not more:
            return None, data
        data += more
    start, rest = data.split(b"\r\n\r\n", 1)
    length = 0
    for line in start.split(b"\r\n")[1:]:
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    parts = [rest]
    left = length - len(rest)
    while left > 0:
        more = plain.recv(min(left, 1 << 20))
        if not more:
            return None, b"".join(parts)
        parts.append(more)
        left -= len(more)
    return start, b"".join(parts)


def answer(plain):
    with plain:
        while True:
            start, content = read_message(plain)
            if start is None:
                return
            path = start.split()[1].decode()
            if start.startswith(b"GET") and path[1:].isdigit():
                send_file(plain, int(path[1:]))
            else:
                plain.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(content) + content[::-1])


def send_file(plain, size):
    with tempfile.TemporaryFile() as file:
        file.write(b"x" * size)
        file.flush()
        plain.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        at = 0
        while at < size:
            at += os.sendfile(plain.fileno(), file.fileno(), at, size - at)


def serve(address, port):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    listener.listen(128)
    print(listener.getsockname()[1], flush=True)

    def accept():
        while True:
            plain, _ = listener.accept()
            threading.Thread(target=answer, args=(plain,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    sys.stdin.read()
    os._exit(0)


def call(address, port, threads, size, rounds, path):
    connected = threading.Barrier(threads + 1)
    go = threading.Event()

    def run(number):
        with connect(address, port) as plain:
            connected.wait()
            go.wait()
            for _ in range(rounds):
                plain.sendall(head(path, size) + body(number, size))
                start, content = read_message(plain)
                assert start is not None and content == body(number, size)[::-1]

    workers = [threading.Thread(target=run, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    connected.wait()
    print("connected", flush=True)
    sys.stdin.readline()
    go.set()
    for worker in workers:
        worker.join()


def odd(port, what):
    plain = connect("127.0.0.1", port)
    print("connected", flush=True)
    sys.stdin.readline()
    request = head("/v1/chat/completions", 3000) + body(0, 3000)
    if what == "pieces":
        pieces = [request[at:at + 100] for at in range(0, len(request), 100)]
        assert plain.sendmsg([b""] + pieces) == len(request)
        received = 0
        expected = len(b"HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n") + 3000
        while received < expected:
            buffers = [bytearray(7), bytearray(0), bytearray(500), bytearray(4000)]
            received += plain.recvmsg_into(buffers)[0]
    elif what == "peek":
        plain.sendall(request)
        plain.recv(10, socket.MSG_PEEK)
        plain.recv(65536, socket.MSG_PEEK)
        read_message(plain)
    elif what == "discard":
        plain.sendall(request)
        plain.recv(41, socket.MSG_WAITALL)
        assert len(plain.recv(1000, socket.MSG_TRUNC | socket.MSG_WAITALL)) == 1000
        left = 2000
        while left:
            left -= len(plain.recv(left))
    elif what == "file":
        plain.sendall(b"GET /100000 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        read_message(plain)
    elif what == "fork":
        plain.sendall(request)
        child = os.fork()
        if child == 0:
            read_message(plain)
            plain.sendall(request)
            os._exit(0)
        os.waitpid(child, 0)
        read_message(plain)
    elif what == "passed":
        ours, theirs = socket.socketpair()
        plain.sendall(request)
        if os.fork() == 0:
            _, passed, *_ = socket.recv_fds(theirs, 1, 1)
            other = socket.socket(fileno=passed[0])
            read_message(other)
            os._exit(0)
        socket.send_fds(ours, [b"x"], [plain.fileno()])
        os.wait()
    elif what == "partial":
        plain.setblocking(False)
        data = head("/v1/chat/completions", 4 << 20) + body(0, 4 << 20)
        sent = 0
        while sent < len(data):
            try:
                sent += plain.send(data[sent:])
            except BlockingIOError:
                pass
        plain.setblocking(True)
        read_message(plain)
    elif what == "ordinary":
        for path in ["/", "/index.html", "/v1/chat/completions"]:
            plain.sendall(head(path, 100) + body(0, 100))
            read_message(plain)
    elif what == "tls":
        plain.sendall(b"\x16\x03\x01\x00\x05hello")
        plain.sendall(b"\x17\x03\x03\x00\x05hello")
    plain.close()


if sys.argv[1] == "serve":
    serve(sys.argv[2], int(sys.argv[3]))
elif sys.argv[1] == "call":
    call(sys.argv[2], *map(int, sys.argv[3:7]), sys.argv[7])
else:
    odd(int(sys.argv[2]), sys.argv[3])
