"""`python tests/fuzz/run.py TOOL RUNS`: fuzzes one tool's parsers, guided by what the answers have covered.

The runs are split among processes, each with a seed of its own. An input is the number of a place in the conversation
and, behind it, the body that is given there. Ends with an error on the first body that breaks the program, and keeps it
in a file named `crash-…`.
"""

import logging
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from random import Random

import atheris

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

with atheris.instrument_imports(include=["connectors"]):
    # Loaded here, as the connectors load these only when they are needed.
    for name in ("github.client", "github.control", "github.connector", "jira.connector"):
        import_module(f"connectors.{name}")
    from tests.fuzz.conversations import conversations
    from tests.fuzz.mutate import mutated
    from tests.fuzz.recorded import add_recorded

PLACE = 2
"""Bytes of an input that name the place."""
SLICE = 10_000


def main() -> None:
    """Tries so many answers. Ends with the exit code of the first process that fails."""
    tool, runs = sys.argv[1], int(sys.argv[2])
    for seed in range(1, -(-runs // SLICE) + 1):
        done = subprocess.run([sys.executable, __file__, tool, str(SLICE), str(seed)], check=False)
        if done.returncode:
            sys.exit(done.returncode)


def run_slice(tool: str, runs: str, seed: str) -> None:
    """One process's share."""
    logging.disable()
    talk = next(one for one in conversations() if one.name == tool)
    add_recorded(talk, ROOT.parent / "shared" / "realdata")
    places = talk.places()

    def try_one(data: bytes) -> None:
        if len(data) >= PLACE:
            talk.survive(places[int.from_bytes(data[:PLACE], "big") % len(places)], data[PLACE:])

    def change(data: bytes, largest: int, number: int) -> bytes:
        chance = Random(number)
        if len(data) < PLACE or chance.random() < 0.1:
            return atheris.Mutate(data, largest)
        return data[:PLACE] + mutated(data[PLACE:], chance)[: largest - PLACE]

    with tempfile.TemporaryDirectory() as corpus:
        for index, place in enumerate(places):
            for number, body in enumerate(talk.bodies(place)):
                (Path(corpus) / f"{index}-{number}").write_bytes(index.to_bytes(PLACE, "big") + body)
        options = [f"-runs={runs}", f"-seed={seed}", "-max_len=1200000", "-rss_limit_mb=4096", "-timeout=60"]
        atheris.Setup([sys.argv[0], *options, corpus], try_one, custom_mutator=change)
        atheris.Fuzz()


if __name__ == "__main__":
    if len(sys.argv) == 3:
        main()
    else:
        run_slice(*sys.argv[1:])
