"""Lets the rules tell what they compared when they fail: they stand in modules that are no tests themselves."""

import pytest

for module in ("source", "rules_reading", "rules_absence", "rules_faults"):
    pytest.register_assert_rewrite(f"tests.connectors.contract.{module}")
