"""Derived tables that a researcher asks for; each says in its ``attrs`` what it rests on and what it left out."""

from . import plots
from .comparison import compare_accounts, reconcile_tallies, sensitivity
from .counts import around, attribution_matrix, panel, weekly_counts
from .knowledge import known_on, milestone_drift
from .presence import force_level_series, presence_on
from .sequences import response_lags, suspensions, timeline, vintages

__all__ = [
    "around",
    "attribution_matrix",
    "compare_accounts",
    "force_level_series",
    "known_on",
    "milestone_drift",
    "panel",
    "plots",
    "presence_on",
    "reconcile_tallies",
    "response_lags",
    "sensitivity",
    "suspensions",
    "timeline",
    "vintages",
    "weekly_counts",
]
