"""A TCP gate before central that can keep back the answer to a request, so that central can die between commit and answer."""

import contextlib
import socket
import threading


class AnswerGate:
    """Passes everything on until ``hold``; then the answer to the next matching request stops here and is thrown away."""

    def __init__(self):
        self.held = threading.Event()
        self.times_held = 0
        self._wanted = b""
        self._open = threading.Event()
        self._far_end = None
        self._listener = None
        self._sockets = []
        self._threads = []

    def open(self, host, port):
        """Listen before central at host and port; return the address to connect to instead."""
        self._far_end = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._start(self._accept)
        return self._listener.getsockname()[:2]

    def hold(self, path):
        """Keep back the answer to the next POST whose first line holds ``path``."""
        self.held.clear()
        self._open.clear()
        self._wanted = path

    def release(self):
        """Break the connection whose answer was kept back, and pass on what comes from now on."""
        self._wanted = b""
        self._open.set()

    def stop(self):
        self.release()
        if self._listener is not None:
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
        for end in self._sockets:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        for end in self._sockets:
            end.close()

    def _start(self, work, *arguments):
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self):
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(self._far_end, timeout=5)
            except OSError:
                near.close()
                continue
            far.settimeout(None)
            self._sockets += [near, far]
            asked = threading.Event()
            self._start(self._requests, near, far, asked)
            self._start(self._answers, far, near, asked)

    def _requests(self, near, far, asked):
        with contextlib.suppress(OSError):
            while block := near.recv(65536):
                first_line = block.partition(b"\r\n")[0]
                if self._wanted and first_line.startswith(b"POST") and self._wanted in first_line:
                    asked.set()
                far.sendall(block)
        self._break(near, far)

    def _answers(self, far, near, asked):
        with contextlib.suppress(OSError):
            while block := far.recv(65536):
                if asked.is_set():
                    self.times_held += 1
                    self.held.set()
                    self._open.wait(60)
                    break
                near.sendall(block)
        self._break(near, far)

    def _break(self, *ends):
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
