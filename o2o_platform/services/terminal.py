"""What the launcher prints: one short line a step, and the logs of all processes with a coloured prefix."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

_COLOURS = {
    "web": "32",
    "worker": "35",
    "beat": "36",
    "css": "34",
    "db": "33",
    "cache": "33",
    "sandbox": "34",
    "mail": "36",
}
_PREFIX_WIDTH = 7


def _is_colourful() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ


def paint(text: str, colour: str) -> str:
    """`text` in an ANSI colour when the output is a terminal."""
    return f"\x1b[{colour}m{text}\x1b[0m" if _is_colourful() else text


class ClosedError(Exception):
    """Nobody reads the output any more: the terminal was closed, or the pipe's reader has ended."""


def say(text: str = "") -> None:
    """Print a line at once, also into a pipe. Raises ClosedError when the terminal is gone."""
    try:
        print(text, flush=True)
    except OSError as error:
        raise ClosedError from error


def log(name: str, line: str) -> None:
    """Print one line of a process's log behind its name."""
    say(f"{paint(f'{name:<{_PREFIX_WIDTH}} |', _COLOURS.get(name, '37'))} {line}")


@contextmanager
def step(title: str) -> Iterator[list[str]]:
    """Print `title` and, when the block is done, how long it took; words put into the yielded list stand between."""
    started = time.monotonic()
    words: list[str] = []
    if sys.stdout.isatty():
        print(f"  … {title}", end="\r", flush=True)
    yield words
    detail = f" ({', '.join(words)})" if words else ""
    say(f"  {paint('✓', '32')} {title}{detail} {paint(f'{time.monotonic() - started:.1f} s', '2')}")
