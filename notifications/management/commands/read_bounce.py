import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from notifications import bounces


class Command(BaseCommand):
    """Read a letter that came back, or a complaint, from standard input: the end of a mail server's pipe."""

    help = "Read one delivery report or complaint from standard input."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Act on it, and say what was done. A letter that is no report ends with an error, and nothing is done."""
        try:
            outcomes = bounces.read(sys.stdin.buffer.read(bounces.MAX_BYTES), at=timezone.now())
        except bounces.NotAReportError as error:
            raise CommandError(f"Not a report: {error}") from error
        self.stdout.write(", ".join(outcomes))
