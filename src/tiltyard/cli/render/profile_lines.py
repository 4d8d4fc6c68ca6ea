"""What is said of a profile when it has been stored: a few lines, and what it cannot support."""

from collections import Counter
from collections.abc import Iterator

from tiltyard.cli.render.formats import listed, one_line
from tiltyard.monitor.profile.cells import Kind
from tiltyard.monitor.profile.profile import Profile
from tiltyard.monitor.profile.stream import Group


def profile_lines(profile: Profile) -> Iterator[str]:
    """Lines below the one that names the version."""
    file = profile.source.get("file", "")
    of = f" of {one_line(file)}" if file else ""
    yield f"  profile {profile.number}: {streams_in_words(profile)}; {profile.rows:,} rows{of}"
    if "outputs" in profile.source:
        yield f"  outputs: {one_line(profile.source['outputs'])}"
    for note in notes_of(profile):
        yield f"  {one_line(note)}"
    for warning in profile.warnings:
        yield f"  weak: {one_line(warning)}"


def streams_in_words(profile: Profile) -> str:
    """`30 features (28 numeric, 2 categorical) and 2 outputs`."""
    features = [profile.streams[index] for index in profile.of_group(Group.feature)]
    kinds = Counter(stream.cells.kind for stream in features)
    by_kind = ", ".join(f"{kinds[kind]} {kind}" for kind in Kind if kinds[kind])
    outputs = len(profile.of_group(Group.output))
    told = [f"{_count(len(features), 'feature')} ({by_kind})"]
    if outputs:
        told.append(_count(outputs, "output"))
    return listed(told)


def notes_of(profile: Profile) -> list[str]:
    """What was chosen, where it is news: a sentence each."""
    return profile.source.get("chosen", "").splitlines()


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
