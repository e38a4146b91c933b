"""Compute what cars need, here and now instead of in the worker."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from catalog.needs.loading import BookShelf
from reminders.computing import recompute, staleness


class Command(BaseCommand):
    help = "Compute the due items of cars that have changed, or of all cars after a change of the catalogue."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--all", action="store_true", help="every car in a garage, not only those that changed")

    def handle(self, *_args: Any, **options: Any) -> None:
        at, done, books = timezone.now(), 0, BookShelf()
        if options["all"]:
            staleness.mark_all(at=at)
        else:
            staleness.find_new(at=at)
        while count := recompute.sweep(at=at, limit=recompute.BATCH, books=books):
            done += count
        self.stdout.write(f"{done} cars computed")
