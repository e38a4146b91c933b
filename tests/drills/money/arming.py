"""Named points that are armed while processes run: what a file in the drill's folder says, all of them obey.

`core.faults` compares `settings.FAULT_POINT` with a name and makes the file `settings.FAULT_MARK`; here both follow a
file, so that no process has to be started anew for the next point.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

_ROOMS = ("core", "accounts", "notifications", "vehicles", "shops", "catalog", "payments", "bookings")
_POINT = re.compile(r"""faults\.point\(\s*["']([^"']+)["']""")


class ArmedPoint:
    """Equal to the name of the point that is armed now."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "armed"

    def __eq__(self, name: object) -> bool:
        return name == read(self._file)

    __hash__ = None  # type: ignore[assignment]  (what it is equal to changes)


class Mark(os.PathLike[str]):
    """The file that says that somebody died at the point that is armed now."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __fspath__(self) -> str:
        return str(mark(self._folder, read(self._folder / "armed")))


def read(file: Path) -> str:
    """The armed point; "" where none is."""
    try:
        return file.read_text()
    except FileNotFoundError:
        return ""


def mark(folder: Path, point: str) -> Path:
    """Where the death at a point is marked."""
    return folder / f"died-at-{point}"


def arm(folder: Path, point: str) -> None:
    """From now on the first process that reaches the point dies there. "" for none."""
    new = folder / "arming"
    new.write_text(point)
    new.replace(folder / "armed")


def points() -> list[str]:
    """Every named point of the code, sorted."""
    files = (file for room in _ROOMS for file in Path(room).rglob("*.py"))
    return sorted({name for file in files for name in _POINT.findall(file.read_text())})
