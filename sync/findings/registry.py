"""All rules: every module of this package that has a `RULE`. A new finding is one new file."""

import pkgutil
from functools import cache
from importlib import import_module
from pathlib import Path

from sync.findings.rule import Rule


@cache
def rules() -> dict[str, Rule]:
    """The rules by code, in the order of their codes. Raises ValueError where two modules have the same code."""
    folder = Path(__file__).parent
    modules = [import_module(f"sync.findings.{module.name}") for module in pkgutil.iter_modules([str(folder)])]
    found = [module.RULE for module in modules if hasattr(module, "RULE")]
    by_code = {rule.code: rule for rule in sorted(found, key=lambda rule: rule.code)}
    if len(by_code) < len(found):
        raise ValueError(f"two rules of sync/findings have one code; the codes are {[rule.code for rule in found]}")
    return by_code
