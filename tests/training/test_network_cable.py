"""The virtual network cable: passes bytes, breaks what is open when pulled, and comes back on the same port."""

import socket
import threading

import pytest

from drivers.sim.network import NetworkCable


class EchoServer:
    """Answers every block with itself, until its peer closes."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._echo, args=(connection,), daemon=True).start()

    @staticmethod
    def _echo(connection):
        with connection:
            try:
                while block := connection.recv(65536):
                    connection.sendall(block)
            except OSError:
                return

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join(5)
        self.listener.close()


@pytest.fixture
def echo():
    server = EchoServer()
    yield server
    server.stop()


@pytest.fixture
def cable(echo):
    cable = NetworkCable(*echo.listener.getsockname())
    yield cable
    cable.stop()


def receive(connection, count):
    data = b""
    while len(data) < count and (block := connection.recv(65536)):
        data += block
    return data


def connect(cable):
    return socket.create_connection(cable.address, timeout=5)


def test_a_megabyte_comes_back_whole(cable):
    payload = bytes(range(256)) * 4096
    with connect(cable) as connection:
        threading.Thread(target=connection.sendall, args=(payload,), daemon=True).start()
        assert receive(connection, len(payload)) == payload


def test_half_closing_passes_through(cable):
    with connect(cable) as connection:
        connection.sendall(b"last words")
        connection.shutdown(socket.SHUT_WR)
        assert receive(connection, 1000) == b"last words"


def test_pulling_breaks_open_connections_and_refuses_new_ones(cable):
    with connect(cable) as connection:
        connection.sendall(b"a")
        assert receive(connection, 1) == b"a"
        cable.set_up(False)
        assert not cable.up
        assert receive(connection, 1) == b""
    with pytest.raises(ConnectionRefusedError):
        connect(cable)


def test_plugged_in_again_it_serves_on_the_same_port(cable):
    address = cable.address
    for _ in range(20):
        cable.set_up(False)
        with pytest.raises(ConnectionRefusedError):
            connect(cable)
        cable.set_up(True)
        with connect(cable) as connection:
            connection.sendall(b"back")
            assert receive(connection, 4) == b"back"
    assert cable.address == address


def test_while_pulled_nobody_else_can_take_the_port(cable):
    cable.set_up(False)
    with socket.socket() as thief, pytest.raises(OSError):
        thief.bind(cable.address)


def test_nobody_at_the_far_end_closes_the_connection():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        cable = NetworkCable(*unused.getsockname())
        with connect(cable) as connection:
            assert receive(connection, 1) == b""
        cable.stop()


def test_stopping_leaves_no_thread_and_no_listener(echo):
    before = set(threading.enumerate())
    cable = NetworkCable(*echo.listener.getsockname())
    address = cable.address
    with connect(cable) as connection:
        connection.sendall(b"a")
        assert receive(connection, 1) == b"a"
        cable.stop()
        assert receive(connection, 1) == b""
    left = {thread.name for thread in set(threading.enumerate()) - before if thread.name.startswith("cable")}
    assert left == set()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=5)
    cable.stop()
