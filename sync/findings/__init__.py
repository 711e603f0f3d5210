"""Findings: where delivery and OKRs do not fit, each code one module with its rule and the text of its page."""

from sync.findings.evaluate import FindingsResult, evaluate
from sync.findings.pages import page
from sync.findings.registry import rules
from sync.findings.rule import Hit, Rule, Unjudged

__all__ = ["FindingsResult", "Hit", "Rule", "Unjudged", "evaluate", "page", "rules"]
