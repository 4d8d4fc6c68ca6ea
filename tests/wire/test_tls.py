"""TLS on the gateway's port: ALPN h2, with and without client certificates."""

import contextlib
import socket
import ssl
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
import tritonclient.grpc as triton

from tests.wire.calls import (
    ROWS,
    TIMEOUT_S,
    UNLIMITED,
    check_identity,
    identity_request,
    infer,
    stream,
)
from tests.wire.certificates import Identity, make_authority, make_identity
from tiltyard.client import CallError, InferenceClient, TlsOptions
from tiltyard.ops.gateway_process import GatewayProcess


@dataclass(frozen=True)
class Files:
    """Everybody's certificates: `stranger` is signed by an authority that nobody trusts."""

    authority: Identity
    server: Identity
    client: Identity
    stranger: Identity


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder = tmp_path_factory.mktemp("certificates")
    authority = make_authority(folder, "authority")
    return Files(
        authority,
        make_identity(folder, "server", authority),
        make_identity(folder, "client", authority),
        make_identity(folder, "stranger", make_authority(folder, "other")),
    )


@pytest.fixture(scope="session")
def tls_gateway(
    files: Files,
    _common_store: Path,
    gateway_env: dict[str, str],
    gateway_prefix: tuple[str, ...],
) -> Iterator[GatewayProcess]:
    """Asks clients for no certificate."""
    arguments = ["--tls-cert", str(files.server.cert), "--tls-key", str(files.server.key)]
    arguments += ["--store", str(_common_store)]
    with GatewayProcess(arguments, env=gateway_env, prefix=gateway_prefix) as found:
        yield found
        assert found.stop() == 0, found.log()


@pytest.fixture(scope="session")
def mutual_gateway(
    files: Files,
    _common_store: Path,
    gateway_env: dict[str, str],
    gateway_prefix: tuple[str, ...],
) -> Iterator[GatewayProcess]:
    """Takes only clients with a certificate of the authority."""
    arguments = ["--tls-cert", str(files.server.cert), "--tls-key", str(files.server.key)]
    arguments += ["--tls-client-ca", str(files.authority.cert), "--store", str(_common_store)]
    with GatewayProcess(arguments, env=gateway_env, prefix=gateway_prefix) as found:
        yield found
        assert found.stop() == 0, found.log()


@contextlib.contextmanager
def secure_channel(
    gateway: GatewayProcess, files: Files, client: Identity | None = None
) -> Iterator[grpc.Channel]:
    own = (client.key.read_bytes(), client.cert.read_bytes()) if client else (None, None)
    credentials = grpc.ssl_channel_credentials(files.authority.cert.read_bytes(), *own)
    with grpc.secure_channel(gateway.address, credentials, UNLIMITED) as found:
        yield found


def check_good_call(gateway: GatewayProcess, files: Files, client: Identity | None = None) -> None:
    with secure_channel(gateway, files, client) as channel:
        check_identity(infer(channel, identity_request()))


def check_unavailable(channel: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        infer(channel, identity_request())
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


def test_grpcio(tls_gateway: GatewayProcess, files: Files) -> None:
    with secure_channel(tls_gateway, files) as channel:
        check_identity(infer(channel, identity_request()))
        for reply in stream(channel, [identity_request()] * 10):
            check_identity(reply.infer_response)
        check_identity(infer(channel, identity_request(), compression=grpc.Compression.Gzip))


@pytest.mark.parametrize("rows", [1, 1_000, 655_360], ids=["16 B", "16 kB", "10 MB"])
def test_messages_of_many_records(tls_gateway: GatewayProcess, files: Files, rows: int) -> None:
    values = np.arange(rows * 4, dtype=np.float32).reshape(-1, 4)
    with secure_channel(tls_gateway, files) as channel:
        check_identity(infer(channel, identity_request(values)), values)


def test_tritonclient(tls_gateway: GatewayProcess, files: Files) -> None:
    check_triton(tls_gateway, root_certificates=str(files.authority.cert))


def test_tritonclient_with_a_certificate(mutual_gateway: GatewayProcess, files: Files) -> None:
    check_triton(
        mutual_gateway,
        root_certificates=str(files.authority.cert),
        private_key=str(files.client.key),
        certificate_chain=str(files.client.cert),
    )


def check_triton(gateway: GatewayProcess, **options: str) -> None:
    with triton.InferenceServerClient(gateway.address, ssl=True, **options) as client:
        tensor = triton.InferInput("x", list(ROWS.shape), "FP32")
        tensor.set_data_from_numpy(ROWS)
        result = client.infer("identity", [tensor])
        np.testing.assert_array_equal(result.as_numpy("y"), ROWS)
        assert client.is_server_ready()


def test_our_own_client(mutual_gateway: GatewayProcess, files: Files) -> None:
    tls = TlsOptions(
        files.authority.cert.read_bytes(),
        files.client.cert.read_bytes(),
        files.client.key.read_bytes(),
    )
    with InferenceClient(mutual_gateway.address, tls=tls) as client:
        np.testing.assert_array_equal(client.infer("identity", {"x": ROWS}).outputs["y"], ROWS)
    with (
        InferenceClient(mutual_gateway.address, tls=TlsOptions(tls.ca)) as client,
        pytest.raises(CallError) as caught,
    ):
        client.is_live(timeout_s=TIMEOUT_S)
    assert caught.value.code is grpc.StatusCode.UNAVAILABLE


def test_a_client_with_a_certificate(mutual_gateway: GatewayProcess, files: Files) -> None:
    check_good_call(mutual_gateway, files, files.client)


def test_a_client_without_one_is_refused(mutual_gateway: GatewayProcess, files: Files) -> None:
    with secure_channel(mutual_gateway, files) as channel:
        check_unavailable(channel)
    check_good_call(mutual_gateway, files, files.client)


def test_a_client_of_another_authority_is_refused(
    mutual_gateway: GatewayProcess, files: Files
) -> None:
    with secure_channel(mutual_gateway, files, files.stranger) as channel:
        check_unavailable(channel)
    check_good_call(mutual_gateway, files, files.client)


def test_a_certificate_that_nobody_asked_for_is_no_harm(
    tls_gateway: GatewayProcess, files: Files
) -> None:
    check_good_call(tls_gateway, files, files.stranger)


def test_a_client_that_does_not_trust_the_server(tls_gateway: GatewayProcess, files: Files) -> None:
    credentials = grpc.ssl_channel_credentials(files.stranger.cert.read_bytes())
    with grpc.secure_channel(tls_gateway.address, credentials) as channel:
        check_unavailable(channel)
    check_good_call(tls_gateway, files)


def test_a_plaintext_client_harms_nobody(tls_gateway: GatewayProcess, files: Files) -> None:
    with secure_channel(tls_gateway, files) as other:
        check_identity(infer(other, identity_request()))
        with grpc.insecure_channel(tls_gateway.address) as channel:
            check_unavailable(channel)
        check_identity(infer(other, identity_request()))


def test_a_tls_client_on_a_plaintext_port_harms_nobody(
    gateway: GatewayProcess, channel: grpc.Channel, files: Files
) -> None:
    with secure_channel(gateway, files) as secure:
        check_unavailable(secure)
    check_identity(infer(channel, identity_request()))


def handshake(gateway: GatewayProcess, context: ssl.SSLContext) -> ssl.SSLSocket:
    host, _, port = gateway.address.rpartition(":")
    plain = socket.create_connection((host, int(port)), timeout=TIMEOUT_S)
    try:
        return context.wrap_socket(plain, server_hostname=host)
    except BaseException:
        plain.close()
        raise


def client_context(files: Files, *protocols: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(files.authority.cert))
    if protocols:
        context.set_alpn_protocols(list(protocols))
    return context


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_versions_that_are_spoken(
    tls_gateway: GatewayProcess, files: Files, version: ssl.TLSVersion
) -> None:
    context = client_context(files, "http/1.1", "h2")
    context.minimum_version = context.maximum_version = version
    with handshake(tls_gateway, context) as secure:
        assert secure.version() == version.name.replace("_", ".")
        assert secure.selected_alpn_protocol() == "h2"


def test_tls_1_1_is_refused(tls_gateway: GatewayProcess, files: Files) -> None:
    context = client_context(files, "h2")
    context.set_ciphers("ALL:@SECLEVEL=0")  # else our own side would refuse it
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError, match=r"(?i)protocol.version|unsupported.protocol"):
        handshake(tls_gateway, context)
    check_good_call(tls_gateway, files)


def test_another_protocol_than_h2_is_refused(tls_gateway: GatewayProcess, files: Files) -> None:
    with pytest.raises(ssl.SSLError, match=r"(?i)no.application.protocol"):
        handshake(tls_gateway, client_context(files, "http/1.1"))
    check_good_call(tls_gateway, files)


def test_no_alpn_is_refused(tls_gateway: GatewayProcess, files: Files) -> None:
    """The handshake itself succeeds for the client; then the gateway ends the connection."""
    received = b""
    refusals = contextlib.suppress(ssl.SSLError, ConnectionResetError)
    with refusals, handshake(tls_gateway, client_context(files)) as secure:
        received = secure.recv(1)
    assert received == b""
    check_good_call(tls_gateway, files)


def test_bytes_that_are_no_tls_end_the_connection(
    tls_gateway: GatewayProcess, files: Files
) -> None:
    host, _, port = tls_gateway.address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=TIMEOUT_S) as plain:
        plain.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        received: list[Any] = []
        with contextlib.suppress(ConnectionResetError):
            while part := plain.recv(4096):
                received.append(part)
    assert b"HTTP" not in b"".join(received)
    check_good_call(tls_gateway, files)
