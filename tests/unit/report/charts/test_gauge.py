from tiltyard.monitor.statistics.measure import Rate
from tiltyard.report.charts.gauge import bar, interval


def test_lengths_go_with_the_square_root() -> None:
    chart = bar(0.25, 0.04, 1.0, "")
    assert "class=over" in chart
    assert 'd="M0 4h300v8' in chart
    assert 'class=limit d="M120 0' in chart


def test_a_bar_within_its_limit_has_another_class_and_ends_at_the_scale() -> None:
    assert "class=within" in bar(0.1, 0.1, 1.0, "")
    assert 'd="M0 4h600' in bar(7.0, 0.1, 1.0, "")
    assert 'd="M0 4h0' in bar(1.0, 1.0, 0.0, "")


def test_an_interval_stands_out_where_it_lacks_the_reference() -> None:
    assert "class=over" in interval(Rate(4, 100, 0.04, 0.02, 0.09, 0.01), 0.09)
    assert "class=within" in interval(Rate(4, 100, 0.04, 0.02, 0.09, 0.03), 0.09)


def test_the_interval_reaches_from_low_to_high() -> None:
    chart = interval(Rate(4, 100, 0.04, 0.01, 0.09, 0.0), 0.09)
    assert 'class=over d="M200 5h400v6' in chart
    assert 'class=limit d="M400 2' in chart
    assert 'class=before d="M0 1' in chart
