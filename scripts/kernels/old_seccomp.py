"""Makes the running kernel of an emulated machine one whose seccomp asks filters
about `uretprobe`, as those of Linux 6.11 and 6.12 did at first: no archive has
one of them any more. Through QEMU's port for debuggers, the number that seccomp
lets pass unasked is overwritten in its code.

argv: socket of that port, physical address of the code and its length, in hex"""

import re
import socket
import sys

URETPROBE, NONE = (335).to_bytes(4, "little"), (0x7FFFFFFF).to_bytes(4, "little")
# cmp eax, imm32; cmp r32, imm32
COMPARE = re.compile(rb"(?:\x3d|\x81[\xf8-\xff])" + re.escape(URETPROBE))


class Debugger:
    """GDB's remote protocol, as far as memory goes."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(30)
        self.socket.connect(path)
        self.input = self.socket.makefile("rb")

    def ask(self, text):
        data = text.encode()
        self.socket.sendall(b"$" + data + b"#%02x" % (sum(data) % 256))
        answer = self.packet()
        while answer.startswith(b"T"):  # It stopped, as it does for every debugger.
            answer = self.packet()
        if re.fullmatch(rb"E\d\d", answer):
            sys.exit(f"{text[:40]}: {answer.decode()}")
        return answer

    def packet(self):
        while self.input.read(1) != b"$":
            pass
        answer = b""
        while (byte := self.input.read(1)) != b"#":
            answer += byte
        self.input.read(2)
        self.socket.sendall(b"+")
        return answer

    def read(self, address, length):
        found = b""
        while len(found) < length:
            part = min(512, length - len(found))
            found += bytes.fromhex(self.ask(f"m{address + len(found):x},{part:x}").decode())
        return found

    def write(self, address, data):
        self.ask(f"M{address:x},{len(data):x}:{data.hex()}")


def main():
    path, address, length = sys.argv[1], int(sys.argv[2], 16), int(sys.argv[3], 16)
    debugger = Debugger(path)
    debugger.ask("Qqemu.PhyMemMode:1")
    code = debugger.read(address, length)
    places = [match.end() - 4 for match in COMPARE.finditer(code)]
    for place in places:
        debugger.write(address + place, NONE)
        if debugger.read(address + place, 4) != NONE:
            sys.exit("the code does not change")
    debugger.ask("D")
    if not places:
        sys.exit("seccomp has no such comparison in its code")
    print(f"{len(places)} comparisons changed")


main()
