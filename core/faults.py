"""Named points at which a drill kills a process, to show that what is half done is found again.

Nothing happens unless `settings.FAULT_POINT` names the point, which only the drills' settings do. Where a point stands
in the code it marks a seam: what is before it has happened, what is after it has not.
"""

from __future__ import annotations

import os
import signal

from django.conf import settings


def point(name: str) -> None:
    """Die here (kill -9) if this is the point of `settings.FAULT_POINT`; otherwise nothing.

    `settings.FAULT_MARK` names a file: the process that makes it dies, so that one point kills once, also when another
    process takes the work up again.
    """
    if settings.FAULT_POINT and name == settings.FAULT_POINT and _is_first():
        os.kill(os.getpid(), signal.SIGKILL)


def _is_first() -> bool:
    try:
        os.close(os.open(settings.FAULT_MARK, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True
