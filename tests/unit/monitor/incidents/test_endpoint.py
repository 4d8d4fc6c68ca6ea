"""Endpoints and signatures: refused early, and verified as the docstring says."""

import hashlib
import hmac

import pytest

from tiltyard.errors import ConfigError
from tiltyard.monitor.incidents.endpoint import Endpoint, check_names, signature

SECRET = "a secret of 24 characters"


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
        ("https://host/", "short", "the secret has 5 characters; expected 16 or more"),
    ],
)
def test_what_cannot_work_is_refused(url: str, secret: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        Endpoint(url, secret)


def test_neither_the_secret_nor_the_path_is_told() -> None:
    assert SECRET not in repr(Endpoint("https://host/", SECRET))
    with pytest.raises(ConfigError) as refused:
        Endpoint("ftp://host/T0/B0", SECRET)
    assert "T0" not in str(refused.value)
    assert SECRET not in str(refused.value)


def test_two_of_one_name_are_refused() -> None:
    one = Endpoint("https://host/a", SECRET)
    with pytest.raises(ConfigError, match="two webhooks are called 'host'"):
        check_names([one, Endpoint("https://host/b", SECRET)])
    check_names([one, Endpoint("https://host/b", SECRET, name="b")])


def test_a_receiver_can_verify_it() -> None:
    body = '{"model":"fraud ü"}'.encode()
    parts = dict(part.split("=", 1) for part in signature(SECRET, 1_700_000_000, body).split(","))
    signed = parts["t"].encode() + b"." + body
    expected = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(expected, parts["v1"])
    assert signature(SECRET, 1_700_000_001, body) != signature(SECRET, 1_700_000_000, body)
