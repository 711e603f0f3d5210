"""What the code of a finding looks like, to tell it from a key without loading the configuration's models."""

import re

_CODE = re.compile(r"[A-Z]{3}\d{3}")


def is_shaped_like_a_code(text: str) -> bool:
    """Whether `text` could be a code, like COV101."""
    return _CODE.fullmatch(text) is not None
