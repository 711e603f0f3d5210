"""Reading folders of raw data."""

from pathlib import Path

import msgspec

from simulator.site import Raw


def read_json(folder: Path, *names: str) -> list[Raw] | None:
    """The first of `names` that the folder holds; None where it holds none."""
    for name in names:
        if (folder / name).exists():
            return msgspec.json.decode((folder / name).read_bytes())
    return None
