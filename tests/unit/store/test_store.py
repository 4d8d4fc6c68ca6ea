import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from obstore.store import MemoryStore

from tests import models
from tiltyard.errors import ConfigError, IntegrityError, NotFoundError, StoreError
from tiltyard.store import Store, open_store
from tiltyard.store.store import URI_VARIABLE

HEAVY = ("numpy", "onnx", "onnxruntime", "pydantic", "google.protobuf", "ml_dtypes")


def test_reading_imports_nothing_heavy(w1_store: Store) -> None:
    program = (
        "import sys; from tiltyard.store import open_store;"
        f"open_store({w1_store.uri!r}).read_version('w1', 1);"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout == b"[]\n"


def test_a_version_comes_back_whole(w1_store: Store) -> None:
    files = w1_store.read_version("w1", 1)
    assert models.w1() == files.model
    assert files.external == {}
    assert [(kind, shape) for kind, shape, _ in files.samples] == [("FP32", (16, 30))]
    assert [tensor.datatype for tensor in files.golden.outputs] == ["INT64", "FP32"]
    assert files.digest == files.manifest.digest
    assert files.manifest == w1_store.read_manifest("w1", 1)


@pytest.mark.parametrize("file", ["model.onnx", "golden.npz", "manifest.json"])
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_every_bit_flip_is_found(w1_store: Store, file: str, place: float, bit: int) -> None:
    assert w1_store.root is not None
    path = w1_store.root / "w1" / "1" / file
    good = path.read_bytes()
    bad = bytearray(good)
    bad[int(place * len(good))] ^= 1 << bit
    path.write_bytes(bad)
    try:
        with pytest.raises(IntegrityError, match=file):
            w1_store.read_version("w1", 1)
    finally:
        path.write_bytes(good)


@pytest.mark.parametrize("file", ["model.onnx", "golden.npz"])
def test_missing_and_additional_bytes_are_found(w1_store: Store, file: str) -> None:
    assert w1_store.root is not None
    path = w1_store.root / "w1" / "1" / file
    good = path.read_bytes()
    for bad in (good[:-1], good + b"\0", b""):
        path.write_bytes(bad)
        with pytest.raises(IntegrityError, match=f"{file} changed: expected sha256 .* found"):
            w1_store.read_version("w1", 1)


def test_a_missing_file_is_named(w1_store: Store) -> None:
    assert w1_store.root is not None
    (w1_store.root / "w1" / "1" / "golden.npz").unlink()
    with pytest.raises(IntegrityError, match=r"golden.npz is missing: expected sha256"):
        w1_store.read_version("w1", 1)


def test_a_published_version_without_its_manifest_is_refused(w1_store: Store) -> None:
    """Else whoever changes a model could take the digests away and have it served as it is."""
    assert w1_store.root is not None
    (w1_store.root / "w1" / "1" / "manifest.json").unlink()
    for read in (w1_store.read_version, w1_store.read_manifest):
        with pytest.raises(IntegrityError, match=r"manifest.json is missing beside golden.npz"):
            read("w1", 1)


def test_an_additional_file_is_named(w1_store: Store) -> None:
    assert w1_store.root is not None
    (w1_store.root / "w1" / "1" / "more.bin").write_bytes(b"x")
    with pytest.raises(IntegrityError, match=r"more.bin is not in the manifest"):
        w1_store.read_version("w1", 1)


def test_a_version_moved_elsewhere_is_refused(w1_store: Store) -> None:
    assert w1_store.root is not None
    (w1_store.root / "w1" / "1").rename(w1_store.root / "w1" / "2")
    with pytest.raises(IntegrityError, match="expected w1 version 2, found that of w1 version 1"):
        w1_store.read_version("w1", 2)


def test_only_whole_versions_are_listed(w1_store: Store) -> None:
    assert w1_store.root is not None
    for folder in ("w1/.publish-00", "w1/07", "w1/notes", "w1/3", "lost+found/1", ".git/1"):
        (w1_store.root / folder).mkdir(parents=True)
        name = "golden.npz" if folder == "w1/3" else "model.onnx"
        (w1_store.root / folder / name).write_bytes(b"x")
    assert w1_store.models() == {"w1": [1]}


def test_unknown_models_and_versions_are_told_apart(w1_store: Store) -> None:
    with pytest.raises(NotFoundError, match="no model 'w9'; models: w1"):
        w1_store.read_version("w9", 1)
    with pytest.raises(NotFoundError, match="w1 has no version 9; versions: 1"):
        w1_store.read_version("w1", 9)
    with pytest.raises(NotFoundError, match=r"no model '\.\./w1'"):
        w1_store.read_version("../w1", 1)


def test_the_newest_version_is_the_one_of_the_highest_number(store: Store) -> None:
    for number in (9, 10, 2):
        store.objects.put(f"m/{number}/model.onnx", b"x")
    assert store.newest("m") == 10
    with pytest.raises(NotFoundError, match="no model 'n'; models: m"):
        store.newest("n")


def test_a_remote_store_lists_and_reads_as_a_local_one(w1_store: Store) -> None:
    remote = Store(MemoryStore(), "memory://", None)
    for file in w1_store.file_sizes("w1", 1):
        remote.objects.put(f"w1/1/{file}", w1_store.read_file("w1", 1, file))
    assert w1_store.models() == remote.models()
    assert w1_store.read_version("w1", 1) == remote.read_version("w1", 1)


def test_the_environment_names_the_store(w1_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(URI_VARIABLE, w1_store.uri)
    assert w1_store.uri == open_store().uri


def test_a_file_url_is_a_folder(w1_store: Store) -> None:
    assert w1_store.models() == open_store(f"file://{w1_store.root}").models()


def test_stores_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such folder"):
        open_store(str(tmp_path / "none"))
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ConfigError, match="it is not a folder"):
        open_store(str(tmp_path / "file"))
    with pytest.raises(ConfigError, match="Unable to recognise URL"):
        open_store("nowhere://bucket")
    with pytest.raises(StoreError, match="cannot make the store"):
        open_store(str(tmp_path / "file" / "store"), create=True)
