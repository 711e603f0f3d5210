"""What the user writes: settings, OKRs, teams and mappings, as typed values, with every error's place in the files."""

from config.base import Model, Secret
from config.effective import effective
from config.loader import Loaded, find, load
from config.models import Config
from config.okr import CheckIn, Cycle, Delivery, KeyResult, Metric, Objective, Team, Theme
from config.problems import ConfigError, Problem
from config.retention import Retention
from config.schema import json_schema
from config.service import Service
from config.settings import Alerts, ConnectionOptions, Digest, FindingRules, Quiet, Route, Schedule, Suppression
from config.sources import Sources
from config.thresholds import Thresholds
from config.values import (
    CsvValue,
    FromDelivery,
    HttpValue,
    Manual,
    PrometheusValue,
    QueryValue,
    SqlValue,
    ValueSource,
)
from config.work import Conventions, Counting, Intentional, Mapping, Selector

__all__ = [
    "Alerts",
    "CheckIn",
    "Config",
    "ConfigError",
    "ConnectionOptions",
    "Conventions",
    "Counting",
    "CsvValue",
    "Cycle",
    "Delivery",
    "Digest",
    "FindingRules",
    "FromDelivery",
    "HttpValue",
    "Intentional",
    "KeyResult",
    "Loaded",
    "Manual",
    "Mapping",
    "Metric",
    "Model",
    "Objective",
    "Problem",
    "PrometheusValue",
    "QueryValue",
    "Quiet",
    "Retention",
    "Route",
    "Schedule",
    "Secret",
    "Selector",
    "Service",
    "Sources",
    "SqlValue",
    "Suppression",
    "Team",
    "Theme",
    "Thresholds",
    "ValueSource",
    "effective",
    "find",
    "json_schema",
    "load",
]
