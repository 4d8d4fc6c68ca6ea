"""Endpoints and signatures: refused early, and verified as the docstring says."""

import hashlib
import hmac

import pytest

from tiltyard.errors import ConfigError
from tiltyard.monitor.incidents.endpoint import Endpoint, distinct, signature

SECRET = b"a secret of 24 bytes"


def test_without_a_name_it_is_called_by_its_host() -> None:
    assert Endpoint("https://user:pw@hooks.example.com:8443/T0/B0", SECRET).name == (
        "hooks.example.com"
    )
    assert Endpoint("http://[::1]:80/", SECRET, name="pager").name == "pager"


@pytest.mark.parametrize(
    ("url", "secret", "sentence"),
    [
        ("ftp://host/path", SECRET, "with scheme 'ftp' and host 'host'"),
        ("hooks.example.com/path", SECRET, "expected a url https://HOST/.. or http://HOST/.."),
        ("https:///path", SECRET, "with scheme 'https' and host ''"),
        ("https://host:port/", SECRET, "the url cannot be read"),
        ("https://host/", b"short", "the secret has 5 bytes; expected 16 or more"),
    ],
)
def test_what_cannot_work_is_refused(url: str, secret: bytes, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        Endpoint(url, secret)


def test_neither_the_secret_nor_the_path_is_told() -> None:
    assert SECRET.decode() not in repr(Endpoint("https://host/", SECRET))
    with pytest.raises(ConfigError) as refused:
        Endpoint("ftp://host/T0/B0", SECRET)
    assert "T0" not in str(refused.value)
    assert SECRET.decode() not in str(refused.value)


def test_two_of_one_host_are_told_apart_and_two_of_one_url_refused() -> None:
    one = Endpoint("https://host/a", SECRET)
    found = distinct([one, Endpoint("https://host/b", SECRET), Endpoint("https://other/", SECRET)])
    assert [endpoint.name for endpoint in found] == ["host", "host-2", "other"]
    assert len({endpoint.key for endpoint in found}) == 3
    with pytest.raises(ConfigError, match="two webhooks at 'host' have the same url"):
        distinct([one, one])


def test_a_receiver_can_verify_it() -> None:
    body = '{"model":"fraud ü"}'.encode()
    parts = dict(part.split("=", 1) for part in signature(SECRET, 1_700_000_000, body).split(","))
    signed = parts["t"].encode() + b"." + body
    expected = hmac.new(SECRET, signed, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(expected, parts["v1"])
    assert signature(SECRET, 1_700_000_001, body) != signature(SECRET, 1_700_000_000, body)
