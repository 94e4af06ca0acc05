"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO


@contextmanager
def whole(path: Path) -> Generator[TextIO, None, None]:
    """Open a text file that is at ``path`` once all of it is written, in place of what is there.

    Where the system has files without a name, it has none before: whatever ends the process leaves nothing.
    """
    named = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    descriptor = _unnamed(path.parent)
    try:
        place = named if descriptor is None else descriptor
        with open(place, "w", encoding="utf-8", newline="") as out:  # noqa: PTH123
            yield out
            if descriptor is not None:
                out.flush()
                # With a folder of its own the call follows the link, which is how what is open gets a name.
                os.link(_of_open(descriptor), named, src_dir_fd=descriptor, follow_symlinks=True)
        named.replace(path)
    finally:
        named.unlink(missing_ok=True)


def _unnamed(folder: Path) -> int | None:
    flag = getattr(os, "O_TMPFILE", None)
    if flag is None:
        return None
    try:
        descriptor = os.open(folder, flag | os.O_RDWR, 0o666)
    except OSError:
        return None
    if os.path.exists(_of_open(descriptor)):  # noqa: PTH110
        return descriptor
    os.close(descriptor)
    return None


def _of_open(descriptor: int) -> str:
    return f"/proc/self/fd/{descriptor}"
