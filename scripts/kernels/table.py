"""Kernel by check, from the results of `checks.py`. Ends with 1 where a check
failed or a machine said nothing.

argv: folders of results, named by kernel"""

import json
import sys
from pathlib import Path


def read(folder):
    try:
        with open(folder / "checks", encoding="utf-8") as file:
            return {line["name"]: line for line in map(json.loads, file)}
    except OSError:
        return {}


def main():
    kernels = {Path(folder).name: read(Path(folder)) for folder in sys.argv[1:]}
    names = list(dict.fromkeys(name for checks in kernels.values() for name in checks))
    width = max(map(len, names), default=0)
    columns = {kernel: max(len(kernel), 7) for kernel in kernels}
    print(" " * width, *(f"{kernel:>{columns[kernel]}}" for kernel in kernels), sep="  ")
    for name in names:
        cells = ({True: "ok", False: "FAILED", None: "-"}[checks.get(name, {}).get("ok")] for checks in kernels.values())
        print(f"{name:{width}}", *(f"{cell:>{columns[kernel]}}" for kernel, cell in zip(kernels, cells)), sep="  ")
    failed = not kernels or any(not checks for checks in kernels.values())
    for kernel, checks in kernels.items():
        for name in ("control", "doctor", "attach"):
            if checks.get(name, {}).get("ok"):
                print(f"{kernel}: {name}: {checks[name]['found']}")
        for check in checks.values():
            if not check["ok"]:
                failed = True
                print(f"{kernel}: {check['name']}: {check['found']}")
        if "stop" not in checks:
            failed = True
            print(f"{kernel}: the checks did not come to their end")
    sys.exit(failed)


main()
