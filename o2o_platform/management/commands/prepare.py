"""`manage.py prepare`: what `make run` does to the database before the platform starts."""

from io import StringIO
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

from o2o_platform.services import terminal


class Command(BaseCommand):
    """Migrate, load the catalogue and the demo city, write the demo sign-ins to a file. Quick when already done."""

    help = "Migrate and load the catalogue and the demo city."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--sign-ins", type=Path, required=True, help="file that gets the demo sign-ins")

    def handle(self, *_args: Any, sign_ins: Path, **_options: Any) -> None:
        for title, name in [
            ("Migrations", "migrate"),
            ("Catalogue", "load_catalogue"),
            ("Demo city", "load_demo_city"),
        ]:
            with terminal.step(title):
                call_command(name, stdout=StringIO())
        words = StringIO()
        call_command("demo_sign_ins", stdout=words)
        sign_ins.write_text(words.getvalue())
