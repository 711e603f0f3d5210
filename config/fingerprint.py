"""Telling whether two machines have the same configuration."""

import json
from hashlib import blake2b

from config.effective import effective
from config.loader import Loaded

_OF_ONE_MACHINE = ("include", "database", "queue", "service")


def fingerprint(loaded: Loaded) -> str:
    """A short text, equal where the same is meant: without secrets, paths, and what each machine has of its own."""
    plain = {key: value for key, value in effective(loaded).items() if key not in _OF_ONE_MACHINE}
    text = json.dumps(plain, sort_keys=True, ensure_ascii=False)
    return blake2b(text.replace(str(loaded.references.base), "").encode(), digest_size=8).hexdigest()
