"""A TLS client that says exactly what it is told: argv is port, threads, size,
rounds. Each thread opens a connection and sends, each round, one POST of `size`
bytes that begin with its number, in one call, and reads the whole answer. Waits
for a line on standard input between connecting and sending."""

import socket
import ssl
import sys
import threading

port, threads, size, rounds = map(int, sys.argv[1:5])
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
connected = threading.Barrier(threads + 1)
go = threading.Event()


def body(number):
    return (b"thread %06d " % number + b"abcdefghijklmnopqrstuvwxyz" * (size // 26 + 1))[:size]


def run(number):
    with socket.create_connection(("127.0.0.1", port)) as plain, context.wrap_socket(plain) as tls:
        connected.wait()
        go.wait()
        for _ in range(rounds):
            tls.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % size + body(number))
            answer = b""
            while b"\r\n\r\n" not in answer:
                answer += tls.recv(65536)
            rest = size - len(answer.split(b"\r\n\r\n", 1)[1])
            while rest > 0:
                rest -= len(tls.recv(65536))


workers = [threading.Thread(target=run, args=(number,)) for number in range(threads)]
for worker in workers:
    worker.start()
connected.wait()
print("connected", flush=True)
sys.stdin.readline()
go.set()
for worker in workers:
    worker.join()
