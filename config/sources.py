"""The files that a configuration was read from, so that one can tell when they have changed."""

import glob
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

_LARGEST = 64 * 1024 * 1024


@dataclass
class Sources:
    """Files by a fingerprint of their content (None: not there), and patterns by the files that they match.

    Each is noted before it is read. What changes while it is read therefore differs from what was noted.
    """

    files: dict[Path, bytes | None] = field(default_factory=dict)
    patterns: dict[tuple[Path, str], frozenset[str]] = field(default_factory=dict)

    def file(self, path: Path) -> None:
        """Notes a file that is about to be read."""
        self.files[path] = _fingerprint(path)

    def pattern(self, folder: Path, pattern: str) -> None:
        """Notes a glob, relative to a folder."""
        self.patterns[folder, pattern] = _names(folder, pattern)

    def now(self) -> "Sources":
        """The same files and patterns, as they are now: equal where nothing has changed."""
        return Sources(
            {path: _fingerprint(path) for path in self.files},
            {(folder, pattern): _names(folder, pattern) for folder, pattern in self.patterns},
        )


def _fingerprint(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            return blake2b(file.read(_LARGEST), digest_size=16).digest()
    except (OSError, ValueError):
        return None


def _names(folder: Path, pattern: str) -> frozenset[str]:
    return frozenset(glob.glob(pattern, root_dir=folder, recursive=True))  # noqa: PTH207 - absolute ones too
