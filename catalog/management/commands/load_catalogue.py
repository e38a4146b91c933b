"""`manage.py load_catalogue`: bring the catalogue's tables up to date with the fixture files."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from catalog.catalogue_loading import load_all
from vehicles.fixtures import FixtureError


class Command(BaseCommand):
    help = (
        "Load makes, models, variants, services, schedules and over-maintenance rules. Can be run at any time: "
        "a field that an admin edited keeps the edit, a deleted row comes back (unlist it instead), nothing is deleted."
    )

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002  (Django's signature)
        try:
            tally = load_all()
        except FixtureError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Catalogue: {tally}.")
