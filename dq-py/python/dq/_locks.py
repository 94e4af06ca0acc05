"""Two copies of SQLite in one process: Python's own and that of dq.

The operating system knows locks of processes, and not of libraries. If both copies open one file, each takes the
other's locks away without noticing, and a third process may write in between. So dq does not open a database
that something else in this process has open.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import weakref
from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

from dq.exceptions import BusyError

Inode: TypeAlias = "tuple[int, int]"

_MAGIC = b"SQLite format 3\0"

_FOLDERS = ("/proc/self/fd", "/dev/fd")

_PATIENCE = 0.5
"""How many seconds a connection may take to close that has just been given up."""

_own: dict[Inode, int] = {}
"""How many objects of dq are there for a database."""

_guard = threading.RLock()
# Entered again where the garbage collector finalizes something meanwhile.


class Claim:
    """What dq opens: noted, so that dq does not take its own connections for those of another copy.

    Used around the opening: ``with Claim(specs) as claim: …; claim.hold(owner)``.
    """

    __slots__ = ("_inodes", "_is_held", "_paths")

    def __init__(self, specs: Iterable[str]) -> None:
        """Raise ``BusyError`` if something else has one of these databases open."""
        self._paths = [_path(it) for it in specs]
        self._is_held = False
        self._inodes: list[Inode] = []
        try:
            for path in self._paths:
                self._note(path)
        except BaseException:
            _release(self._inodes)
            raise

    def hold(self, owner: object) -> None:
        """Keep the claim as long as ``owner`` is there; of a file that opening has made, too."""
        if not self._inodes:
            made = [it for it in map(_inode, self._paths) if it is not None]
            for inode in made:
                _register(inode)
            self._inodes = made
        self._is_held = True
        weakref.finalize(owner, _release, self._inodes).atexit = False

    def __enter__(self) -> Claim:
        return self

    def __exit__(self, *_: object) -> None:
        if not self._is_held:
            _release(self._inodes)

    def _note(self, path: str) -> None:
        inode = _inode(path)
        if inode is None:
            return
        is_own = _register(inode)
        self._inodes.append(inode)
        # Without Python's own SQLite there is but one copy, as far as anyone can know.
        if is_own or "_sqlite3" not in sys.modules:
            return
        deadline = time.monotonic() + _PATIENCE
        while _is_open_elsewhere(inode):
            if time.monotonic() > deadline:
                raise BusyError(
                    f"cannot open `{path}`: this process has it open already, by another copy of SQLite "
                    "(such as Python's `sqlite3`), and each would lose the other's locks; close that connection first"
                )
            time.sleep(0.005)


def _register(inode: Inode) -> bool:
    """Count one more object for a database; returns whether there was one before."""
    with _guard:
        before = _own.get(inode, 0)
        _own[inode] = before + 1
    return before > 0


def _release(inodes: list[Inode]) -> None:
    with _guard:
        for inode in inodes:
            _own[inode] -= 1
            if not _own[inode]:
                del _own[inode]


def _path(spec: str) -> str:
    name, separator, rest = spec.partition("=")
    if separator and not set(name) & set("/\\:*?[") and not Path(spec).exists():
        spec = rest
    return spec.removeprefix("sqlite:").removeprefix("//") if spec.startswith("sqlite:") else spec


def _inode(path: str) -> Inode | None:
    try:
        found = os.stat(path)  # noqa: PTH116
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino


def _is_open_elsewhere(inode: Inode) -> bool:
    for folder in _FOLDERS:
        try:
            descriptors = os.listdir(folder)  # noqa: PTH208
        except OSError:
            continue
        return any(_is_database(int(it), inode) for it in descriptors if it.isdigit())
    return False


def _is_database(descriptor: int, inode: Inode) -> bool:
    try:
        found = os.fstat(descriptor)
        # Read through what is open: to open and close the file here would lose the locks.
        return (found.st_dev, found.st_ino) == inode and os.pread(descriptor, 16, 0) in (_MAGIC, b"")
    except OSError:
        return False
