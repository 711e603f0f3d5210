"""The configuration as it works: every default filled in, every secret masked."""

from datetime import date, time
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from config.database import masked
from config.loader import Loaded

Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None


def effective(loaded: Loaded) -> dict[str, Any]:
    """All values under the keys of the files, as JSON. Secrets are `***`; keys that are not set are left out."""
    plain = _plain(loaded.config.model_dump(by_alias=True), loaded)
    assert isinstance(plain, dict)
    return plain


def _plain(value: Any, loaded: Loaded) -> Json:
    if isinstance(value, SecretStr):
        return "***"
    if isinstance(value, dict):
        return {str(key): _plain(one, loaded) for key, one in value.items() if one is not None}
    if isinstance(value, list | tuple):
        return [_plain(one, loaded) for one in value]
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return value.strftime("%H:%M")
    if isinstance(value, str | Path):
        return loaded.references.hide(masked(str(value)))
    return value
