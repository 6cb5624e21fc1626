"""A client of GnuTLS that uses each of its ways to send and receive. argv is the
port and the case; each case is one POST and its answer. Nothing here imports
`ssl`: all TLS of this process is GnuTLS."""

import ctypes
import errno
import signal
import socket
import sys

signal.alarm(30)
lib = ctypes.CDLL("libgnutls.so.30")
for name in ("send", "send2", "send_range", "recv", "recv_seq", "recv_packet"):
    getattr(lib, "gnutls_record_" + name).restype = ctypes.c_ssize_t

port, case = int(sys.argv[1]), sys.argv[2]
AGAIN, CLIENT, WAIT = -28, 2, 1


class Datum(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("size", ctypes.c_uint)]


class Range(ctypes.Structure):
    _fields_ = [("low", ctypes.c_size_t), ("high", ctypes.c_size_t)]


def checked(result):
    assert result >= 0, result
    return result


def persistent(function, *arguments):
    """A ticket that arrives looks like nothing that arrives."""
    while (result := function(*arguments)) == AGAIN:
        pass
    return checked(result)


def connect():
    plain = socket.create_connection(("127.0.0.1", port))
    credentials, session = ctypes.c_void_p(), ctypes.c_void_p()
    checked(lib.gnutls_certificate_allocate_credentials(ctypes.byref(credentials)))
    checked(lib.gnutls_init(ctypes.byref(session), CLIENT))
    checked(lib.gnutls_set_default_priority(session))
    checked(lib.gnutls_credentials_set(session, 1, credentials))
    lib.gnutls_transport_set_int2(session, plain.fileno(), plain.fileno())
    checked(lib.gnutls_handshake(session))
    return plain, session


plain, session = connect()
length = ctypes.c_size_t


def send(data):
    sent = checked(lib.gnutls_record_send(session, data, length(len(data))))
    return sent if sent == len(data) else sent + send(data[sent:])


def send2(data):
    assert lib.gnutls_record_send2(session, data, length(len(data)), length(20), 0) == len(data)


def send_range(data):
    within = Range(len(data), len(data) + 100)
    assert lib.gnutls_record_send_range(session, data, length(len(data)), ctypes.byref(within)) == len(data)


def corked(parts, flags):
    lib.gnutls_record_cork(session)
    for part in parts:
        send(part)
    assert lib.gnutls_record_uncork(session, flags) == sum(map(len, parts))


blocked = 0
PUSH = ctypes.CFUNCTYPE(ctypes.c_ssize_t, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)


@PUSH
def push(_, data, size):
    global blocked
    if blocked:
        blocked -= 1
        lib.gnutls_transport_set_errno(session, errno.EAGAIN)
        return -1
    plain.sendall(ctypes.string_at(data, size))
    return size


def interrupted(data, resume):
    """The transport takes nothing twice; then the send is resumed."""
    global blocked
    lib.gnutls_transport_set_push_function(session, push)
    blocked = 2
    assert lib.gnutls_record_send(session, data, length(len(data))) == AGAIN
    again = (data, length(len(data))) if resume else (None, length(0))
    assert lib.gnutls_record_send(session, *again) == AGAIN
    assert lib.gnutls_record_send(session, *again) == len(data)


def recv(size):
    room = ctypes.create_string_buffer(size)
    got = persistent(lib.gnutls_record_recv, session, room, length(size))
    return room.raw[:got]


def recv_seq(size):
    room, number = ctypes.create_string_buffer(size), ctypes.create_string_buffer(8)
    got = persistent(lib.gnutls_record_recv_seq, session, room, length(size), number)
    return room.raw[:got]


def recv_packet(_):
    packet, datum = ctypes.c_void_p(), Datum()
    persistent(lib.gnutls_record_recv_packet, session, ctypes.byref(packet))
    lib.gnutls_packet_get(packet, ctypes.byref(datum), None)
    got = ctypes.string_at(datum.data, datum.size)
    lib.gnutls_packet_deinit(packet)
    return got


body = b"made-up prompt of GnuTLS, " * 400
head = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body)
receive = {"recv_seq": recv_seq, "recv_packet": recv_packet}.get(case, recv)

if case == "send2":
    send2(head)
    send2(body)
elif case == "send_range":
    send(head)
    send_range(body)
elif case == "corked":
    corked([head, body[:700]], WAIT)
    corked([body[700:7000], b"", body[7000:]], 0)
elif case == "resumed":
    send(head)
    interrupted(body, True)
elif case == "resumed without the buffer":
    send(head)
    interrupted(body, False)
else:
    send(head)
    send(body)

answer = b""
while b"\r\n\r\n" not in answer:
    answer += receive(700)
while len(answer.split(b"\r\n\r\n", 1)[1]) < len(body):
    answer += receive(700)
assert answer.endswith(body[::-1])
lib.gnutls_bye(session, 1)
lib.gnutls_deinit(session)
