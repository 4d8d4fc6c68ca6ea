import json
import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.unit.report.sample_snapshots import NOW, sample, shadow
from tiltyard.monitor.snapshot import Snapshot, Window
from tiltyard.monitor.statistics.errors import StatisticsError
from tiltyard.monitor.statistics.report import report_of
from tiltyard.report.page import render

BYTES_MAX = 1_500_000
HOSTILE = (
    "<script>alert(1)</script>",
    "",
    "مبلغ المعاملة",
    '"><img src=x onerror=alert(1)>',
    "</script><!--",
)


class Elements(HTMLParser):
    """Counts elements, and keeps ids, links, text by element and attributes that act."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.outside: list[str] = []
        self.text: list[str] = []
        self._within = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self._within = tag
        for key, value in attrs:
            if key == "id" and value:
                self.ids.append(value)
            if key == "href" and value:
                self.links.append(value)
            if key.startswith("on") or key in ("src", "srcset", "action", "xlink:href"):
                self.outside.append(f"{tag} {key}={value}")

    def handle_data(self, data: str) -> None:
        if self._within not in ("script", "style"):
            self.text.append(data)


def named(snapshot: Snapshot, names: tuple[str, ...]) -> Snapshot:
    """The snapshot with its first streams called otherwise, and its first categories too."""
    streams = list(snapshot.profile.streams)
    for index, name in enumerate(names):
        cells = streams[index].cells
        labels = (*names, *cells.labels[len(names) :]) if len(cells.labels) > 5 else cells.labels
        streams[index] = replace(
            streams[index], name=name, unit=name, cells=replace(cells, labels=labels)
        )
    return replace(snapshot, profile=replace(snapshot.profile, streams=tuple(streams)))


@pytest.fixture(scope="module")
def page(five: Snapshot) -> str:
    return render([five], generated_at=NOW)


def test_the_page_needs_nothing_but_itself(page: str) -> None:
    found = Elements(page)
    assert found.outside == []
    assert all(link.startswith("#") for link in found.links)
    assert found.tags["link"] == found.tags["iframe"] == found.tags["img"] == 0
    assert not re.search(r"https?://|@import|url\(|fetch\(|XMLHttpRequest", page)


def test_every_link_has_its_place_and_every_id_is_one(page: str) -> None:
    found = Elements(page)
    assert len(set(found.ids)) == len(found.ids)
    assert {link[1:] for link in found.links} <= set(found.ids)


def test_sections_are_all_there(five: Snapshot) -> None:
    text = " ".join(" ".join(Elements(render([shadow(five), five], generated_at=NOW)).text).split())
    for said in (
        "Drift: drifting",
        "One incident, 1 open alarm",
        "Drift: 4 of 5 features above their noise bands",
        "Over time: when each feature changed",
        "Output drift",
        "Whole rows",
        "Champion and challenger",
        "Data quality",
        "Skew: against the training profile",
        "Strangest requests of the hour",
        "Definitions",
        "missing values explain",
        "v4 became a canary with 5 %",
        "There is no accepted baseline, so this cannot page.",
    ):
        assert said in text


def test_what_others_wrote_is_text_and_never_markup(five: Snapshot) -> None:
    tags = Elements(render([five], generated_at=NOW)).tags
    snapshot = named(five, HOSTILE)
    stream = replace(five.alarms[0].streams[0], stream=HOSTILE[0], change=HOSTILE[3])
    alarm = replace(five.alarms[0], streams=(stream, *five.alarms[0].streams[1:]), note=HOSTILE[4])
    hostile = Elements(
        render(
            [replace(snapshot, alarms=(alarm,), problems=(HOSTILE[3],), gateways=(HOSTILE[0],))],
            generated_at=NOW,
        )
    )
    assert hostile.outside == []
    assert hostile.tags["script"] == tags["script"] == 2
    assert hostile.tags["img"] == 0
    text = "".join(hostile.text)
    assert HOSTILE[0] in text
    assert HOSTILE[3] in text
    assert "(no name)" in text


def test_the_counts_are_json_whatever_the_names_are(five: Snapshot) -> None:
    page = render([named(five, HOSTILE)], generated_at=NOW)
    found = re.search(
        r'<script type="application/json" id="counts">(.*?)</script>', page, re.DOTALL
    )
    assert found is not None
    (plane,) = json.loads(found[1])["planes"]
    assert tuple(stream["name"] for stream in plane["streams"][:5]) == HOSTILE


def test_half_a_surrogate_pair_does_not_stop_the_page(five: Snapshot) -> None:
    page = render([named(five, ("caf\udce9",))], generated_at=NOW)
    assert page.encode("utf-8")


def test_the_program_on_the_page_computes_every_psi(five: Snapshot, tmp_path: Path) -> None:
    page = render([five], generated_at=NOW)
    code = re.search(r"<pre>(.*?)</pre>", page, re.DOTALL)
    assert code is not None
    file, program = tmp_path / "report.html", tmp_path / "recompute.py"
    file.write_text(page, encoding="utf-8")
    unescaped = code[1].replace("&lt;", "<").replace("&gt;", ">").replace("&#34;", '"')
    program.write_text(unescaped.replace("&#39;", "'").replace("&amp;", "&"), encoding="utf-8")
    line = [sys.executable, str(program), str(file)]
    printed = subprocess.run(line, capture_output=True, text=True, check=True).stdout
    rows = [row.split("\t") for row in printed.splitlines()]
    assert len(rows) == 4 * len(five.profile.streams)
    for against, name, psi in rows:
        measures = {m.stream: m for m in report_of(five, against).streams}
        assert float(psi) == pytest.approx(measures[name].psi, rel=1e-12)


def test_gateways_of_one_plane_are_one(five: Snapshot) -> None:
    other = replace(five, gateways=("b:9100",), alarms=())
    page = render([five, other], generated_at=NOW)
    text = " ".join(Elements(page).text)
    assert "48,000" in text
    assert "127.0.0.1:9100, b:9100" in text
    assert page.count("<article") == 1
    with pytest.raises(StatisticsError, match="twice"):
        render([five, five], generated_at=NOW)


def test_planes_are_apart(five: Snapshot) -> None:
    page = render([five, shadow(five)], generated_at=NOW)
    found = Elements(page)
    assert page.count("<article") == 2
    assert len(set(found.ids)) == len(found.ids)
    assert {"p1", "p2"} <= set(found.ids)


def test_no_plane_is_a_page_as_well() -> None:
    assert "There is nothing to report" in render([], generated_at=NOW)


def test_a_window_without_rows_claims_nothing(five: Snapshot) -> None:
    empty = Window(NOW - 600, NOW, five.profile.layout.zeros())
    bare = replace(
        five,
        current=empty,
        history=(empty,),
        previous=None,
        week_ago=None,
        baseline=None,
        detectors=(),
        alarms=(),
        strangers=(),
        markers=(),
    )
    page = render([bare], generated_at=NOW)
    text = " ".join(Elements(page).text)
    assert "No row was counted in this window" in text
    assert "Skew: nothing was measured" in text
    assert "within noise" not in text
    assert "class=after" not in page


@pytest.mark.parametrize("count", [30, 200])
def test_many_features_are_folded_and_the_page_stays_small(count: int) -> None:
    page = render([sample(count)], generated_at=NOW)
    assert len(page.encode("utf-8")) < BYTES_MAX
    assert page.count('<section class="card') >= count + 4
    text = " ".join(Elements(page).text)
    assert re.search(r"\d+ more features", text)


def test_the_page_is_the_same_each_time(five: Snapshot, page: str) -> None:
    assert render([five], generated_at=NOW) == page
