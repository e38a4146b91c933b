"""`manage.py load_demo_city`: a city to look at, with shops, prices, people and a day's visits."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from o2o_platform.demo.loading import NotInProductionError, load


class Command(BaseCommand):
    help = "Load the demo city. Can be run at any time: what stands there is left alone, a new day gets new visits."

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002  (Django's signature)
        try:
            said = load(at=timezone.now())
        except NotInProductionError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Demo city: {said}.")
