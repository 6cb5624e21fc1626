"""The matrix of runtimes: real programs call a loopback provider while the sensor
watches the machine; what it captured is compared with the provider's log.

    matrix.py [PART OF A ROW'S NAME]…

Each row is started 20 times for its first request (where the sensor cannot know
its program ahead, after it has seen it once), then makes 50 calls at once;
curl is also run 200 times in a row. A row that is not captured must be
explained: by the words of `doctor` that the table expects. Exit code 1 where a
row is neither, or is otherwise than the table says, or where the time is over:
OISP_MATRIX_MINUTES, 8 by default."""

import json
import os
import re
import select
import subprocess
import sys
import tempfile
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import captured
import table

STARTS, MANY, LOOP = 20, 50, 200
LIMIT = 60
DEADLINE = time.monotonic() + 60 * float(os.environ.get("OISP_MATRIX_MINUTES", "8"))
ENVIRONMENT = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "PYTHONDONTWRITEBYTECODE": "1"}


class World:
    """A provider and a sensor, in a folder of their own."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.log, self.events, self.raw = (self.folder / name for name in ("log", "events", "raw"))
        self.provider = subprocess.Popen(
            [table.BUILT / "oisp-testkit-provider", "--dir", folder, "--log", self.log],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        said = json.loads(self.provider.stdout.readline())
        self.base, self.ca = said["https"].rstrip("/"), said["ca"]
        self.errors = open(self.folder / "errors", "w+")
        record = ["record", "--port", "0", "--ephemeral", "--ring-mib", "64", "--output", self.events, "--save-capture", self.raw]
        self.sensor = subprocess.Popen([table.BUILT / "oisp-sensor", *record], stdout=subprocess.DEVNULL, stderr=self.errors)
        if not self.within(LIMIT, lambda: self.link() is not None):
            raise SystemExit("the sensor does not capture here: " + Path(self.errors.name).read_text())

    def within(self, limit, is_there):
        until = time.monotonic() + limit
        while not is_there():
            if time.monotonic() > until or self.sensor.poll() is not None:
                return False
            time.sleep(0.05)
        return True

    def stop(self):
        self.sensor.terminate()
        self.sensor.wait(LIMIT)
        self.provider.stdin.close()
        self.provider.wait(LIMIT)

    def link(self):
        """Where the sensor's dashboard is, and the token that opens it."""
        said = Path(self.errors.name).read_text()
        return re.search(r"(http://localhost:\d+)/\?token=(\w+) ", said)

    def probes(self, program):
        """Whether the sensor has probes in that file."""
        address, token = self.link().groups()
        request = urllib.request.Request(f"{address}/api/doctor", headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=LIMIT) as answer:
            return f'"path":"{program}"' in answer.read().decode().replace('": "', '":"')

    def environment(self):
        names = "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "DENO_CERT"
        return ENVIRONMENT | {name: self.ca for name in names} | {"TMPDIR": str(self.folder)}

    def command(self, row, label, count):
        words = {"BASE": self.base, "CA": self.ca, "LABEL": label, "COUNT": str(count)}
        words["TEMPORARY"] = tempfile.mkdtemp(dir=self.folder)
        return [re.sub("@([A-Z]+)", lambda found: words[found[1]], word) for word in row.command]


def limit():
    """Seconds that one program may take."""
    return max(1, min(LIMIT, DEADLINE - time.monotonic()))


def label_of(row):
    return "oisprow-" + re.sub(r"[^a-z0-9.]+", "-", row.name.lower())


class Run:
    """What was done with one row, and what came of it."""

    def __init__(self, world, row, version):
        self.world, self.row, self.version = world, row, version
        self.name, self.failures, self.said = label_of(row), [], None

    def start(self, number, count=1):
        command = self.world.command(self.row, f"{self.name}-{number}", count)
        try:
            ended = subprocess.run(
                command, env=self.world.environment(), stdin=subprocess.DEVNULL, capture_output=True, timeout=limit()
            )
        except subprocess.TimeoutExpired:
            self.failures.append("it did not end")
            return
        if ended.returncode and not self.row.fails:
            self.failures.append(ended.stderr.decode(errors="replace").strip()[-300:])

    def become_known(self):
        """Starts it until the sensor has probed its program."""
        for number in range(STARTS):
            self.start(f"lead-{number}")
            if self.world.probes(self.row.program or self.row.command[0]):
                return
            time.sleep(0.5)
        self.failures.append("its program did not become known")

    def first_requests(self):
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(self.start, range(STARTS)))

    def at_once(self):
        if self.row.many:
            self.start(STARTS, MANY)
            return
        with ThreadPoolExecutor(MANY) as pool:
            list(pool.map(self.start, range(STARTS, STARTS + MANY)))

    def ask_doctor(self):
        """Starts it once, and asks while it is there."""
        world = self.world
        command = world.command(self.row, f"{self.name}-0", 1)
        errors = tempfile.TemporaryFile(dir=world.folder)
        client = subprocess.Popen(
            command,
            env=world.environment() | {"LINGER": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
        try:
            if self.has_called(client):
                self.said = doctor(client.pid)
            else:
                errors.seek(0)
                self.failures.append("no call: " + errors.read().decode(errors="replace")[-300:])
        finally:
            client.stdin.close()
            try:
                client.wait(LIMIT)
            except subprocess.TimeoutExpired:
                client.kill()
                client.wait()

    def has_called(self, client):
        readable, _, _ = select.select([client.stdout], [], [], limit())
        return bool(readable) and client.stdout.readline() == b"done\n"

    def run(self):
        if self.row.expected == table.CAPTURED:
            if self.row.elsewhere:
                self.become_known()
            self.first_requests()
            self.at_once()
        else:
            self.ask_doctor()

    def result(self, capture, log, told):
        """A line, and whether it is as the table says."""
        first, many = [self.counts(capture, log, told, part) for part in ("first", "many")]
        if self.row.expected != table.CAPTURED:
            return self.explained(first)
        wanted = (STARTS, MANY) if self.name != "oisprow-curl-loop" else (LOOP, 0)
        whole = first == [wanted[0]] * 3 and many == [wanted[1]] * 3
        line = "first {}/{wanted}, exact {}, told {}".format(*first, wanted=wanted[0])
        if wanted[1]:
            line += ", at once {}/{wanted}, exact {}, told {}".format(*many, wanted=wanted[1])
        return line, whole and not self.failures

    def counts(self, capture, log, told, part):
        """Calls that the provider answered, those captured exactly, those told."""
        is_first = lambda label: (int(label.rsplit(b"-", 2)[1]) < STARTS) == (part == "first")
        if self.name == "oisprow-curl-loop":
            is_first = lambda label: part == "first"
        mine = [label for label in log if label.rsplit(b"-", 2)[0] == self.name.encode() and is_first(label)]
        exact = [label for label in mine if any(captured.is_exact(capture, label, each) for each in log[label])]
        whole = [label for label in mine if label in told or self.row.plain]
        return [len(mine), len(exact), len(whole)]

    def explained(self, first):
        if first[1]:
            return "captured, and the table expects a miss: change the table", False
        words = self.said or "nobody was asked"
        return f"explained: {words}", self.row.expected in words and first[0] > 0 and not self.failures


def doctor(pid):
    """What it says of a process: why not, or what besides."""
    asked = subprocess.run([table.BUILT / "oisp-sensor", "doctor", "--json", str(pid)], capture_output=True, text=True, timeout=LIMIT)
    lines = json.loads(asked.stdout)["processes"]
    if not lines:
        return "doctor does not know the process"
    said = lines[0]["why_not"] or "captured by " + ", ".join(lines[0]["via"])
    return "; but ".join([said, *lines[0]["besides"]])


def curl_loop(world):
    run = Run(world, table.curl("curl loop"), f"{LOOP} starts, one after the other")
    run.run = lambda: [run.start(number) for number in range(LOOP)]
    return run


def main():
    wanted = sys.argv[1:]
    rows = [row for row in table.rows() if not wanted or any(part in row.name for part in wanted)]
    with tempfile.TemporaryDirectory() as folder:
        world = World(folder)
        try:
            runs, skipped = play(world, rows, not wanted or "curl" in wanted)
        finally:
            time.sleep(1)
            world.stop()
        capture, log, told = captured.Capture(world.raw), captured.exchanges(world.log), captured.told(world.events)
        failed = [run.row.name for run in runs if not show(run, capture, log, told)]
    for row in skipped:
        print(f"skipped: {row.name}: not installed")
        if os.environ.get("CI") == "true" and not row.optional:
            failed.append(row.name)
    if failed:
        raise SystemExit("failed: " + ", ".join(failed))


def play(world, rows, with_loop):
    runs, skipped = [], []
    for row in rows:
        version = table.version(row)
        if version is None:
            skipped.append(row)
            continue
        runs.append(Run(world, row, version))
    if with_loop:
        runs.append(curl_loop(world))
    for run in runs:
        if time.monotonic() > DEADLINE:
            run.failures.append("the time is over")
            continue
        begin = time.monotonic()
        run.run()
        print(f"   {run.row.name}: {time.monotonic() - begin:.1f} s", file=sys.stderr, flush=True)
    return runs, skipped


def show(run, capture, log, told):
    line, good = run.result(capture, log, told)
    print(f"{'ok' if good else 'FAILED':<7} {run.row.name:<22} {run.version:<36.36} {line}")
    for failure in run.failures[:2]:
        print(f"        {failure}")
    return good


main()
