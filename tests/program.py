"""The program, called in this process as its users call it."""

import json
from dataclasses import dataclass
from typing import Any

from typer.testing import CliRunner

from cli.main import app


@dataclass(frozen=True)
class Result:
    """What a call came to."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """Standard output as JSON: it must be that and nothing else."""
        return json.loads(self.out)


def call(*args: str, typed: str | None = None) -> Result:
    """Calls the program. `typed`: what a person would type."""
    found = CliRunner().invoke(app, list(args), input=typed)
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        raise found.exception
    return Result(found.exit_code, found.stdout, found.stderr)
