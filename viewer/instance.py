"""One window for a reader: a second start hands its path to the window that is open already, and ends.

They speak over a local socket that only this user can open (a named pipe on Windows): no network. The message
is one line of JSON, the answer one line, so that a start knows that it was heard.
"""

from __future__ import annotations

import getpass
import hashlib
import json
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from viewer.settings import default_path

HEARD = b"heard\n"
MAX_BYTES = 1 << 16
ANSWER_MS = 1500
"""How long a start waits for the open window: one that hangs must not keep the reader from a new one."""


def server_name() -> str:
    """A name of this user's and of these settings: who has others has another window."""
    owner = f"{getpass.getuser()} {default_path().parent}"
    return f"glassbox-{hashlib.sha256(owner.encode()).hexdigest()[:16]}"


def hand_over(path: Path | None, name: str = "") -> bool:
    """Ask the window that is open to come to the front and, with a path, to open it; False without one."""
    socket = QLocalSocket()
    socket.connectToServer(name or server_name())
    if not socket.waitForConnected(ANSWER_MS):
        return False
    message = {"open": str(path.absolute()) if path is not None else ""}
    socket.write(json.dumps(message).encode() + b"\n")
    socket.flush()
    heard = socket.waitForReadyRead(ANSWER_MS) and bytes(socket.readAll().data()) == HEARD
    socket.disconnectFromServer()
    return heard


class Instance(QObject):
    """Listens for later starts, as long as it lives."""

    asked = Signal(object)
    """(Path, or None to come to the front alone)"""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._on_connection)

    def listen(self, name: str = "") -> bool:
        """Be the window that others find; False if another one is it, or the system refuses."""
        name = name or server_name()
        probe = QLocalSocket()
        probe.connectToServer(name)
        if probe.waitForConnected(ANSWER_MS):  # Qt would put the new socket in the place of the old one
            probe.disconnectFromServer()
            return False
        QLocalServer.removeServer(name)  # left behind by one that was killed
        return self._server.listen(name)

    def close(self) -> None:
        """Be found no more."""
        self._server.close()

    @Slot()
    def _on_connection(self) -> None:
        while (socket := self._server.nextPendingConnection()) is not None:
            socket.disconnected.connect(socket.deleteLater)
            socket.readyRead.connect(self._on_words)
            if socket.bytesAvailable():
                self._hear(socket)

    @Slot()
    def _on_words(self) -> None:
        socket = self.sender()
        if isinstance(socket, QLocalSocket):
            self._hear(socket)

    def _hear(self, socket: QLocalSocket) -> None:
        if socket.bytesAvailable() > MAX_BYTES:
            socket.abort()
            return
        if not socket.canReadLine():
            return
        try:
            message = json.loads(bytes(socket.readLine().data()))
            wanted = message["open"]
            if not isinstance(wanted, str):
                raise ValueError("no path")
        except (ValueError, TypeError, KeyError, RecursionError):
            socket.abort()
            return
        socket.write(HEARD)
        socket.flush()
        self.asked.emit(Path(wanted) if wanted else None)
