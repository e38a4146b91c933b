"""`python -m tests.drills.money.nursery`: loads everything once; from then on a new server is a fork away.

What is killed many times a minute has to be back at once, also on a busy machine, where loading Django takes half a
minute. A line on the standard input is a program with its arguments and the file of its log, as JSON; the answer is the
process's id. Each has a process group of its own; all of them end with the nursery, and that with its standard input.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from contextlib import suppress
from typing import NoReturn


def main() -> None:
    """Load, then fork whatever is asked for."""
    _load()
    # Who dies is forgotten by the kernel at once.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    born: list[int] = []
    _say("ready")
    for line in sys.stdin:
        asked = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _become(asked["arguments"], asked["log"])
        born.append(pid)
        _say(str(pid))
    for pid in born:
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)


def _load() -> None:
    import django

    django.setup()
    import celery.__main__
    import celery.apps.beat
    import celery.apps.worker  # noqa: F401  (loaded here, so that nobody has to load it later)
    import gunicorn.app.wsgiapp
    import gunicorn.workers.gthread  # noqa: F401  (as above)
    from django.urls import get_resolver

    from o2o_platform.celery import app
    from o2o_platform.wsgi import application  # noqa: F401  (as above)

    get_resolver().url_patterns  # noqa: B018  (loads every view)
    app.loader.import_default_modules()
    app.finalize()


def _become(arguments: list[str], log: str) -> NoReturn:
    """Be another program from now on."""
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for target, source in ((0, nothing), (1, file), (2, file)):
        os.dup2(source, target)
    sys.argv = arguments
    if arguments[0] == "gunicorn":
        from gunicorn.app.wsgiapp import run
    else:
        from celery.__main__ import main as run
    run()
    os._exit(0)


def _say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
