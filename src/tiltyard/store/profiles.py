"""Profiles and baselines beside a version: numbered from 1, created once, never changed.

They lie in `<model>/<version>/profiles/<n>.npz` and `../baselines/<n>.npz` and are no part of the
version: its digest says what was published, and what is known of its traffic comes later. A file
is there whole or not at all: in a folder it is written elsewhere, fsynced and linked to its name;
in an object store a put is whole, and create-only.
"""

import contextlib
import os
import re
import secrets
from pathlib import Path
from typing import Final

import obstore
from obstore.exceptions import AlreadyExistsError as ObjectExists
from obstore.exceptions import BaseError

from tiltyard.errors import NotFoundError, StoreError
from tiltyard.monitor.profile.baseline_codec import decode_baseline, encode_baseline
from tiltyard.monitor.profile.codec import decode, encode
from tiltyard.monitor.profile.errors import MalformedProfileError
from tiltyard.monitor.profile.fits import check_fits
from tiltyard.monitor.profile.profile import Profile
from tiltyard.monitor.profile.signature import Signature
from tiltyard.monitor.snapshot import Baseline
from tiltyard.store.durable import make_folders, sync_folder, write_synced
from tiltyard.store.names import BASELINES_FOLDER, PROFILES_FOLDER
from tiltyard.store.store import Store, first_line

RACES_MAX: Final = 100
_FILE: Final = re.compile(r"([1-9][0-9]{0,9})\.npz")


def profile_numbers(store: Store, name: str, version: int) -> list[int]:
    """The numbers of a version's profiles, ascending. Raises StoreError."""
    return _numbers(store, name, version, PROFILES_FOLDER)


def read_profile(store: Store, name: str, version: int, number: int | None = None) -> Profile:
    """A profile of a version, by default the newest.

    Raises NotFoundError when there is none, MalformedProfileError, StoreError.
    """
    found, data, where = _read(store, name, version, PROFILES_FOLDER, number)
    profile = decode(data, where, found)
    _check_place(profile, name, version, where)
    return profile


def add_profile(store: Store, profile: Profile) -> Profile:
    """Store it as the next one of its model and version; returns it with number and digest.

    Raises NotFoundError for a version that is not there, MalformedProfileError for a profile that
    is of another model, StoreError.
    """
    return add_profile_file(store, profile.model, profile.version, encode(profile))


def add_profile_file(store: Store, name: str, version: int, data: bytes) -> Profile:
    """The same for a file that came from elsewhere. Nothing of it is stored unless all of it fits.

    Raises as add_profile().
    """
    where = f"profile of {name} version {version}"
    profile = decode(data, where)
    _check_place(profile, name, version, where)
    # What has no manifest was not examined; the engine looks when it begins to record.
    manifest = store.read_manifest(name, version)
    if manifest is not None:
        check_fits(profile, Signature.of(manifest.description), where)
    number = _create(store, name, version, PROFILES_FOLDER, data)
    return decode(data, where, number)


def baseline_numbers(store: Store, name: str, version: int) -> list[int]:
    """The numbers of a version's baselines, ascending. Raises StoreError."""
    return _numbers(store, name, version, BASELINES_FOLDER)


def read_baseline(store: Store, name: str, version: int, number: int | None = None) -> Baseline:
    """A baseline of a version, by default the newest; it raises as read_profile()."""
    found, data, where = _read(store, name, version, BASELINES_FOLDER, number)
    return decode_baseline(data, where, found)


def add_baseline(store: Store, name: str, version: int, baseline: Baseline) -> Baseline:
    """Store it as the next one of the version; returns it with number and digest.

    Raises as add_profile().
    """
    data = encode_baseline(baseline)
    number = _create(store, name, version, BASELINES_FOLDER, data)
    return decode_baseline(data, f"baseline of {name} version {version}", number)


def _numbers(store: Store, name: str, version: int, folder: str) -> list[int]:
    files = store.list_folder(f"{name}/{version}/{folder}/")
    matches = [_FILE.fullmatch(file) for file in files]
    return sorted(int(match[1]) for match in matches if match is not None)


def _read(
    store: Store, name: str, version: int, folder: str, number: int | None
) -> tuple[int, bytes | memoryview, str]:
    """The number, the bytes, and what errors call the file."""
    numbers = _numbers(store, name, version, folder)
    wanted = max(numbers, default=None) if number is None else number
    if wanted is None or wanted not in numbers:
        kind = folder.removesuffix("s")
        known = ", ".join(map(str, numbers)) or "none"
        what = kind if number is None else f"{kind} {number}"
        raise NotFoundError(
            f"{store.uri}: {name} version {version} has no {what}; {folder}: {known}"
        )
    file = f"{folder}/{wanted}.npz"
    data = store.read_file(name, version, file)
    return wanted, data, f"{store.uri}: {name} version {version}: {file}"


def _create(store: Store, name: str, version: int, folder: str, data: bytes) -> int:
    if version not in store.models().get(name, []):
        raise NotFoundError(f"{store.uri}: {name} has no version {version}")
    write = _put if store.root is None else _link
    try:
        for _ in range(RACES_MAX):
            number = max(_numbers(store, name, version, folder), default=0) + 1
            # Who was faster took the number; the next listing has it.
            if write(store, f"{name}/{version}/{folder}", f"{number}.npz", data):
                return number
    except OSError as error:
        place = error.filename or store.uri
        raise StoreError(f"cannot write {place}: {error.strerror or error}") from error
    except BaseError as error:
        raise StoreError(f"cannot write to {store.uri}: {first_line(error)}") from error
    raise StoreError(f"{store.uri}: found no free number in {name}/{version}/{folder}")


def _put(store: Store, folder: str, file: str, data: bytes) -> bool:
    try:
        obstore.put(store.objects, f"{folder}/{file}", data, mode="create")
    except ObjectExists:
        return False
    return True


def _link(store: Store, folder: str, file: str, data: bytes) -> bool:
    assert store.root is not None
    place = store.root / folder
    make_folders(place)
    written = place / f".new-{secrets.token_hex(8)}"
    try:
        write_synced(written, data)
        return _name_it(written, place / file)
    finally:
        with contextlib.suppress(OSError):
            written.unlink()


def _name_it(written: Path, target: Path) -> bool:
    try:
        os.link(written, target)
    except FileExistsError:
        return False
    sync_folder(target.parent)
    return True


def _check_place(profile: Profile, name: str, version: int, where: str) -> None:
    if (profile.model, profile.version) != (name, version):
        raise MalformedProfileError(
            f"{where}: expected a profile of {name} version {version}, got one of"
            f" {profile.model or 'no model'} version {profile.version}"
        )
