"""A return probe without the sensor, by the kernel's own interface for it."""

import contextlib
import ctypes
import ssl
import subprocess
from pathlib import Path

TRACING = Path("/run/tracing")


def place(name):
    """The library that Python's TLS is in, and where the function is in it."""
    assert ssl.OPENSSL_VERSION
    lines = Path("/proc/self/maps").read_text().splitlines()
    path = next(line.split()[-1] for line in lines if "libssl" in line)
    address = ctypes.cast(getattr(ctypes.CDLL(path), name), ctypes.c_void_p).value
    for line in lines:
        span, _, offset, *rest = line.split()
        start, end = (int(part, 16) for part in span.split("-"))
        if start <= address < end:
            return path, address - start + int(offset, 16)
    raise LookupError(name)


@contextlib.contextmanager
def at_return_of(name):
    if not (TRACING / "uprobe_events").exists():
        TRACING.mkdir(exist_ok=True)
        subprocess.run(["mount", "-t", "tracefs", "tracefs", TRACING], check=True)
    path, offset = place(name)
    (TRACING / "uprobe_events").write_text(f"r:plain/probe {path}:{offset:#x}\n")
    enable = TRACING / "events/plain/probe/enable"
    enable.write_text("1")
    try:
        yield
    finally:
        enable.write_text("0")
        (TRACING / "uprobe_events").write_text("")
