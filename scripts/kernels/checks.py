"""Runs inside the emulated machine: what the sensor does on this kernel. Writes
one JSON object a check to `/run/results/checks`: name, ok, and what was found.

argv: folder of the sensor's and the provider's programs, the kernel's line of
`EXPECTED`, and whether its seccomp is to be made the old one first."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import plain_probe
import wire

HERE = Path(__file__).resolve().parent
RESULTS = Path("/run/results")
WORK = Path("/run/tmp")
DEADLINE = 120

# What the doctor must say is missing, by kernel.
EXPECTED = {
    "5.10": {"cookies", "uprobe_multi", "sleepable uprobes"},
    "6.1": {"uprobe_multi", "sleepable uprobes"},
    "6.12": set(),
    "6.12-old-seccomp": {"seccomp"},
}

# How functions must be probed there; on all others, at once.
METHODS = {"5.10": "uprobe without cookies", "6.1": "uprobe"}


class Failed(Exception):
    """A check that does not hold."""


def require(holds, what):
    if not holds:
        raise Failed(what)


def until(what, look):
    deadline = time.monotonic() + DEADLINE
    while not (found := look()):
        require(time.monotonic() < deadline, f"no {what} after {DEADLINE} s")
        time.sleep(0.05)
    return found


class Provider:
    def __init__(self, programs):
        self.log = WORK / "provider.log"
        command = [programs / "oisp-testkit-provider", "--dir", WORK / "provider", "--log", self.log]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = json.loads(self.process.stdout.readline())
        self.authority, self.url = line["ca"], line["https"].rstrip("/")
        self.port = int(self.url.rsplit(":", 1)[1])

    def exchanges(self, label):
        found = [wire.logged(exchange) for exchange in wire.lines(self.log)]
        return [exchange for exchange in found if label.encode() in exchange[3]]


class Sensor:
    def __init__(self, programs):
        self.capture, self.said = WORK / "capture.ndjson", RESULTS / "sensor.log"
        command = [programs / "oisp-sensor", "record", "-vv", "--output", WORK / "events.jsonl", "--store", WORK / "events.db", "--port", "0", "--open-reads"]
        command += ["--save-capture", self.capture, "--ring-mib", "64"]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self.said.open("w"))
        self.port = until("capture", self.ready).group(1)

    def ready(self):
        said = self.said.read_text()
        require(self.process.poll() is None, f"the sensor ended: {last(said)}")
        return re.search(r"dashboard\s+http://localhost:(\d+)", said)

    def ask(self, path):
        url = f"http://127.0.0.1:{self.port}/api/{path}"
        return json.loads(subprocess.run(["curl", "-sS", url], capture_output=True, check=True).stdout)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(DEADLINE)
        require(code == 0, f"the sensor ended with {code}: {last(self.said.read_text())}")


def last(text):
    return " | ".join(text.strip().splitlines()[-4:])


def ran(command, label):
    """Runs a client to its end: its pid."""
    client = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output = client.communicate(timeout=DEADLINE)[0].decode(errors="replace")
    require(client.returncode == 0, f"{label} ended with {client.returncode}: {last(output)}")
    return client.pid


def curl(provider, http, content, stream=False):
    body = json.dumps({"model": "gpt-4o-mini", "stream": stream, "messages": [{"role": "user", "content": content}]})
    path = WORK / "body"
    path.write_text(body)
    command = ["curl", "--silent", "--show-error", "--fail", http, "--cacert", provider.authority]
    command += ["--header", "content-type: application/json", "--header", "authorization: Bearer sk-test-made-up-0000"]
    return [*command, "--header", "expect:", "--data-binary", f"@{path}", f"{provider.url}/v1/chat/completions"]


def python(provider, mode, label):
    script = HERE.parent.parent / "clients/python/stdlib_https.py"
    options = ["--base-url", f"{provider.url}/v1", "--ca", provider.authority, "--mode", mode, "--calls", "3"]
    return [sys.executable, script, *options, "--prompt", label]


def sandboxed(provider, label, *more):
    return [sys.executable, HERE / "sandboxed.py", "localhost", str(provider.port), provider.authority, label, *more]


def clients(provider):
    """Each with the label that its requests hold."""
    large = "curl sends much " + "0123456789abcdef" * 40_000
    yield "curl", "curl says little", curl(provider, "--http1.1", "curl says little")
    yield "curl, streamed", "curl streams", curl(provider, "--http1.1", "curl streams [[chunks=50]]", stream=True)
    yield "curl, 640 kB", "curl sends much", curl(provider, "--http1.1", large)
    yield "python", "python keeps alive", python(provider, "keepalive", "python keeps alive")
    yield "python, streamed", "python streams", python(provider, "stream", "python streams")
    yield "sandboxed python", "from the sandbox", sandboxed(provider, "from the sandbox")


def compare(capture, pid, wanted):
    """The capture holds exactly the exchanges that the provider had."""
    found = wire.captured(capture, pid)
    require(wanted, "the provider had no call")
    require(len(found) == len(wanted), f"{len(found)} of {len(wanted)} exchanges captured")
    for sent, seen in zip(wanted, sorted(found, key=lambda exchange: wanted.index(exchange) if exchange in wanted else -1)):
        for name, left, right in zip(("method", "path", "headers", "body", "status", "headers back", "body back"), sent, seen):
            require(left == right, f"{name}: sent {str(left)[:300]}, captured {str(right)[:300]}")
    return f"{len(found)} calls, {sum(len(exchange[3]) + len(exchange[6]) for exchange in found)} bytes of bodies"


def doctor(programs, expected):
    ran = subprocess.run([programs / "oisp-sensor", "doctor", "--json"], capture_output=True, text=True, timeout=DEADLINE, check=False)
    (RESULTS / "doctor.json").write_text(ran.stdout)
    require(ran.returncode == 0, f"it says that nothing can be captured: {last(ran.stderr)}")
    checks = json.loads(ran.stdout)["checks"]
    # The machine has no more than this.
    missing = {check["name"] for check in checks if not check["ok"]}
    require(missing == expected, f"missing: {missing}, expected: {expected}")
    return "missing: " + (", ".join(sorted(missing)) or "nothing")


def old_seccomp():
    """Has the machine outside change seccomp's code (`old_seccomp.py`)."""
    with open("/proc/kallsyms", encoding="ascii") as symbols:
        found = [line.split()[:3] for line in symbols if " t " in line or " T " in line]
    addresses = {name: int(address, 16) for address, _, name in found}
    last = addresses["__secure_computing"]
    # All of `kernel/seccomp.c`.
    start = min(address for name, address in addresses.items() if "seccomp" in name and last - 0x4000 < address < last)
    end = min(address for address in addresses.values() if address > last)
    # Where the kernel is not moved, its code is there in memory.
    (RESULTS / "change.part").write_text(f"{start - 0xFFFFFFFF80000000:x} {end - start:x}")
    (RESULTS / "change.part").rename(RESULTS / "change")
    return until("change", lambda: (RESULTS / "changed").exists() and (RESULTS / "changed").read_text().strip())


def control(provider, kills):
    """Without the sensor: the filter works, and what a plain uretprobe does."""
    code = subprocess.run(sandboxed(provider, "control", "escape"), capture_output=True, check=False).returncode
    require(code == -signal.SIGSYS, f"the sandbox did not kill: {code}")
    with plain_probe.at_return_of("SSL_read_ex"):
        code = subprocess.run(sandboxed(provider, "control"), capture_output=True, check=False).returncode
    require((code != 0) == kills, f"with a plain uretprobe it ended with {code}")
    return "a plain uretprobe kills" if kills else "a plain uretprobe is survived"


class Report:
    def __init__(self):
        self.file = (RESULTS / "checks").open("w")

    def check(self, name, run, *arguments):
        began = time.monotonic()
        try:
            found, ok = run(*arguments), True
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the check's result
            found, ok = f"{type(error).__name__}: {error}", False
        line = {"name": name, "ok": ok, "found": str(found), "seconds": round(time.monotonic() - began, 1)}
        self.file.write(json.dumps(line) + "\n")
        self.file.flush()
        return found if ok else None


def started(sensor, kernel):
    counters, told = sensor.ask("health")["counters"], sensor.ask("doctor")
    (RESULTS / "status.json").write_text(json.dumps(told, indent=1))
    get = lambda name: next(value for key, value in counters.items() if key.endswith(name))
    refused = [target for target in told["targets"] if target["error"]]
    if kernel.endswith("-old-seccomp"):
        # Where not all return instructions are known, that is the right answer.
        refused = [target for target in refused if "kills programs under seccomp" not in target["error"]]
    require(not refused, f"could not be probed: {refused}")
    require(get("attached_files") > 0, "nothing is probed")
    wanted = METHODS.get(kernel, "uprobe_multi")
    require(told["method"] == wanted, f"probed by {told['method']}, expected: {wanted}")
    return f"{told['method']}, {get('attached_files')} files, {get('attached_probes')} probes"


def run_clients(report, sensor, provider):
    pids = {}
    for name, label, command in clients(provider):
        pids[name] = (report.check(f"{name} lives", ran, command, name), label)
    report.check("stop", sensor.stop)
    capture = wire.lines(sensor.capture)
    for name, (pid, label) in pids.items():
        report.check(f"{name} byte for byte", compare, capture, pid, provider.exchanges(label))


def main():
    programs, kernel = Path(sys.argv[1]), sys.argv[2]
    old = kernel.endswith("-old-seccomp")
    report = Report()
    if old:
        report.check("seccomp made old", old_seccomp)
    provider = Provider(programs)
    report.check("control", control, provider, old)
    report.check("doctor", doctor, programs, EXPECTED[kernel])
    if (sensor := report.check("load", Sensor, programs)) is not None:
        report.check("attach", started, sensor, kernel)
        run_clients(report, sensor, provider)
    provider.process.stdin.close()
    os._exit(0)


main()
