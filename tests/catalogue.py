"""The real catalogue for a module of tests: loaded once, removed at the end. Loading it for each would be slow."""

from collections.abc import Iterator
from typing import Any

import pytest

from catalog.catalogue_loading import load_all
from catalog.models import CheckPoint, InspectionTemplate, OverMaintenanceRule, Service
from vehicles.models import Make


@pytest.fixture(scope="module")
def catalogue(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Import it into a test module: `from tests.catalogue import catalogue  # noqa: F401`."""
    with django_db_blocker.unblock():
        load_all()
    yield
    with django_db_blocker.unblock():
        CheckPoint.objects.filter(limit_from__isnull=False).delete()  # they protect the points of their limits
        for model in (InspectionTemplate, CheckPoint, OverMaintenanceRule, Service, Make):
            model.objects.all().delete()
