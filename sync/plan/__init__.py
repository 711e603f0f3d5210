"""Judging what is planned for a coming cycle, before it begins: who holds the levers, and who carries the work."""

from sync.plan.capacity import Load
from sync.plan.coming import cycles_to_judge
from sync.plan.judge import SECTIONS, CyclePlan, Hidden, PlanFinding, Section, judge

__all__ = ["SECTIONS", "CyclePlan", "Hidden", "Load", "PlanFinding", "Section", "cycles_to_judge", "judge"]
