"""Whatever comes back from the network becomes one of the plain outcomes, in bounded time and memory."""

from __future__ import annotations

import datetime
import ipaddress
import json
import socket
import ssl
import subprocess
import sys
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from uplink_fakes import PATIENCE, TOKEN, problem

from kiosk.contract.cases import Accepted, CaseList, CaseQuery, QueryByCode
from kiosk.uplink.client import CentralClient, Delivered, Items, NotModified, NotNow, Refused, Unreachable

KEY = "019a0000-0000-7000-8000-000000000001"
QUERY = CaseQuery(query=QueryByCode(query_code="CK1:0001:abcdefgh"))


@pytest.fixture
def client(central):
    return CentralClient(central.url, "T001", TOKEN)


def test_a_request_carries_terminal_token_and_key_as_the_contract_says(client, central):
    assert isinstance(client.submit(KEY, b"{}"), Accepted)
    assert isinstance(client.rate(KEY[:-1] + "2", b"{}"), Delivered)
    assert isinstance(client.query(QUERY), CaseList)
    assert [path for path, _, _ in central.requests] == ["/submissions", "/ratings", "/case-queries"]
    assert central.headers[0]["Authorization"] == f"Bearer {TOKEN}"
    assert central.headers[0]["Terminal-Id"] == "T001"
    assert central.headers[0]["Idempotency-Key"] == KEY
    assert json.loads(central.requests[2][2]) == {"query": {"by": "code", "query_code": "CK1:0001:abcdefgh"}}


@pytest.mark.parametrize(
    ("action", "outcome"),
    [
        ((401, problem("unauthorised"), {}), NotNow("unauthorised")),
        ((409, problem("in_flight"), {}), NotNow("in_flight")),
        ((429, problem("overloaded"), {"Retry-After": "7"}), NotNow("overloaded", 7.0)),
        ((503, b"", {"Retry-After": "999999"}), NotNow("http_503", 300.0)),
        ((500, b"Traceback", {}), NotNow("http_500")),
        ((404, b"<html>", {}), Unreachable("not_central")),
        ((418, b"", {}), Unreachable("not_central")),
        ((200, b"<html>", {}), Unreachable("unreadable")),
        ((204, b"", {}), Unreachable("not_central")),
        ((301, b"", {"Location": "/elsewhere"}), Unreachable("redirected")),
        ("garbage", Unreachable("unreadable")),
        ("truncated", Unreachable("connection")),
        ("drop_before", Unreachable("connection")),
        ("drop_after", Unreachable("connection")),
    ],
    ids=str,
)
def test_each_answer_to_a_submission_has_one_meaning(client, central, action, outcome):
    central.script.append(action)
    assert client.submit(KEY, b"{}") == outcome
    assert len(central.requests) == 1  # in particular no redirect is followed


def test_a_problem_with_a_code_is_a_refusal(client, central):
    central.script.append((422, problem("invalid"), {}))
    outcome = client.submit(KEY, b"{}")
    assert isinstance(outcome, Refused)
    assert (outcome.status, outcome.problem.code) == (422, "invalid")


def test_nobody_listens(unused_port):
    client = CentralClient(f"http://127.0.0.1:{unused_port}", "T001", TOKEN)
    assert client.query(QUERY) == Unreachable("connection")


@pytest.fixture
def unused_port():
    with socket.socket() as taken:  # bound but not listening: refused, and nobody else can get it meanwhile
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def test_a_silent_central_is_given_up_after_the_time_given(client, central):
    central.script.append("late")
    assert client.query(QUERY, seconds=0.2) == Unreachable("read_timeout")
    central.released.set()


@pytest.fixture
def raw_server():
    """A server that hands each connection to a function."""
    listening = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()
    threads = []

    def serve(talk):
        def run():
            connection, _ = listening.accept()
            with connection:
                # The whole request: a connection closed over unread bytes is reset, and takes the answer with it.
                with connection.makefile("rb") as request:
                    length = 0
                    while (line := request.readline().strip().lower()) != b"":
                        if line.startswith(b"content-length:"):
                            length = int(line.partition(b":")[2])
                    request.read(length)
                talk(connection, over)

        threads.append(threading.Thread(target=run, daemon=True))
        threads[-1].start()
        return CentralClient(f"http://127.0.0.1:{listening.getsockname()[1]}", "T001", TOKEN, max_answer_bytes=100_000)

    yield serve
    over.set()
    for thread in threads:
        thread.join(PATIENCE)
    listening.close()


def test_an_answer_that_trickles_is_given_up_after_the_time_given(raw_server):
    def talk(connection, over):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n")
        while not over.wait(0.02):
            try:
                connection.sendall(b" ")
            except OSError:
                return

    assert raw_server(talk).query(QUERY, seconds=0.3) == Unreachable("read_timeout")


@pytest.mark.parametrize("framing", [b"Content-Length: 1000000000\r\n", b"Transfer-Encoding: chunked\r\n"])
def test_an_endless_answer_is_given_up_when_it_is_too_long(raw_server, framing):
    def talk(connection, over):
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n")
        piece = b" " * 0x1000 if b"Length" in framing else b"1000\r\n" + b" " * 0x1000 + b"\r\n"
        while not over.is_set():
            try:
                connection.sendall(piece)
            except OSError:
                return

    assert raw_server(talk).query(QUERY, seconds=PATIENCE) == Unreachable("too_long")


def test_a_chunked_answer_is_read_whole(raw_server):
    def talk(connection, _):
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for piece in (b'{"ca', b'ses"', b":[]}"):
            connection.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
        connection.sendall(b"0\r\n\r\n")

    assert raw_server(talk).query(QUERY) == CaseList(cases=())


def test_something_that_does_not_speak_http(raw_server):
    client = raw_server(lambda connection, _: connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n"))
    assert client.query(QUERY) == Unreachable("connection")


def test_items_are_asked_for_by_tag(client, central):
    first = client.items()
    assert isinstance(first, Items)
    assert first.etag == '"1"'
    assert client.items(first.etag) == NotModified()


def test_the_connection_is_kept_and_every_thread_has_its_own(client, central):
    sessions = []
    for _ in range(2):
        client.query(QUERY)
        sessions.append(client._session())
    thread = threading.Thread(target=lambda: sessions.append(client._session()))
    thread.start()
    thread.join(PATIENCE)
    assert sessions[0] is sessions[1]
    assert sessions[2] is not sessions[0]


def test_the_environment_changes_neither_route_nor_token(client, central, monkeypatch, tmp_path):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login a password b")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert client.query(QUERY) == CaseList(cases=())
    assert central.headers[0]["Authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize("url", ["http://central.example", "ftp://127.0.0.1", "central.example"])
def test_the_token_never_travels_in_the_clear(url):
    with pytest.raises(ValueError, match="https"):
        CentralClient(url, "T001", TOKEN)


@pytest.mark.parametrize("token", ["", "a\r\nb", "a b", "令牌"])
def test_a_token_that_no_header_can_carry_is_refused_at_once(token):
    with pytest.raises(ValueError, match="token"):
        CentralClient("https://central.example", "T001", token)


def test_a_certificate_is_trusted_only_from_an_authority_that_is(central, tmp_path):
    certificate = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    central.server.socket = context.wrap_socket(central.server.socket, server_side=True)
    url = central.url.replace("http:", "https:")
    assert CentralClient(url, "T001", TOKEN).query(QUERY) == Unreachable("tls")
    assert central.requests == []
    assert CentralClient(url, "T001", TOKEN, certificates=str(certificate)).query(QUERY) == CaseList(cases=())


def self_signed(folder):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "central of a test")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "central.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


def test_importing_the_uplink_does_not_load_requests():
    program = "import sys, kiosk.uplink.outbox, kiosk.uplink.link; sys.exit('requests' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], timeout=PATIENCE, check=False).returncode == 0
