"""Values from outside the file: `${VAR}`, `${VAR:-default}`, `${file:PATH}`; `$${` stands for a plain `${`."""

import re
from collections.abc import Mapping
from pathlib import Path

from config.sources import Sources

_REFERENCE = re.compile(r"\$\$\{|\$\{([^}]*)\}?")
_VARIABLE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?", re.DOTALL)
_SECRET_NAME = re.compile(r"(?i)token|secret|passw|pwd|key|credential|auth|_pw\b|_pat\b")
SECRET_PLACE = re.compile(r"(?i)auth|headers|channels|sql|database|token|secret|passw|private_key|credential")
"""Keys of the configuration under which a text may be a secret, and is not shown."""

_LARGEST = 1_000_000
_SHORTEST_SECRET = 4


class Unresolved(ValueError):
    """A reference leads nowhere. The message never holds a value."""


class References:
    """Fills references in texts, and remembers what must not be shown."""

    def __init__(self, env: Mapping[str, str], base: Path, sources: Sources | None = None) -> None:
        """`base`: the folder of the main file, where relative paths of `${file:…}` begin. Files go to `sources`."""
        self.env = env
        self.base = base
        self.sources = Sources() if sources is None else sources
        self.secrets: set[str] = set()

    def fill(self, text: str) -> str:
        """`text` with every reference replaced. Raises `Unresolved`."""
        return _REFERENCE.sub(self._value, text)

    def hide(self, text: str) -> str:
        """`text` without any secret that a reference brought in."""
        for secret in sorted(self.secrets, key=len, reverse=True):
            text = text.replace(secret, "***")
        return text

    def _value(self, match: re.Match[str]) -> str:
        if match[0] == "$${":
            return "${"
        inside = match[1]
        if not match[0].endswith("}"):
            raise Unresolved("`${` without a closing `}`. Write `$${` for the letters themselves.")
        if inside.startswith("file:"):
            return self._remember(self._file(inside.removeprefix("file:")))
        variable = _VARIABLE.fullmatch(inside)
        if not variable:
            raise Unresolved(
                "`${…}` holds no name of a variable, expected `${VAR}`, `${VAR:-default}` or `${file:PATH}`. "
                "Write `$${` for the letters themselves."
            )
        name, default = variable[1], variable[2]
        value = self.env.get(name)
        if default is not None and not value:
            value = default
        if value is None:
            raise Unresolved(f"variable `{name}` is not set. Set it, or write a default: `${{{name}:-…}}`.")
        _check(value, f"variable `{name}`")
        return self._remember(value) if _SECRET_NAME.search(name) else value

    def _remember(self, value: str) -> str:
        if len(value) >= _SHORTEST_SECRET:
            self.secrets.add(value)
        return value

    def _file(self, name: str) -> str:
        if "\0" in name or not name:
            raise Unresolved("`${file:…}` names no file.")
        self.sources.file(Path(self.base, name))
        try:
            with Path(self.base, name).open("rb") as file:
                content = file.read(_LARGEST + 1)
        except OSError as error:
            raise Unresolved(f"cannot read file `{name}`: {error.strerror}.") from None
        if len(content) > _LARGEST:
            raise Unresolved(f"file `{name}` is larger than {_LARGEST:,} bytes.")
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise Unresolved(f"file `{name}` is not UTF-8 text.") from None
        _check(text, f"file `{name}`")
        return text.rstrip("\r\n")


def _check(value: str, source: str) -> None:
    if "\0" in value or (not value.isprintable() and any("\ud800" <= letter <= "\udfff" for letter in value)):
        raise Unresolved(f"{source} is not UTF-8 text.")
