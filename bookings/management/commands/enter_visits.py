"""Enter visits that were handed over before visits entered health records. Running it again changes nothing."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from bookings.floor import record_entry


class Command(BaseCommand):
    help = "Enter visits from before health records were kept into the records of their cars."

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002  (Django's signature)
        count = 0
        while entered := record_entry.backfill(at=timezone.now()):
            count += entered
        self.stdout.write(f"{count} visits entered.")
