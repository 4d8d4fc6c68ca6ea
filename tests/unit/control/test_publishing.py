"""Publishing: once, whatever is sent again, and without a change of who serves."""

import threading
from pathlib import Path

import pytest

from tests import models
from tests.unit.control.conftest import World
from tiltyard.control.errors import KeyReusedError, UnavailableError, VersionExistsError
from tiltyard.control.publishing import Turns, files_digest, sha256_of, stored_before
from tiltyard.errors import PublishRefused
from tiltyard.registry import Registry, RegistryUnavailableError
from tiltyard.store.manifest import Manifest
from tiltyard.store.publish import publish_model


def test_calls_with_one_key_take_turns_and_others_do_not() -> None:
    turns, inside, release = Turns(), threading.Event(), threading.Event()
    order: list[str] = []

    def first() -> None:
        with turns.wait_for("k"):
            inside.set()
            assert release.wait(60)
            order.append("first")

    def second() -> None:
        with turns.wait_for("k"):
            order.append("second")

    threads = [threading.Thread(target=first)]
    threads[0].start()
    assert inside.wait(60)
    for other in ("other", "", None, None):
        with turns.wait_for(other):
            pass
    threads.append(threading.Thread(target=second))
    threads[1].start()
    release.set()
    for thread in threads:
        thread.join()
    assert order == ["first", "second"]
    assert turns._calls == {}


def test_every_file_of_a_call_counts(tmp_path: Path) -> None:
    model, samples = tmp_path / "upload" / "model.onnx", tmp_path / "samples.npy"
    (tmp_path / "upload" / "data").mkdir(parents=True)
    model.write_bytes(b"model")
    samples.write_bytes(b"samples")
    digests = [files_digest(model, None), files_digest(model, samples)]
    (tmp_path / "upload" / "data" / "weights").write_bytes(b"weights")
    digests.append(files_digest(model, samples))
    (tmp_path / "upload" / "data" / "weights").write_bytes(b"others")
    digests.append(files_digest(model, samples))
    samples.write_bytes(b"other samples")
    digests.append(files_digest(model, samples))
    model.write_bytes(b"other model")
    digests.append(files_digest(model, samples))
    assert len(set(digests)) == len(digests)
    assert files_digest(model, samples) == digests[-1]


def test_sha256(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    assert sha256_of(tmp_path / "file").startswith("ba7816bf8f01cfea")


@pytest.fixture(scope="module")
def with_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return models.external_data(tmp_path_factory.mktemp("with_weights"))


def test_a_version_that_was_stored_and_not_recorded_is_found(
    empty: World, with_weights: Path
) -> None:
    def look(version: int | None = None, *, batchable: bool = False) -> Manifest | None:
        return stored_before(empty.store, empty.registry, "m", version, with_weights, batchable)

    assert look() is None
    made = publish_model(empty.store, "m", with_weights)
    assert look() == look(1) == made
    assert look(2) is None
    assert look(batchable=True) is None
    weights = with_weights.parent / "weights.bin"
    whole = weights.read_bytes()
    weights.write_bytes(whole[::-1])
    assert look() is None
    weights.write_bytes(whole)
    # As when the gateway has found it in the store after the crash:
    empty.registry.note_versions("m", [(1, "")])
    assert look() == made
    empty.registry.note_versions("m", [(1, made.digest)])
    assert look() is None


def test_a_version_of_others_without_a_manifest_is_not_taken(
    empty: World, with_weights: Path
) -> None:
    empty.put("m", 1)
    assert stored_before(empty.store, empty.registry, "m", None, with_weights, False) is None


# ---- through Control


@pytest.fixture(scope="module")
def upload(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("upload") / "model.onnx"
    path.write_bytes(models.identity())
    return path


def test_a_version_is_published_and_no_slot_changes(world: World, upload: Path) -> None:
    view = world.control.publish_version("m", None, upload, None, False, actor="anna")
    assert (view.version, view.state, view.wanted, view.roles) == (4, "ready", True, ())
    assert world.registry.digests("m")[4] == view.digest
    assert (world.serving(), world.recorded().epoch) == (1, 1)
    assert world.registry.events(0, 99)[-1].actor == "anna"
    with pytest.raises(VersionExistsError) as caught:
        world.control.publish_version("m", 4, upload, None, False)
    assert caught.value.metadata == {"model": "m", "version": "4"}
    assert str(caught.value) == "version 4 of m exists, and versions are never changed"
    assert "Publish under another number" in caught.value.to_do  # and said once


def test_a_new_model_has_its_first_version_as_champion(world: World, upload: Path) -> None:
    view = world.control.publish_version("n", 7, upload, None, False)
    assert (view.version, view.roles) == (7, ("champion",))
    assert (world.serving("n"), world.recorded("n").epoch) == (7, 1)


def test_who_serves_a_model_stays_when_a_version_is_published_before_it_is_known(
    world: World, upload: Path
) -> None:
    """At a start, versions still load; the new one must not take the place of one that serves."""
    world.loader.slow = {("n", 2), ("n", 3)}
    world.put("n", 1, 2)
    world.pass_s(10)
    assert (world.serving("n"), "n" in world.registry.models()) == (1, False)
    assert world.control.publish_version("n", None, upload, None, False).version == 3
    assert (world.serving("n"), world.recorded("n").champion) == (1, 1)
    assert world.recorded("n").versions == {1, 2, 3}


def test_nor_does_it_take_the_place_of_one_that_still_loads(world: World, upload: Path) -> None:
    world.loader.slow = {("n", 1)}
    world.put("n", 1)
    world.pass_s(10)
    world.control.publish_version("n", None, upload, None, False)
    assert (world.serving("n"), world.recorded("n").champion) == (None, 1)
    world.loader.come(("n", 1))
    world.reconciler.take_loads()
    assert world.serving("n") == 1


def test_a_publish_that_is_sent_again_publishes_once(world: World, upload: Path) -> None:
    first = world.control.publish_version("m", None, upload, None, False, idempotency_key="k")
    again = world.control.publish_version("m", None, upload, None, False, idempotency_key="k")
    assert again == first
    assert world.store.models()["m"] == [1, 2, 3, 4]
    with pytest.raises(KeyReusedError):
        world.control.publish_version("m", None, upload, None, True, idempotency_key="k")
    samples = upload.parent / "samples.npy"
    samples.write_bytes(b"others")
    try:
        with pytest.raises(KeyReusedError):
            world.control.publish_version("m", None, upload, samples, False, idempotency_key="k")
    finally:
        samples.unlink()


def test_a_publish_that_is_sent_again_while_the_first_is_at_work(
    world: World, upload: Path
) -> None:
    both, views = threading.Barrier(2), []

    def publish() -> None:
        both.wait(60)
        views.append(
            world.control.publish_version("m", None, upload, None, False, idempotency_key="k")
        )

    threads = [threading.Thread(target=publish) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [view.version for view in views] == [4, 4]
    assert world.store.models()["m"] == [1, 2, 3, 4]


def test_a_publish_that_died_before_it_was_recorded_is_not_made_twice(
    world: World, upload: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_args: object, **_kwargs: object) -> None:
        raise RegistryUnavailableError("it is full", "make room", "FULL")

    with monkeypatch.context() as patch:
        patch.setattr(Registry, "note_versions", die)
        with pytest.raises(UnavailableError):
            world.control.publish_version("m", None, upload, None, False, idempotency_key="k")
    assert world.store.models()["m"] == [1, 2, 3, 4]
    world.restart()
    assert world.recorded().versions == {1, 2, 3, 4}
    view = world.control.publish_version("m", None, upload, None, False, idempotency_key="k")
    assert (view.version, world.store.models()["m"]) == (4, [1, 2, 3, 4])
    # Another call with the same bytes is another version.
    assert world.control.publish_version("m", None, upload, None, False).version == 5


def test_a_model_that_is_refused_is_not_stored(world: World, tmp_path: Path) -> None:
    (tmp_path / "upload").mkdir()
    bad = tmp_path / "upload" / "model.onnx"
    bad.write_bytes(b"no model")
    with pytest.raises(PublishRefused):
        world.control.publish_version("n", None, bad, None, False)
    assert "n" not in world.store.models()
