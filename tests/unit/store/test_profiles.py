import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from obstore.store import MemoryStore

from tests.unit.monitor.profile.references import mixed_profile
from tiltyard.errors import NotFoundError, StoreError
from tiltyard.monitor.profile.build import build_profile
from tiltyard.monitor.profile.codec import encode
from tiltyard.monitor.profile.errors import MalformedProfileError
from tiltyard.monitor.profile.profile import Profile
from tiltyard.monitor.profile.reference import Reference
from tiltyard.monitor.profile.signature import Signature
from tiltyard.monitor.snapshot import Baseline
from tiltyard.store import Store, TensorSpec, open_store
from tiltyard.store.profiles import (
    add_baseline,
    add_profile,
    add_profile_file,
    baseline_numbers,
    profile_numbers,
    read_baseline,
    read_profile,
)

W1 = Signature((TensorSpec("X", "FP32", (None, 30)),))
ROWS = np.random.default_rng(0).normal(size=(80, 30)).astype(np.float32)
PROFILE = build_profile(Reference({"X": ROWS}), W1, model="w1", version=1)
BASELINE = Baseline(0, "", "d" * 64, 0.0, 1.0, "ann", 2.0, np.arange(1, 9))


@pytest.fixture(params=["local", "remote"])
def any_store(request: pytest.FixtureRequest, w1_store: Store) -> Store:
    """A local and a remote store with version 1 of w1."""
    if request.param == "local":
        return w1_store
    remote = Store(MemoryStore(), "memory://", None)
    for file in w1_store.file_sizes("w1", 1):
        remote.objects.put(f"w1/1/{file}", w1_store.read_file("w1", 1, file))
    return remote


def named(created: str) -> Profile:
    return replace(PROFILE, created=created)


def test_profiles_are_numbered_and_the_newest_is_read(any_store: Store) -> None:
    assert profile_numbers(any_store, "w1", 1) == []
    stored = [add_profile(any_store, named(created)) for created in ("a", "b")]
    assert [profile.number for profile in stored] == [1, 2]
    assert profile_numbers(any_store, "w1", 1) == [1, 2]
    assert read_profile(any_store, "w1", 1).created == "b"
    first = read_profile(any_store, "w1", 1, 1)
    assert (first.number, first.digest) == (1, stored[0].digest)
    assert encode(first) == encode(named("a"))


def test_baselines_are_apart_from_profiles(any_store: Store) -> None:
    add_profile(any_store, PROFILE)
    stored = add_baseline(any_store, "w1", 1, BASELINE)
    assert (stored.number, baseline_numbers(any_store, "w1", 1)) == (1, [1])
    found = read_baseline(any_store, "w1", 1)
    assert (found.digest, found.counts.tolist()) == (stored.digest, BASELINE.counts.tolist())


def test_the_version_does_not_change(any_store: Store) -> None:
    before = (any_store.entries(), any_store.file_sizes("w1", 1), any_store.read_version("w1", 1))
    add_profile(any_store, PROFILE)
    add_baseline(any_store, "w1", 1, BASELINE)
    after = (any_store.entries(), any_store.file_sizes("w1", 1), any_store.read_version("w1", 1))
    assert before == after
    assert any_store.models() == {"w1": [1]}


def test_what_is_not_there_is_said(any_store: Store) -> None:
    with pytest.raises(NotFoundError, match="w1 version 1 has no profile; profiles: none"):
        read_profile(any_store, "w1", 1)
    add_profile(any_store, PROFILE)
    with pytest.raises(NotFoundError, match="w1 version 1 has no profile 7; profiles: 1"):
        read_profile(any_store, "w1", 1, 7)
    with pytest.raises(NotFoundError, match="w1 version 1 has no baseline; baselines: none"):
        read_baseline(any_store, "w1", 1)
    with pytest.raises(NotFoundError, match="w1 has no version 2"):
        add_profile(any_store, replace(PROFILE, version=2))
    with pytest.raises(NotFoundError, match="w2 has no version 1"):
        add_baseline(any_store, "w2", 1, BASELINE)


def test_a_file_that_is_no_profile_of_the_version_is_not_stored(any_store: Store) -> None:
    with pytest.raises(MalformedProfileError, match="expected a profile of w1 version 1, got one"):
        add_profile_file(any_store, "w1", 1, encode(replace(PROFILE, version=2)))
    with pytest.raises(MalformedProfileError, match="not a file that tiltyard wrote"):
        add_profile_file(any_store, "w1", 1, b"x")
    other = replace(mixed_profile(rows=60), model="w1", version=1)
    with pytest.raises(MalformedProfileError, match="'amount': the model has no input 'amount'"):
        add_profile(any_store, other)
    assert profile_numbers(any_store, "w1", 1) == []


def test_of_many_at_once_each_has_a_number_of_its_own(any_store: Store) -> None:
    barrier = threading.Barrier(6)
    numbers: list[int] = []

    def add(index: int) -> None:
        barrier.wait()
        numbers.append(add_profile(any_store, named(str(index))).number)

    threads = [threading.Thread(target=add, args=(index,)) for index in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == profile_numbers(any_store, "w1", 1) == [1, 2, 3, 4, 5, 6]
    created = {read_profile(any_store, "w1", 1, number).created for number in numbers}
    assert created == set("012345")


def test_nothing_half_written_is_seen_or_left(w1_store: Store) -> None:
    assert w1_store.root is not None
    add_profile(w1_store, PROFILE)
    folder = w1_store.root / "w1" / "1" / "profiles"
    assert [path.name for path in folder.iterdir()] == ["1.npz"]
    (folder / ".new-0011").write_bytes(b"half")
    (folder / "07.npz").write_bytes(b"no number")
    assert profile_numbers(w1_store, "w1", 1) == [1]


def test_a_damaged_file_is_named(w1_store: Store) -> None:
    assert w1_store.root is not None
    add_profile(w1_store, PROFILE)
    path = w1_store.root / "w1" / "1" / "profiles" / "1.npz"
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(MalformedProfileError, match=r"w1 version 1: profiles/1\.npz: not a file"):
        read_profile(w1_store, "w1", 1)


def test_a_folder_that_cannot_be_written_is_said(w1_store: Store) -> None:
    assert w1_store.root is not None
    (w1_store.root / "w1" / "1" / "profiles").write_bytes(b"in the way")
    with pytest.raises(StoreError, match=r"cannot write .*profiles"):
        add_profile(w1_store, PROFILE)


def test_a_repository_without_manifests_has_profiles_too(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "s"), create=True)
    store.objects.put("plain/3/model.onnx", b"x")
    add_profile(store, replace(PROFILE, model="plain", version=3))
    assert store.models() == {"plain": [3]}
    assert store.entries()["plain"][3].size_bytes == 1
