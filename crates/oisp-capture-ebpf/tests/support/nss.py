"""A client of NSS that uses each of NSPR's ways to send and receive, and writes
to what is no TLS, too. argv is the port. Nothing here imports `ssl`."""

import ctypes
import signal
import socket
import sys

signal.alarm(30)
nspr, nss, ssl = (ctypes.CDLL(name) for name in ("libnspr4.so", "libnss3.so", "libssl3.so"))
for function in (ssl.SSL_ImportFD, nspr.PR_ImportTCPSocket):
    function.restype = ctypes.c_void_p
nspr.PR_CreateIOLayerStub.restype = ctypes.c_void_p
nspr.PR_GetDefaultIOMethods.restype = ctypes.c_void_p
port = int(sys.argv[1])
FOREVER, PEEK, TOP = ctypes.c_uint(0xFFFFFFFF), 2, -2
TRUST = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_int)(lambda *_: 0)


class Piece(ctypes.Structure):
    _fields_ = [("data", ctypes.c_char_p), ("size", ctypes.c_size_t)]


def descriptor(plain):
    return ctypes.c_void_p(nspr.PR_ImportTCPSocket(plain.fileno()))


def layered(fd):
    """A layer that passes everything on, and is no TLS."""
    name = nspr.PR_GetUniqueIdentity(b"made up")
    layer = nspr.PR_CreateIOLayerStub(name, ctypes.c_void_p(nspr.PR_GetDefaultIOMethods()))
    assert nspr.PR_PushIOLayer(fd, TOP, ctypes.c_void_p(layer)) == 0
    return fd


def untouched():
    """Bytes that pass through NSPR and are no TLS."""
    for make in (descriptor, lambda plain: layered(descriptor(plain))):
        ours, theirs = socket.socketpair()
        fd = make(ours)
        assert nspr.PR_Write(fd, b"plain", 5) == 5
        assert theirs.recv(5) == b"plain"
        ours.detach()


assert nss.NSS_NoDB_Init(None) == 0
ssl.NSS_SetDomesticPolicy()
untouched()
plain = socket.create_connection(("127.0.0.1", port))
fd = ctypes.c_void_p(ssl.SSL_ImportFD(None, descriptor(plain)))
assert ssl.SSL_AuthCertificateHook(fd, TRUST, None) == 0
assert ssl.SSL_SetURL(fd, b"localhost") == 0
assert ssl.SSL_ResetHandshake(fd, 0) == 0


def received(function, room, *more):
    got = function(fd, room, len(room), *more)
    assert got > 0, (got, nspr.PR_GetError())
    return room.raw[:got]


def exchange(number):
    body = b"made-up prompt of NSS %d, " % number * 400
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body)
    assert nspr.PR_Write(fd, head, len(head)) == len(head)
    if number == 2:
        pieces = (Piece * 2)(Piece(body[:3000], 3000), Piece(body[3000:], len(body) - 3000))
        assert nspr.PR_Writev(fd, pieces, 2, FOREVER) == len(body)
    else:
        assert nspr.PR_Send(fd, body, len(body), 0, FOREVER) == len(body)
    answer, room = b"", ctypes.create_string_buffer(700)
    while b"\r\n\r\n" not in answer or len(answer.split(b"\r\n\r\n", 1)[1]) < len(body):
        if number == 1:
            seen = received(nspr.PR_Recv, room, PEEK, FOREVER)
            got = received(nspr.PR_Recv, room, 0, FOREVER)
            assert got.startswith(seen)
        else:
            got = received(nspr.PR_Read, room)
        answer += got
    assert answer.endswith(body[::-1])


for number in range(3):
    exchange(number)
plain.detach()
assert nspr.PR_Close(fd) == 0
