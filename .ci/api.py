#!/usr/bin/env python3
"""Asks every operation of the API what its document says it answers, as a clerk, an officer, an auditor, a manager and an
administrator would: these last, since they change the list of items and suspend whoever is there.

    api.py ADDRESS ACCOUNTS [LOGIN ...]    beside schemathesis; ACCOUNTS is the demonstration's accounts.json

Each account comes with the key that the demonstration made for it. What is generated is the same each time: nothing is
left to chance, and ids of things that are there stand in for made-up ones (api_hooks.py).
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

# Of each operation, and in all.
EXAMPLES = 8
SECONDS = 720

WHO = ("clerk", "officer", "auditor", "manager", "admin")

HERE = pathlib.Path(__file__).resolve().parent


def check(address: str, login: str, key: str, until: float) -> bool:
    """Whether everything was answered as described, in time."""
    command = [
        str(pathlib.Path(sys.executable).parent / "schemathesis"),
        "run",
        f"{address}/api/openapi.json",
        "--header", f"Authorization: Bearer {key}",
        "--phases", "examples,coverage,fuzzing",
        "--checks", "all",
        "--max-examples", str(EXAMPLES),
        "--generation-deterministic",
        "--request-timeout", "60",
        "--suppress-health-check", "all",
        "--warnings", "off",
        "--workers", "2",
        "--no-color",
    ]
    environment = {
        **os.environ,
        "PYTHONPATH": str(HERE),
        "PYTHONDONTWRITEBYTECODE": "1",
        "SCHEMATHESIS_HOOKS": "api_hooks",
        "KANDENG_ADDRESS": address,
        "KANDENG_KEY": key,
    }
    print(f"-- as {login}", flush=True)
    begun = time.monotonic()
    try:
        # What schemathesis keeps of a run stays out of the checkout.
        with tempfile.TemporaryDirectory() as folder:
            left = max(until - begun, 1)
            done = subprocess.run(command, env=environment, cwd=folder, timeout=left, check=False)
    except subprocess.TimeoutExpired:
        print(f"-- as {login}: not done within {SECONDS} s in all", flush=True)
        return False
    print(f"-- as {login}: {time.monotonic() - begun:.0f} s", flush=True)
    return done.returncode == 0


def main() -> int:
    address, accounts, *logins = sys.argv[1:]
    keys = {one["login"]: one["key"] for one in json.loads(pathlib.Path(accounts).read_text("utf-8"))}
    until = time.monotonic() + SECONDS
    # All of them, so that one look shows everything that is wrong.
    return 0 if all([check(address, login, keys[login], until) for login in logins or WHO]) else 1


if __name__ == "__main__":
    sys.exit(main())
