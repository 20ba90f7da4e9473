"""Pictures: they show what the tables hold, in grey, with source line and version."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest

import iraq_coalition_data as icd
from iraq_coalition_data import analysis

matplotlib = pytest.importorskip("matplotlib")
drawing = pytest.importorskip("drawing")
plots = drawing.plots


# A patch of twelve pixels whose grey differs by less may be another way to smooth an edge.
TOLERANCE = 0.02


def rockets() -> str:
    events = icd.load("events")
    return str(
        events.loc[events["title"] == "Rockets fired at Ain al-Asad air base injure US personnel", "event_id"].item()
    )


PICTURES = {
    "timeline": plots.timeline,
    "drift": plots.drift,
    "cumulative": plots.cumulative,
    "toll": lambda: plots.toll(rockets()),
    "incident_map": plots.incident_map,
}


def marks(figure, axis: int = 0) -> int:
    """Return the number of points scattered on an axis."""
    points = [c for c in figure.axes[axis].collections if isinstance(c, matplotlib.collections.PathCollection)]
    return sum(len(c.get_offsets()) for c in points)


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_grey_signed_and_not_empty(name):
    figure = PICTURES[name]()
    assert icd.version() in figure._supxlabel.get_text()
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=60)
    stream.seek(0)
    pixels = matplotlib.image.imread(stream)[..., :3]
    assert np.ptp(pixels, axis=2).max() < 0.02
    ink = (pixels < 0.5).all(axis=2).mean()
    assert 0.002 < ink < 0.5


@pytest.mark.parametrize("name", drawing.PICTURES)
def test_a_picture_looks_as_it_did_when_somebody_looked_at_it(name):
    reference = (drawing.REFERENCES / f"{name}.png").read_bytes()
    assert drawing.distance(drawing.draw(name), reference) < TOLERANCE, "look at it; then python tests/drawing.py"


def test_a_mark_elsewhere_makes_another_picture(monkeypatch):
    moved = drawing._tallies().assign(reported_best=[14, 23, 44, 900])
    monkeypatch.setattr(drawing, "_tallies", lambda: moved)
    reference = (drawing.REFERENCES / "cumulative.png").read_bytes()
    assert drawing.distance(drawing.draw("cumulative"), reference) > 2 * TOLERANCE


def test_the_timeline_shows_every_attack_and_stated_date_of_the_quarter():
    events = icd.load("events")
    quarter = events[events["date_start"].between("2024-07-01", "2024-09-30")]
    attacks = quarter[quarter["scope_reason"].isin(["I1", "I2"]) & (quarter["event_type"] == "armed_action")]
    dates = quarter[quarter["event_type"].isin(["target_date_stated", "postponement"])]
    assert marks(plots.timeline()) >= len(attacks) + len(dates)


def test_the_drift_shows_every_dated_statement_of_a_milestone():
    stated = analysis.milestone_drift("mst-end-date-announcement")
    dated = stated[stated["target_end"].notna() & (stated["stated_on"] >= pd.Timestamp("2024-01-01"))]
    assert marks(plots.drift("mst-end-date-announcement")) == len(dated)


def test_a_picture_as_of_a_day_says_so():
    assert "as known on 2024-08-16" in plots.drift(as_of="2024-08-16")._supxlabel.get_text()


def test_what_cannot_be_drawn_is_said():
    with pytest.raises(ValueError, match="no dated statement"):
        plots.drift("mst-end-date-announcement", since="2100-01-01")
    with pytest.raises(ValueError, match="no number"):
        plots.toll(rockets(), "outcome")
