"""Invented frames to draw, and the pictures that they gave when somebody last looked at them.

``python tests/drawing.py`` draws the reference pictures anew. Look at them before you commit them.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
from matplotlib.legend import Legend
from matplotlib.testing.decorators import remove_ticks_and_titles
from matplotlib.text import Text

from iraq_coalition_data.analysis import plots
from iraq_coalition_data.loading import ATTRS

REFERENCES = Path(__file__).parent / "pictures"
SITES = {"loc-a": ("Example Base", 42.0, 34.0), "loc-b": ("Example Town", 44.0, 33.0), "loc-c": ("Nowhere", None, None)}


def _days(*days: str) -> pd.DatetimeIndex:
    return pd.to_datetime(list(days))


def _events(family: str, types: list[str] | None) -> pd.DataFrame:
    seed = {"attacks": 0, "state_force": 5, "negotiation": 9}[family] + len(types or [])
    starts = pd.date_range("2024-07-02", periods=9, freq=f"{7 + seed % 3}D")
    places = [list(SITES)[(n + seed) % 3] for n in range(9)]
    return pd.DataFrame(
        {
            "date_start": starts,
            "date_end": starts + pd.to_timedelta([0, 0, 3] * 3, unit="D"),
            "tier": [1, 2, 3] * 3,
            "location_id": places,
            "lon": [SITES[place][1] for place in places],
            "lat": [SITES[place][2] for place in places],
        }
    )


def _stated() -> pd.DataFrame:
    authorities = ["official_unnamed", "official_named", "joint_official", "media_unsourced", "leaked_text"]
    ends = _days("2024-09-30", "2024-10-15", "2025-09-30", "2025-12-31", "2025-06-30")
    return pd.DataFrame(
        {
            "milestone_id": "mst-a",
            "authority": authorities,
            "stated_on": pd.date_range("2024-07-05", periods=5, freq="20D"),
            "target_start": [ends[0] - pd.Timedelta(days=60), pd.NaT, *ends[2:] - pd.Timedelta(days=30)],
            "target_end": ends,
        }
    )


def _counts() -> pd.DataFrame:
    days = pd.date_range("2023-10-17", periods=60)
    return pd.DataFrame({"period_start": days, "best": [2, 0, 1] * 20, "covered": [False] * 30 + [True] * 30})


def _tallies() -> pd.DataFrame:
    ends = _days("2023-10-31", "2023-11-14", "2023-12-01", "2023-12-10")
    return pd.DataFrame(
        {
            "measure": "attacks_on_us_coalition",
            "area_id": "loc-iraq-and-syria",
            "claimant": ["Command A", "Observer B", "Command A", "Observer B"],
            "window_start": _days("2023-10-17", "2023-10-19", "2023-10-17", "2022-01-01"),
            "window_end": ends,
            "reported_best": [14, 33, 44, 900],
        }
    )


def _history(*_: Any) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "known_from": _days("2024-08-05", "2024-08-08"),
            "known_to": [pd.Timestamp("2024-08-07"), pd.NaT],
            "value": ["7", "5"],
            "low": ["5", None],
            "high": ["9", None],
        }
    )


def _evidence(*_: Any) -> pd.DataFrame:
    return pd.DataFrame({"value": ["7", "9", "5"], "reported_on": _days("2024-08-05", "2024-08-06", "2024-08-08")})


TABLES = {
    "events": pd.DataFrame({"event_id": ["evt-a"], "date_start": _days("2025-08-18"), "title": ["An invented event"]}),
    "milestones": pd.DataFrame(
        {"milestone_id": ["mst-a"], "title": ["An invented date"], "outcome_event_id": ["evt-a"]}
    ),
    "locations": pd.DataFrame(
        {
            "location_id": [*SITES, "loc-iraq-and-syria"],
            "name": [*(name for name, _, _ in SITES.values()), "Example region"],
        }
    ),
    "codelist_milestone_authority": pd.DataFrame(
        {
            "code": ["joint_official", "official_named", "official_unnamed", "media_unsourced", "leaked_text"],
            "label": ["Joint", "Named", "Unnamed", "Media", "Leaked"],
        }
    ),
}
TABLES["events"].attrs[ATTRS] = {"version": "0.0.0"}


class _View(dict[str, pd.DataFrame]):
    as_of = None

    def __init__(self, *_: Any) -> None:
        super().__init__(TABLES)


@contextmanager
def invented() -> Iterator[None]:
    """Let the pictures be drawn from the invented frames."""
    with mock.patch.multiple(
        plots,
        View=_View,
        load=TABLES.__getitem__,
        events_of=lambda view, family, area, event_types=None: _events(family, event_types),
        dense_windows=lambda family, area: [tuple(_days("2024-07-01", "2024-08-31"))] if family == "attacks" else [],
        milestone_drift=lambda **_: _stated(),
        weekly_counts=lambda *_, **__: _counts(),
        reconcile_tallies=lambda **_: _tallies(),
        history=_history,
        evidence=_evidence,
    ):
        yield


PICTURES: dict[str, Callable[[], Any]] = {
    "timeline": plots.timeline,
    "drift": plots.drift,
    "cumulative": plots.cumulative,
    "toll": lambda: plots.toll("evt-a"),
    "incident_map": plots.incident_map,
}


def draw(name: str) -> bytes:
    """Return one picture of the invented frames as PNG, without letters: their forms differ between versions."""
    stream = io.BytesIO()
    with invented():
        figure = PICTURES[name]()
    remove_ticks_and_titles(figure)
    for artist in (figure._supxlabel, *figure.findobj(Text), *figure.findobj(Legend)):
        artist.set_visible(False)
    figure.set_layout_engine("none")
    (axis,) = figure.axes
    axis.set_position((0.1, 0.1, 0.8, 0.8))
    figure.savefig(stream, format="png", dpi=60, metadata={"Software": None})
    return stream.getvalue()


def distance(one: bytes, other: bytes) -> float:
    """Return by how much two pictures differ at most, in patches of 12 pixels, on a scale of 0 to 1."""
    from matplotlib.image import imread

    first, second = (imread(io.BytesIO(picture))[..., :3].mean(axis=2) for picture in (one, other))
    if first.shape != second.shape:
        return 1.0
    gap = first - second
    height, width = (12 * (side // 12) for side in gap.shape)
    patches = gap[:height, :width].reshape(height // 12, 12, width // 12, 12).mean(axis=(1, 3))
    return float(np.abs(patches).max())


if __name__ == "__main__":
    for picture in PICTURES:
        (REFERENCES / f"{picture}.png").write_bytes(draw(picture))
