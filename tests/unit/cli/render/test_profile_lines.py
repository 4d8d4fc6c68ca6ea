from dataclasses import replace

from tests.unit.monitor.profile.references import mixed_profile
from tiltyard.cli.render.profile_lines import profile_lines, streams_in_words

PROFILE = replace(mixed_profile(), number=2)


def test_the_streams_are_counted() -> None:
    told = streams_in_words(PROFILE)
    assert told == "4 features (1 numeric, 1 discrete, 2 categorical) and 3 outputs"
    one = replace(PROFILE, streams=PROFILE.streams[:1])
    assert streams_in_words(one) == "1 feature (1 numeric)"


def test_notes_and_weaknesses_follow() -> None:
    source = {"file": "r.csv", "outputs": "columns of the file", "chosen": "one\ntwo"}
    told = list(profile_lines(replace(PROFILE, source=source, warnings=("few\x1b rows",))))
    assert told[0] == f"  profile 2: {streams_in_words(PROFILE)}; 600 rows of r.csv"
    assert told[1:] == [
        "  outputs: columns of the file",
        "  one",
        "  two",
        "  weak: few? rows",
    ]


def test_a_profile_that_comes_from_no_file() -> None:
    (line,) = profile_lines(replace(PROFILE, source={}, warnings=()))
    assert line.endswith("; 600 rows")
