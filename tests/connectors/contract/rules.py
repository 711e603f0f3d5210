"""The contract: what every connector does, as checks that raise AssertionError where one does not.

@pytest.mark.parametrize("rule", RULES, ids=name)
def test_my_connector_keeps_the_contract(rule: Rule) -> None:
    check(rule, MySource())
"""

from contextlib import ExitStack
from typing import Any, cast

from connectors.base import Connector, Context
from tests.connectors.contract.rules_absence import ABSENCE
from tests.connectors.contract.rules_faults import FAULTS
from tests.connectors.contract.rules_reading import READING, Rule
from tests.connectors.contract.source import Source

RULES: list[Rule] = [*READING, *ABSENCE, *FAULTS]


def name(rule: Rule) -> str:
    """What a rule is called."""
    return getattr(rule, "__name__", str(rule))


def check(rule: Rule, source: Source) -> None:
    """Hold the connector to a rule: resets the tool first, and closes the connectors behind it."""
    source.reset()
    with ExitStack() as stack:
        rule(cast("Source", _Closing(source, stack)))


class _Closing:
    """The source, with its connectors closed in the end."""

    def __init__(self, source: Source, stack: ExitStack) -> None:
        self._source = source
        self._stack = stack

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)

    def connector(self, context: Context, *scopes: str) -> Connector:
        made = self._source.connector(context, *scopes)
        self._stack.callback(made.close)
        return made


__all__ = ["RULES", "Rule", "check", "name"]
