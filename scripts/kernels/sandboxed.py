"""A TLS client that allows itself, once it is connected, only the system calls
that it knows (seccomp, any other kills it). It knows no `uretprobe`: where the
kernel makes the return of a probed function a system call, and asks the filter
about it, this program is killed.

argv: host, port, file with the authority, what the prompts hold. x86-64 only."""

import ctypes
import json
import signal
import socket
import ssl
import struct
import sys

PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, MODE_FILTER = 22, 38, 2
KILL_PROCESS, ALLOW = 0x80000000, 0x7FFF0000
LOAD, JUMP_EQUAL, RETURN = 0x20, 0x15, 0x06
# read write close fstat poll lseek mmap mprotect munmap brk rt_sigaction
# rt_sigprocmask rt_sigreturn ioctl mremap madvise getpid sendto recvfrom shutdown
# getsockopt fcntl exit sigaltstack futex exit_group newfstatat getrandom, and the
# clock (gettimeofday time clock_gettime), where the processor's is not to be had
KNOWN = [0, 1, 3, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 25, 28, 39, 44, 45, 48, 55, 72, 60, 131, 202, 231, 262, 318, 96, 201, 228]
# One that is not known, to see the filter work.
GETPPID = 110


class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


def enter_sandbox():
    lines = [(LOAD, 0, 0, 0)]
    lines += [(JUMP_EQUAL, len(KNOWN) - at, 0, number) for at, number in enumerate(KNOWN)]
    lines += [(RETURN, 0, 0, KILL_PROCESS), (RETURN, 0, 0, ALLOW)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in lines))
    program = Program(len(lines), ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(PR_SET_SECCOMP, MODE_FILTER, ctypes.byref(program), 0, 0):
        sys.exit("cannot enter the sandbox")
    return libc


def call(tls, host, label, number):
    body = json.dumps({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": f"{label}, {number}"}]})
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer sk-test-made-up-0000\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
    tls.sendall((head + "\r\n" + body).encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += tls.recv(65536)
    head, body = answer.split(b"\r\n\r\n", 1)
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    while len(body) < int(fields[b"content-length"]):
        body += tls.recv(65536)


def main():
    host, port, authority, label = sys.argv[1:5]
    context = ssl.create_default_context(cafile=authority)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    with socket.create_connection(("127.0.0.1", int(port))) as plain:
        with context.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False) as tls:
            libc = enter_sandbox()
            tls.do_handshake()
            for number in range(3):
                call(tls, host, label, number)
    print("alive", flush=True)
    if "escape" in sys.argv[5:]:
        libc.syscall(GETPPID)
        print("the sandbox lets anything pass", flush=True)


main()
