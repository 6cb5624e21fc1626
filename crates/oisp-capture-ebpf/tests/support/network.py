"""What a test of the network wants done: argv is the deed and its arguments. What
was done is printed, one JSON line each, so that the test can hold it against what
was captured. Deeds that wait do so for a line on standard input."""

import array
import asyncio
import errno
import json
import os
import socket
import ssl
import struct
import subprocess
import sys
import threading

context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE


def say(**what):
    # In one call: threads say something at a time.
    os.write(1, json.dumps(what).encode() + b"\n")


def request(number):
    return b"GET /%d HTTP/1.1\r\nHost: localhost\r\n\r\n" % number


def ends(plain):
    return {"local": plain.getsockname()[1], "remote": plain.getpeername()[1]}


async def one_async(port, number, rounds):
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=context, server_hostname="name%d.example.test" % number
    )
    for _ in range(rounds):
        writer.write(request(number))
        await writer.drain()
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(number)
    assert b"200" in head
    say(number=number, **ends(writer.get_extra_info("socket")))
    writer.close()


async def many_async(ports, count, rounds):
    each = (one_async(ports[number % len(ports)], number, rounds) for number in range(count))
    await asyncio.gather(*each)


def ask(tls, number):
    tls.sendall(request(number))
    answer = b""
    while len(answer.partition(b"\r\n\r\n")[2]) < number or b"\r\n\r\n" not in answer:
        answer += tls.recv(65536)


def one_threaded(port, number, rounds):
    plain = socket.create_connection(("127.0.0.1", port))
    with context.wrap_socket(plain, server_hostname="name%d.example.test" % number) as tls:
        for _ in range(rounds):
            ask(tls, number)
        say(number=number, **ends(tls))


def many_threads(ports, count, rounds):
    threads = [
        threading.Thread(target=one_threaded, args=(ports[number % len(ports)], number, rounds))
        for number in range(count)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def connect(host, port, blocking):
    """The error of a connection that is asked for."""
    plain = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    plain.setblocking(blocking)
    error = plain.connect_ex((host, port))
    if error == errno.EINPROGRESS:
        asyncio.run(writable(plain))
        error = plain.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    say(error=error)
    plain.close()


async def writable(plain):
    done = asyncio.Event()
    asyncio.get_running_loop().add_writer(plain.fileno(), done.set)
    await done.wait()


def abandon(host, port):
    """Gives a connection up before there is an answer."""
    plain = socket.socket()
    plain.settimeout(0.2)
    try:
        plain.connect((host, port))
    except TimeoutError:
        say(error=errno.ECANCELED)
    plain.close()


def reset_by_peer():
    """A connection that its other end resets, in one process."""
    listener = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(listener.getsockname())
    server, _ = listener.accept()
    client.sendall(b"x" * 1000)
    server.recv(100)
    say(**ends(client))
    server.close()
    try:
        client.recv(1)
    except ConnectionResetError:
        pass
    client.close()


def plain_exchange(sent, received):
    """Bytes of both directions, in one process over IPv6 for the client."""
    listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
    client = socket.create_connection(listener.getsockname()[:2])
    server, _ = listener.accept()
    echo = threading.Thread(target=lambda: serve(server, sent, received))
    echo.start()
    client.sendall(b"a" * sent)
    left = received
    while left > 0:
        left -= len(client.recv(65536))
    say(**ends(client))
    client.close()
    echo.join()


def serve(server, sent, received):
    left = sent
    while left > 0:
        left -= len(server.recv(65536))
    server.sendall(b"b" * received)
    server.recv(1)
    server.close()


def before_and_after(port):
    """A connection that is there before the capture."""
    plain = socket.create_connection(("127.0.0.1", port))
    say(**ends(plain))
    sys.stdin.readline()
    plain.close()


def fork_after_connect(port):
    """The child alone uses the connection, and ends it."""
    plain = socket.create_connection(("127.0.0.1", port))
    tls = context.wrap_socket(plain)
    child = os.fork()
    if child == 0:
        ask(tls, 7)
        say(child=os.getpid(), **ends(tls))
        tls.close()
        os._exit(0)
    # The parent's copy does not end it.
    tls.detach()
    os.waitpid(child, 0)


def pass_on(port):
    """Gives a connection to another program over a Unix socket; that one uses it."""
    ours, theirs = socket.socketpair()
    other = subprocess.Popen([sys.executable, __file__, "taker", str(theirs.fileno())], pass_fds=[theirs.fileno()])
    theirs.close()
    plain = socket.create_connection(("127.0.0.1", port))
    say(taker=other.pid, **ends(plain))
    socket.send_fds(ours, [b"here"], [plain.fileno()])
    ours.recv(1)
    plain.close()
    ours.send(b"!")
    other.wait()


def taker(descriptor):
    unix = socket.socket(fileno=descriptor)
    _, descriptors, _, _ = socket.recv_fds(unix, 16, 1)
    tls = context.wrap_socket(socket.socket(fileno=descriptors[0]))
    ask(tls, 9)
    unix.send(b".")
    unix.recv(1)
    tls.close()


def burst(count):
    """More connections than a process is told of."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    for _ in range(count):
        client = socket.create_connection(listener.getsockname())
        server, _ = listener.accept()
        client.close()
        server.close()
    say(done=count)


ADDRESSES = ["192.0.2.7", "192.0.2.8"]


def name_server():
    """A name server on its port, in a network of its own."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.53", 53))
    threading.Thread(target=answer, args=(server,), daemon=True).start()


def answer(server):
    while True:
        query, peer = server.recvfrom(512)
        end = query.index(b"\0", 12) + 5
        kind = struct.unpack(">H", query[end - 4 : end - 2])[0]
        known = b"known" in query.lower()
        records = ADDRESSES if kind == 1 and known else []
        code = 0x8180 if known else 0x8183
        body = query[:2] + struct.pack(">HHHHH", code, 1, len(records), 0, 0) + query[12:end]
        for address in records:
            body += struct.pack(">HHHIH", 0xC00C, 1, 1, 60, 4) + socket.inet_aton(address)
        server.sendto(body, peer)


def query(number, name, kind):
    labels = b"".join(bytes([len(label)]) + label for label in name.encode().split(b"."))
    return struct.pack(">HHHHHH", number, 0x100, 1, 0, 0, 0) + labels + struct.pack(">BHH", 0, kind, 1)


def resolve():
    name_server()
    connected = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    connected.connect(("127.0.0.53", 53))
    connected.send(query(1, "Known.example.test", 1))
    connected.recv(4096)
    loose = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    loose.sendto(query(2, "known.example.test", 28), ("127.0.0.53", 53))
    loose.recvmsg(4096)
    loose.sendmsg([query(3, "nowhere.example.test", 1)], [], 0, ("127.0.0.53", 53))
    buffer = array.array("B", bytes(4096))
    loose.recv_into(buffer)
    # No name server: not an answer, whatever it looks like.
    other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    other.bind(("127.0.0.1", 0))
    loose.sendto(query(4, "other.example.test", 1), other.getsockname())
    other.recv(4096)
    say(done=True)


def blackhole():
    """Answers of nobody, in a network of its own."""
    with open("/proc/sys/net/ipv4/tcp_syn_retries", "w") as retries:
        retries.write("1")
    for arguments in (
        "link add nowhere type veth peer name beyond",
        "address add 192.0.2.1/24 dev nowhere",
        "link set nowhere up",
        "link set beyond up",
        "neighbour add 192.0.2.9 lladdr 02:00:00:00:00:09 dev nowhere",
    ):
        subprocess.run(["ip", *arguments.split()], check=True)
    abandon("192.0.2.9", 81)
    connect("192.0.2.9", 82, True)


deed, arguments = sys.argv[1], sys.argv[2:]
numbers = [int(argument) for argument in arguments if argument.isdigit()]
if deed == "asyncio":
    asyncio.run(many_async(numbers[:2], *numbers[2:]))
elif deed == "threads":
    many_threads(numbers[:2], *numbers[2:])
elif deed == "connect":
    connect(arguments[0], int(arguments[1]), arguments[2] == "blocking")
elif deed == "exchange":
    plain_exchange(*numbers)
else:
    deeds = {
        "before": before_and_after,
        "fork": fork_after_connect,
        "pass": pass_on,
        "taker": taker,
        "burst": burst,
        "reset": reset_by_peer,
        "resolve": resolve,
        "blackhole": blackhole,
    }
    deeds[deed](*numbers)
