from tiltyard.cli.render.drift_policy_lines import policy_lines
from tiltyard.monitor.policy import DriftPolicy, Segment


def test_a_policy_in_words() -> None:
    assert policy_lines("fraud", DriftPolicy()) == [
        "model          fraud",
        "epoch          0",
        "means          shifts below 0.1 sd do not matter",
        "rates          changes below 0.1 % do not matter",
        "rows           those of one request may depend on each other",
        "values         those of the strangest rows are not kept",
        (
            "baseline       a version's first 7 d or 20,000 rows, whichever comes first, unless"
            " people accept another"
        ),
        "segments       none: no requests are watched apart",
    ]


def test_what_is_chosen_otherwise() -> None:
    policy = DriftPolicy(
        rows_independent=True,
        captures_values=True,
        accepts_by_itself=False,
        segments=(Segment("country", "NO"), Segment("tier", "a\nb")),
    )
    assert policy_lines("fraud", policy)[4:] == [
        "rows           those of one request do not depend on each other",
        "values         those of the strangest rows are kept",
        "baseline       accepted by people alone",
        "segment        country=NO",
        "segment        tier=a b",
    ]
