"""A company of our own writing: Merlo sells an online shop platform. Its Jira, its GitHub, its objectives.

All dates lie relative to a given day, and what is done grows with the quarter, so that the picture makes sense on any
day. Most key results are well; the others show one each of what Northing finds.
"""

from simulator.company.build import Company, build, sites
from simulator.company.okrs import write_config

__all__ = ["Company", "build", "sites", "write_config"]
