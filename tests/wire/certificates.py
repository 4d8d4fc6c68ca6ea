"""A certificate authority for one test session, made with the openssl command."""

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Identity:
    """PEM files of a certificate and its key."""

    cert: Path
    key: Path


def make_authority(folder: Path, name: str) -> Identity:
    """A CA that signed itself."""
    made = Identity(folder / f"{name}.crt", folder / f"{name}.key")
    _openssl(
        *("req", "-x509", *_new_key(made.key), "-out", str(made.cert), "-days", "2"),
        *("-subj", f"/CN={name}", "-addext", "keyUsage=critical,keyCertSign"),
    )
    return made


def make_identity(folder: Path, name: str, authority: Identity) -> Identity:
    """A certificate for localhost and 127.0.0.1, signed by `authority`."""
    made = Identity(folder / f"{name}.crt", folder / f"{name}.key")
    request = folder / f"{name}.csr"
    _openssl("req", *_new_key(made.key), "-out", str(request), "-subj", f"/CN={name}")
    names = folder / f"{name}.ext"
    names.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    _openssl(
        *("x509", "-req", "-in", str(request), "-out", str(made.cert), "-days", "2"),
        *("-CA", str(authority.cert), "-CAkey", str(authority.key), "-CAcreateserial"),
        *("-extfile", str(names)),
    )
    return made


def _new_key(path: Path) -> list[str]:
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    return [*curve, "-nodes", "-keyout", str(path)]


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=60)
