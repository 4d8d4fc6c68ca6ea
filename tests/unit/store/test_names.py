import pytest

from tiltyard.errors import ConfigError, PublishRefused
from tiltyard.store.names import (
    VERSION_MAX,
    check_external_name,
    check_model_name,
    check_version,
    parse_version,
)


@pytest.mark.parametrize("name", ["fraud", "a", "A.b-c_9", "_x", "x" * 128])
def test_usable_model_names(name: str) -> None:
    assert name == check_model_name(name)


@pytest.mark.parametrize(
    "name", ["", ".hidden", "..", "a/b", "a b", "x" * 129, "é", "a\n", "a\0", "lost+found"]
)
def test_unusable_model_names(name: str) -> None:
    with pytest.raises(ConfigError, match="is not usable"):
        check_model_name(name)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1),
        ("42", 42),
        (str(VERSION_MAX), VERSION_MAX),
        (str(VERSION_MAX + 1), None),
        ("0", None),
        ("07", None),
        ("-1", None),
        ("1.5", None),
        ("٣", None),
        (".publish-1", None),
        ("", None),
    ],
)
def test_which_folders_are_versions(text: str, number: int | None) -> None:
    assert number == parse_version(text)


@pytest.mark.parametrize("number", [0, -1, VERSION_MAX + 1])
def test_unusable_versions(number: int) -> None:
    with pytest.raises(ConfigError, match=f"version {number} is not usable"):
        check_version(number)


@pytest.mark.parametrize("name", ["w.bin", "data/w 1.bin", "model.onnx.data", "encoder:0"])
def test_external_files_that_stay_inside(name: str) -> None:
    assert name == check_external_name(name)


@pytest.mark.parametrize(
    "name",
    ["", "/etc/passwd", "../w", "a/../../w", "a//b", "./w", ".w", "a\\b", "w#1", "a\0b", "x" * 600],
)
def test_external_files_that_do_not(name: str) -> None:
    with pytest.raises(PublishRefused, match="is not usable"):
        check_external_name(name)


@pytest.mark.parametrize(
    "name",
    ["model.onnx", "manifest.json", "golden.npz", "profile.npz", "profiles/1.npz", "baselines/x"],
)
def test_the_store_keeps_its_own_names(name: str) -> None:
    with pytest.raises(PublishRefused, match="keeps for itself"):
        check_external_name(name)
