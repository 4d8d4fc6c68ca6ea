"""What models, versions and the files of a version may be called."""

import re

from tiltyard.errors import ConfigError, PublishRefused

MODEL_FILE = "model.onnx"
MANIFEST_FILE = "manifest.json"
GOLDEN_FILE = "golden.npz"
PROFILE_FILE = "profile.npz"
RESERVED_FILES = frozenset({MODEL_FILE, MANIFEST_FILE, GOLDEN_FILE, PROFILE_FILE})
# Beside the files of a version, and no part of it: what is known of its traffic comes later.
PROFILES_FOLDER = "profiles"
BASELINES_FOLDER = "baselines"
RESERVED_FOLDERS = frozenset({PROFILES_FOLDER, BASELINES_FOLDER})
VERSION_MAX = 2**63 - 1

_MODEL_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}")
_VERSION = re.compile(r"[1-9][0-9]{0,18}")


def is_model_name(text: str) -> bool:
    """Whether `text` can name a model: it is a folder, a URL segment and a wire field at once."""
    return _MODEL_NAME.fullmatch(text) is not None


def check_model_name(text: str) -> str:
    """`text`, if it can name a model; raises ConfigError."""
    if not is_model_name(text):
        raise ConfigError(
            f"model name {text!r} is not usable: expected 1 to 128 of A-Z a-z 0-9 . _ - and no"
            " dot in front"
        )
    return text


def parse_version(text: str) -> int | None:
    """The version a folder name stands for; None when it stands for none (`07`, `tmp`, `2**63`)."""
    if _VERSION.fullmatch(text) is None:
        return None
    number = int(text)
    return number if number <= VERSION_MAX else None


def check_version(number: int) -> int:
    """`number`, if it can be a version; raises ConfigError."""
    if not 1 <= number <= VERSION_MAX:
        raise ConfigError(f"version {number} is not usable: expected 1 to {VERSION_MAX}")
    return number


def is_beside(file: str) -> bool:
    """Whether a path in a version's folder is of a profile or a baseline, not of the version."""
    return file.partition("/")[0] in RESERVED_FOLDERS


def check_external_name(name: str) -> str:
    """`name`, if a file of that name beside model.onnx stays inside its folder; PublishRefused.

    '#' is refused because object stores on a local disk reserve it for unfinished files.
    """
    parts = name.split("/")
    unusable = (
        not name
        or any(part in ("", ".", "..") or part.startswith(".") for part in parts)
        or any(ord(letter) < 32 or ord(letter) == 127 or letter in "\\#" for letter in name)
        or len(name.encode("utf-8", "surrogatepass")) > 512
    )
    if unusable:
        raise PublishRefused(
            f"external data file {name!r} is not usable: expected a relative path inside the"
            " model's folder, without '..', hidden parts, '\\' or '#'"
        )
    if name in RESERVED_FILES or is_beside(name):
        raise PublishRefused(f"external data file {name!r} has a name the store keeps for itself")
    return name
