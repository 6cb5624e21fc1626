"""The runtimes, how each is started, and what is expected of each: `captured`, or
the words that the sensor must have for why it is not."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from glob import glob
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BUILT = Path(os.environ.get("OISP_BUILT", ROOT / "target/debug"))
RUNTIMES = ROOT / ".tools/runtimes"
ENGINES = RUNTIMES / "engines/node_modules"
VENV = ROOT / ".tools/clients-venv/bin/python"

CAPTURED = "captured"


@dataclass
class Row:
    name: str
    # argv; @BASE, @CA, @LABEL, @COUNT and @TEMPORARY stand for what they say.
    command: list
    expected: str = CAPTURED
    # What must be there, and how to ask it for its version.
    version: list = None
    # One process makes many calls at once; otherwise many processes do.
    many: bool = True
    # Not to be had everywhere: its absence is no failure even in CI.
    optional: bool = False
    # A program with TLS inside, where the sensor does not look ahead: it is known
    # from its first start on, and the first request of that start may be missed.
    elsewhere: bool = False
    # The file that is probed, where the command is not it.
    program: str = None
    # What it asks makes no AI call that is told whole: only bytes are compared.
    plain: bool = False
    # It may exit with a failure once it has its answer.
    fails: bool = False


def which(name):
    return shutil.which(name) or f"/nowhere/{name}"


def python(library, interpreter=VENV, name=None, optional=False):
    command = [str(interpreter), str(HERE / "client.py"), library, "@BASE", "@CA", "@LABEL", "@COUNT"]
    return Row(name or f"python {library}", command, version=[str(interpreter), "--version"], optional=optional)


def of_pyenv():
    """The oldest and the newest that pyenv has."""
    versions = [Path(path) for path in glob(os.path.expanduser("~/.pyenv/versions/3.*/bin/python3"))]
    versions.sort(key=lambda path: [int(part) for part in path.parts[-3].split(".") if part.isdigit()])
    versions = [path for path in versions if int(path.parts[-3].split(".")[1]) >= 8]
    ends = [versions[0], versions[-1]] if len(versions) > 1 else versions
    return [python("stdlib", path, f"pyenv {path.parts[-3]}", optional=True) for path in ends]


def libcurl(library, backend, optional=False):
    # Any Python will do, and the system's has no TLS loaded of itself.
    command = [which("python3"), str(HERE / "libcurl.py"), library, "@BASE", "@CA", "@LABEL", "@COUNT"]
    ask = f"import ctypes; c = ctypes.CDLL('{library}'); c.curl_version.restype = ctypes.c_char_p; print(c.curl_version().decode())"
    return Row(f"libcurl {backend}", command, version=[which("python3"), "-c", ask], optional=optional)


def script(name, library, program, *words, expected=CAPTURED):
    command = [program, *words, str(HERE / "client.mjs"), library, "@BASE", "@CA", "@LABEL", "@COUNT"]
    return Row(f"{name} {library}", command, expected, version=[program, "--version"])


def compiled(name, program, expected=CAPTURED, version=None):
    command = [str(program), "-", "@BASE", "@CA", "@LABEL", "@COUNT"]
    return Row(name, command, expected, version=[*(version or ["ls"]), str(program)], elsewhere=True)


SAID = '{"model":"gpt-4o-mini","messages":[{"role":"user","content":"@LABEL-0. [[bytes=3000]]"}]}'
CALL = "@BASE/v1/chat/completions"
KEY, KIND = "authorization: Bearer sk-test-made-up-0000", "content-type: application/json"


def curl(name="curl"):
    command = [which("curl"), "-qsSf", "-o", "/dev/null", "--cacert", "@CA", "-H", KEY, "-H", KIND, "--data-binary", SAID, CALL]
    return Row(name, command, version=[which("curl"), "--version"], many=False)


def command_lines():
    wget = [which("wget"), "-qO", "/dev/null", "--ca-certificate=@CA", f"--header={KEY}", f"--header={KIND}", f"--post-data={SAID}", CALL]
    git = [which("git"), "-c", "http.version=HTTP/1.1", "-c", "http.sslCAInfo=@CA", "ls-remote", "@BASE/@LABEL-0"]
    return [
        curl(),
        Row("wget", wget, version=[which("wget"), "--version"], many=False),
        Row("git", git, version=[which("git"), "--version"], many=False, plain=True, fails=True),
    ]


def chromium():
    program = which("chromium")
    flags = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
        --disable-component-update --disable-sync --ignore-certificate-errors --user-data-dir=@TEMPORARY \
        --disable-features=LocalNetworkAccessChecks --virtual-time-budget=20000 --dump-dom".split()
    page = f"file://{HERE}/page.html#@BASE,@LABEL,@COUNT"
    return Row("chromium", [program, *flags, page], version=[program, "--version"], plain=True, elsewhere=True, program="/usr/lib/chromium/chromium")


def rows():
    node = which("node")
    bun = str(ENGINES / "@oven/bun-linux-x64/bin/bun")
    deno = str(ENGINES / "@deno/linux-x64-glibc/deno")
    if os.uname().machine == "aarch64":
        bun, deno = bun.replace("x64", "aarch64"), deno.replace("x64", "arm64")
    java = [which("java"), str(HERE / "java/Client.java"), "-", "@BASE", "@CA", "@LABEL", "@COUNT"]
    return [
        python("stdlib", "/usr/bin/python3", "python of the system"),
        *of_pyenv(),
        *(python(library) for library in ("requests", "httpx", "aiohttp")),
        *(script("node", library, node) for library in ("fetch", "https", "undici", "axios", "openai")),
        script("node elsewhere", "fetch", str(RUNTIMES / "node-elsewhere")),
        *command_lines(),
        libcurl("libcurl-gnutls.so.4", "GnuTLS"),
        libcurl("libcurl-nss.so.4", "NSS", optional=True),
        python("pycurl", RUNTIMES / "venv/bin/python", "pycurl with its own OpenSSL"),
        script("bun", "fetch", bun),
        script("deno", "fetch", deno, "run", "-A", expected="rustls"),
        compiled("go", RUNTIMES / "go-client", version=[which("go"), "version"]),
        compiled("go stripped", RUNTIMES / "go-client-stripped", version=[which("go"), "version"]),
        compiled("rustls", BUILT / "examples/rustls_client", "rustls"),
        Row("java", java, "Java's own TLS", version=[which("java"), "--version"]),
        chromium(),
        # Last: their libraries take seconds to load, and the time may be over.
        python("openai"),
        python("anthropic"),
    ]


def version(row):
    """What it says of itself; `None` where it is not there."""
    try:
        asked = subprocess.run(row.version, capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return None
    if asked.returncode != 0:
        return None
    said = (asked.stdout or asked.stderr).strip().splitlines()
    return said[0].replace(str(ROOT) + "/", "") if said else ""
