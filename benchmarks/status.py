"""How long someone waits for `northing status` of the sample company."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

from benchmarks.figures import Figure

LIMIT_S = 0.5
ROUNDS = 5
NORTHING = [sys.executable, "-c", "from cli.main import run; run()"]


def figures() -> Iterator[Figure]:
    """The whole command, start of Python included: the median of a few."""
    # Installed programs have their bytecode at hand.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as folder:
        environment["PYTHONPYCACHEPREFIX"] = f"{folder}/bytecode"
        data = f"{folder}/merlo"
        demo = [*NORTHING, "demo", "--no-serve", "--data", data]
        subprocess.run(demo, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        command = [*NORTHING, "status", "--config", f"{data}/northing.yaml"]
        seconds = []
        for _ in range(ROUNDS + 1):
            began = time.perf_counter()
            subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
            seconds.append(time.perf_counter() - began)
    yield Figure("northing status, sample company", statistics.median(seconds[1:]), target=LIMIT_S)
