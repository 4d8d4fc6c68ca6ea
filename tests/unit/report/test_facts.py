from dataclasses import replace

from tests.unit.report.sample_snapshots import NOW
from tiltyard.monitor.snapshot import Snapshot, Window
from tiltyard.report.facts import between, coverage, facts, notices


def test_the_day_is_told_once_where_it_is_the_same() -> None:
    assert between(NOW, NOW + 60) == "2026-11-25 10:00:00 to 10:01:00"
    assert between(NOW, NOW + 86_400) == "2026-11-25 10:00:00 to 2026-11-26 10:00:00"


def test_the_head_says_who_accepted_what(five: Snapshot) -> None:
    told = {fact.name: fact for fact in facts(five)}
    assert told["Window"].value == "2026-11-25 09:50:00 to 10:00:00 UTC"
    assert told["Rows"].value == "24,000"
    assert told["Baseline"].value == "no. 2, 50,000 rows"
    assert told["Accepted by"].value == "ann"
    assert told["Training profile"].detail.startswith("training-2026-10.parquet · 5e1a5e1a5e1a")
    assert told["Gateways"].value == "127.0.0.1:9100"


def test_no_baseline_is_said(five: Snapshot) -> None:
    told = {fact.name: fact for fact in facts(replace(five, baseline=None, gateways=()))}
    assert told["Baseline"].value == "none accepted"
    assert "Accepted by" not in told
    assert told["Gateways"].value == "not named"


def test_a_baseline_that_nobody_accepted(five: Snapshot) -> None:
    assert five.baseline is not None
    by_itself = replace(five, baseline=replace(five.baseline, accepted_by=""))
    told = {fact.name: fact for fact in facts(by_itself)}
    assert told["Accepted by"].value == "nobody: by itself"


def test_drops_and_gaps_are_counted_and_noticed(five: Snapshot) -> None:
    told = {fact.name: fact for fact in coverage(five)}
    assert (told["Records dropped"].value, told["Records dropped"].detail) == ("12", "0.05 %")
    assert told["Not watched in the window"].value == "3.0 s"
    said = notices(replace(five, problems=("The kernels are not compiled yet.",)))
    assert said == (
        "The kernels are not compiled yet.",
        "12 of 24,012 records were dropped; no count has them.",
        "3.0 s of the window were not watched.",
    )


def test_nothing_is_noticed_where_all_is_whole(five: Snapshot) -> None:
    whole = replace(five, dropped=0, current=replace(five.current, gap_s=0.0))
    assert notices(whole) == ()
    told = {fact.name: fact for fact in coverage(replace(whole, offered=0))}
    assert told["Records dropped"].detail == "none"
    assert told["Not watched in the window"].value == "no gap"


def test_a_window_without_rows_is_noticed(five: Snapshot) -> None:
    empty = replace(five, current=Window(NOW - 1, NOW, five.profile.layout.zeros()))
    assert notices(empty)[0].startswith("No row was counted")
