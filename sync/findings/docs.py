"""`python -m sync.findings.docs [FOLDER]` writes the pages of all findings."""

import sys
from pathlib import Path

from sync.findings.pages import pages

FOLDER = Path("docs/reference/findings")


def main(folder: Path) -> None:
    """Writes all pages, and removes those of codes that are gone."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = pages()
    for old in folder.glob("*.md"):
        if old.name not in wanted:
            old.unlink()
    for name, text in wanted.items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
