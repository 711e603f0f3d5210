"""One measured figure beside its target, and the table of all of them."""

import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """`ours` and `peer` are in `unit`. `value` is what the target bounds: the ratio, or `ours` where there is no peer.

    `target` is None where a figure only stands beside others.
    """

    work: str
    ours: float
    peer: float | None = None
    target: float | None = None
    unit: str = "s"

    @property
    def ratio(self) -> float | None:
        return None if self.peer is None else self.ours / self.peer

    @property
    def met(self) -> bool | None:
        value = self.ours if self.ratio is None else self.ratio
        return None if self.target is None else value <= self.target

    def cells(self) -> tuple[str, ...]:
        """The row of the table: work, ours, peer, ratio, target, met."""
        target = "" if self.target is None else f"≤ {self.target:g}" + (" ×" if self.peer else f" {self.unit}")
        return (
            self.work,
            f"{self.ours:.4g} {self.unit}",
            "" if self.peer is None else f"{self.peer:.4g} {self.unit}",
            "" if self.ratio is None else f"{self.ratio:.2f}",
            target,
            {None: "", True: "yes", False: "no"}[self.met],
        )


def in_turns(rounds: int, ours: Callable[[], float], peer: Callable[[], float]) -> tuple[float, float]:
    """Seconds of both, of the round whose ratio is the median: whatever else the machine does meets both alike."""
    pairs = [(ours(), peer()) for _ in range(rounds)]
    ratio = statistics.median_low(one / other for one, other in pairs)
    return next(pair for pair in pairs if pair[0] / pair[1] == ratio)


def show(figures: Iterable[Figure], title: str) -> None:
    """Prints each figure to standard error as soon as it is measured, and the table of all of them at the end."""
    table = Table("work", "ours", "peer", "ratio", "target", "met?", title=title, title_justify="left")
    notes = Console(stderr=True)
    for figure in figures:
        cells = figure.cells()
        notes.print("  ".join(cell for cell in cells if cell), highlight=False, soft_wrap=True)
        table.add_row(*cells)
    Console(width=max(notes.width, 110)).print(table)
