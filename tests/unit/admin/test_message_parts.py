from hypothesis import given
from hypothesis import strategies as st

from tiltyard.admin.message_parts import embedded
from tiltyard.protocol.admin_words import admin_message


@given(st.text(max_size=300), st.integers(1, 2**63 - 1))
def test_a_message_from_its_parts_is_the_message(model: str, version: int) -> None:
    key = admin_message("PlaneKey")
    parts = [key(model=model).SerializeToString(), key(version=version).SerializeToString()]
    written = embedded("Snapshot", "key", parts)
    expected = admin_message("Snapshot")(key=key(model=model, version=version))
    assert admin_message("Snapshot").FromString(written) == expected
    assert written == expected.SerializeToString()


def test_of_repeated_ones_each_is_another() -> None:
    rows = [admin_message("Marker")(text=text * 200).SerializeToString() for text in "ab"]
    written = b"".join(embedded("Snapshot", "markers", [row]) for row in rows)
    found = admin_message("Snapshot").FromString(written)
    assert [marker.text for marker in found.markers] == ["a" * 200, "b" * 200]


def test_nothing_is_an_empty_message() -> None:
    assert admin_message("Snapshot").FromString(embedded("Snapshot", "key", [])).HasField("key")
