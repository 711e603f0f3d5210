"""Choosing findings by their codes, as linters do: `--select COV,SYN501 --ignore COV104`."""

from dataclasses import dataclass
from typing import Annotated

import typer

from cli.session import Failure

SelectOption = Annotated[
    list[str] | None,
    typer.Option("--select", metavar="CODES", help="Only these codes or beginnings, with commas between."),
]
IgnoreOption = Annotated[
    list[str] | None, typer.Option("--ignore", metavar="CODES", help="All but these codes or beginnings.")
]


@dataclass(frozen=True)
class Selection:
    """Codes and beginnings of codes that are wanted (none: all are) and unwanted."""

    wanted: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()

    def takes(self, code: str) -> bool:
        """Whether a code is chosen. Where both name it, the longer word counts, and of two as long, `--ignore`."""
        chosen = max((len(one) for one in self.wanted or ("",) if code.startswith(one)), default=-1)
        left_out = max((len(one) for one in self.unwanted if code.startswith(one)), default=-1)
        return chosen > left_out


def selection(select: list[str] | None, ignore: list[str] | None) -> Selection:
    """What the options say, given with commas or several times. Raises Failure on what begins no code."""
    return Selection(_codes(select), _codes(ignore))


def _codes(given: list[str] | None) -> tuple[str, ...]:
    codes = tuple(code.strip().upper() for text in given or () for code in text.split(",") if code.strip())
    if codes:
        from config.codes import CODES, is_prefix
        from config.problems import did_you_mean

        for code in codes:
            if not is_prefix(code):
                raise Failure(
                    f"No finding has the code {code}.{did_you_mean(code, CODES)}",
                    "`northing check` lists what is open.",
                )
    return codes
