"""Where the program runs: a frozen folder on this machine, or a fresh Debian it was installed into.

Either way it runs with an empty home and an environment of its own, and where this is root (it must
be for a fresh Debian) in a network namespace without any network.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

READER = 1000
"""User and group number of the reader in a fresh Debian."""
_CUT = ["unshare", "--net"]


class Folder:
    """A frozen tree, run where it lies."""

    def __init__(self, tree: Path) -> None:
        self._program = tree.resolve() / ("glassbox-cli.exe" if sys.platform == "win32" else "glassbox")
        self._home = tempfile.TemporaryDirectory(prefix="glassbox-smoke-")
        self.work = Path(self._home.name) / "work"
        self.work.mkdir()
        self.sample = tree.resolve() / "_internal" / "resources" / "sample" / "study"

    @property
    def home(self) -> Path:
        return Path(self._home.name)

    def inside(self, path: Path) -> str:
        """The path, below `work` or the sample, as the program sees it."""
        return str(path)

    def command(self, *arguments: str, display: str = "", codecs: str = "") -> list[str]:
        if sys.platform == "win32":
            return [str(self._program), *arguments]
        cut = _CUT if sys.platform == "linux" and os.geteuid() == 0 else []
        environment = _environment(str(self.home), display, codecs)
        return [*cut, "env", "-i", *environment, str(self._program), *arguments]

    def from_menu(self, path: Path, display: str) -> list[str]:
        return self.command(self.inside(path), display=display)

    def close(self) -> None:
        self._home.cleanup()


class Source(Folder):
    """This checkout, by the Python that runs the test: what the kept reports are made with."""

    def __init__(self) -> None:
        checkout = Path(__file__).parents[2]
        super().__init__(checkout)
        self.sample = checkout / "resources" / "sample" / "study"

    def command(self, *arguments: str, display: str = "", codecs: str = "") -> list[str]:
        start = [sys.executable, str(Path(__file__).parents[2] / "main.py")]
        return ["env", "-i", *_environment(str(self.home), display, codecs), *start, *arguments]


class Installed:
    """A fresh Debian made by mmdebstrap, with the .deb installed by apt: no Python, no compiler."""

    def __init__(self, deb: Path, root: Path) -> None:
        if os.geteuid() != 0:
            raise SystemExit("a fresh Debian can be made by root only; run as root, or with --folder")
        self.root = root.resolve()
        if not (self.root / "etc" / "debian_version").exists():
            shutil.rmtree(self.root, ignore_errors=True)
            # gio launches menu entries; everything else comes as a dependency of the .deb.
            _run("mmdebstrap", "--variant=minbase", "--include=libglib2.0-bin", "bookworm", str(self.root))
        self._deb, self.package = deb, deb.name.partition("_")[0]
        self._chroot("apt-get", "update", "-q")
        if not (self.root / "home" / "reader").exists():
            self._chroot("useradd", "--create-home", "--uid", str(READER), "reader")
        depends = subprocess.run(
            ["dpkg-deb", "-f", deb, "Depends"], capture_output=True, text=True, check=True
        )
        self._chroot("apt-get", "satisfy", "-q", "-y", "--no-install-recommends", depends.stdout.strip())
        self._before = self._files()
        self._install(deb)
        self.home = self.root / "home" / "reader"
        self.work = self.home / "work"
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir()
        os.chown(self.work, READER, READER)
        self.sample = self.root / "usr/lib/glassbox/_internal/resources/sample/study"

    def inside(self, path: Path) -> str:
        return f"/{path.relative_to(self.root)}"

    def found(self, *programs: str) -> list[str]:
        """Which of these programs the fresh Debian has."""
        folders = ("bin", "usr/bin", "usr/local/bin")
        return [name for name in programs if any((self.root / folder / name).exists() for folder in folders)]

    def command(self, *arguments: str, display: str = "", codecs: str = "") -> list[str]:
        return self._as_reader(["glassbox", *arguments], display, codecs)

    def from_menu(self, path: Path, display: str) -> list[str]:
        """Start the menu entry with the study, as a file manager's Open With does, and wait for its end."""
        entry = f"/usr/share/applications/{self.package}.desktop"
        wait = "while ls -l /proc/[0-9]*/exe 2>/dev/null | grep -q /usr/lib/glassbox/; do sleep 0.2; done"
        script = f"gio launch {entry} {self.inside(path)}; sleep 1; {wait}"
        return self._as_reader(["sh", "-c", script], display)

    def upgrade(self) -> None:
        """Install a later version over this one: the same files under a higher number."""
        with tempfile.TemporaryDirectory(prefix="glassbox-upgrade-", dir=self.root.parent) as name:
            tree = Path(name) / "tree"
            _run("dpkg-deb", "-R", str(self._deb), str(tree))
            control = tree / "DEBIAN" / "control"
            control.write_text(re.sub(r"(?m)^(Version: .*)$", r"\1+upgrade", control.read_text()))
            later = Path(name) / self._deb.name
            _run("dpkg-deb", "--root-owner-group", "-Znone", "--build", str(tree), str(later))
            shutil.rmtree(tree)
            self._install(later)

    def remove(self) -> list[str]:
        """Uninstall; the files that are there and were not before."""
        self._chroot("apt-get", "purge", "-q", "-y", self.package)
        return sorted(self._files() - self._before)

    def _files(self) -> set[str]:
        """The files of the system, but for caches, logs and what the package manager knows."""
        changing = (
            "var/lib/dpkg",
            "var/lib/apt",
            "var/cache",
            "var/log",
            "tmp",
            "home",
            "proc",
            "sys",
            "dev",
        )
        found = set()
        for folder, folders, files in os.walk(self.root):
            inside = os.path.relpath(folder, self.root)
            folders[:] = [one for one in folders if os.path.normpath(f"{inside}/{one}") not in changing]
            found |= {os.path.normpath(f"/{inside}/{one}") for one in files}
        return found

    def _install(self, deb: Path) -> None:
        shutil.copy(deb, self.root / "tmp" / deb.name)
        self._chroot("apt-get", "install", "-q", "-y", "--no-install-recommends", f"/tmp/{deb.name}")
        (self.root / "tmp" / deb.name).unlink()

    def close(self) -> None:
        """The root is kept: whoever gave its folder takes it away."""

    def _as_reader(self, command: list[str], display: str, codecs: str = "") -> list[str]:
        mounts = [
            f"mount -t proc proc {self.root}/proc",
            f"mount -t tmpfs tmpfs {self.root}/dev/shm 2>/dev/null || true",
            f"mkdir -p {self.root}/tmp/.X11-unix",
            f"mount --bind /tmp/.X11-unix {self.root}/tmp/.X11-unix",
            f'exec chroot --userspec={READER}:{READER} {self.root} "$@"',
        ]
        environment = ["env", "-i", "-C", "/home/reader", *_environment("/home/reader", display, codecs)]
        namespaces = [*_CUT, "--mount", "--pid", "--fork", "--kill-child"]
        return [*namespaces, "sh", "-ec", "\n".join(mounts), "sh", *environment, *command]

    def _chroot(self, *command: str) -> None:
        _run("chroot", str(self.root), "env", "DEBIAN_FRONTEND=noninteractive", *command)


def _environment(home: str, display: str, codecs: str) -> list[str]:
    variables = {"HOME": home, "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "USER": "reader"}
    if display:
        variables["DISPLAY"] = display
    if codecs:
        variables["GLASSBOX_CODECS"] = codecs
    return [f"{name}={value}" for name, value in variables.items()]


def _run(*command: str) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout[-3000:]}")
