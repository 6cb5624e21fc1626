"""A program that loads OpenSSL long after its start, from the path that it is told.

Arguments: the port of a TLS server, the library, and how long to wait between
loading and the first request, in milliseconds; `told` to wait for a line. Writes
what it does to standard output, one word a line."""

import ctypes
import socket
import sys
import time

port, path, wait = int(sys.argv[1]), sys.argv[2], sys.argv[3]
connection = socket.create_connection(("127.0.0.1", port))
print("started", flush=True)
sys.stdin.readline()
began = time.monotonic()
library = ctypes.CDLL(path)
loaded = time.monotonic()
for name in ("TLS_client_method", "SSL_CTX_new", "SSL_new"):
    getattr(library, name).restype = ctypes.c_void_p
if wait == "told":
    print("loaded", flush=True)
    sys.stdin.readline()
else:
    time.sleep(int(wait) / 1000)
context = ctypes.c_void_p(library.SSL_CTX_new(ctypes.c_void_p(library.TLS_client_method())))
session = ctypes.c_void_p(library.SSL_new(context))
library.SSL_set_fd(session, connection.fileno())
assert library.SSL_connect(session) == 1
first = time.monotonic()
for number in range(20):
    request = b"POST /%d HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc" % number
    assert library.SSL_write(session, request, len(request)) == len(request)
    answer = ctypes.create_string_buffer(4096)
    while not answer.value.endswith(b"cba"):
        got = library.SSL_read(session, ctypes.byref(answer, len(answer.value)), 2048)
        assert got > 0
    answer = None
library.SSL_free(session)
print(f"{(loaded - began) * 1000:.1f} {(first - loaded) * 1000:.1f}", flush=True)
