"""What a program reads: enough to compute every figure again."""

import json
import math
from dataclasses import replace

from tests.unit.cli.sample_planes import PIECES, sample_plane
from tests.unit.cli.sample_views import NOW
from tiltyard.cli.render.as_json import document
from tiltyard.cli.render.drift_json import drift_document
from tiltyard.cli.render.drift_view import drift_view


def test_figures_can_be_computed_again() -> None:
    views = [drift_view(sample_plane())]
    found = json.loads(document(drift_document(NOW, "a:1,b:2", views, "gone")))
    assert (found["admin"], found["problem"]) == (["a:1", "b:2"], "gone")
    (plane,) = found["planes"]
    (amount,) = [s for s in plane["report"]["streams"] if s["stream"] == "amount"]
    before = [cell["reference_count"] for cell in amount["coarse"]]
    now = [cell["count"] for cell in amount["coarse"]]
    kept = [(m, c) for m, c in zip(before, now, strict=True) if m + c]
    b, m, n = len(kept), sum(before), sum(now)
    psi = 0.0
    for reference, current in kept:
        r, a = (reference + 0.5) / (m + b / 2), (current + 0.5) / (n + b / 2)
        psi += (a - r) * math.log(a / r)
    assert math.isclose(psi, amount["psi"], rel_tol=1e-12)
    assert amount["definition"]


def test_the_history_has_null_where_there_were_no_rows() -> None:
    found = json.loads(document(drift_document(NOW, "a:1", [drift_view(sample_plane())])))
    history = found["planes"][0]["history"]
    amount = history["streams"]["amount"]
    assert len(history["begin"]) == len(amount["psi"]) == len(amount["psi_band"]) == PIECES
    assert (amount["psi"][4], amount["psi_band"][4], amount["n"][4]) == (None, None, 0)


def test_what_is_not_there_is_null() -> None:
    plane = replace(sample_plane(), baseline=None)
    found = json.loads(document(drift_document(NOW, "a:1", [drift_view(plane)])))["planes"][0]
    assert (found["baseline"], found["skew"], found["challenge"]) == (None, None, None)
    assert found["report"]["name"] == "skew"
    other = replace(sample_plane(), compared=plane.previous)
    found = json.loads(document(drift_document(NOW, "a:1", [drift_view(other)])))["planes"][0]
    assert found["challenge"]["against"] == "champion"
    assert found["baseline"]["accepted_by"] == "ann@box"
    assert found["detectors"][0]["state"] == "drifting"
