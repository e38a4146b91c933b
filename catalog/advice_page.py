"""The page that states the rules of neutral advice, with the numbers that the code uses."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from catalog.advice import schedule, warranty
from catalog.choices import AdviceVerdict
from catalog.models import CheckPoint


@require_GET
def advice_rules(request: HttpRequest) -> HttpResponse:
    """The product rules in plain words, and every threshold with its source. One query."""
    context = {
        "verdicts": AdviceVerdict,
        "points": _one_of_each_group(),
        "not_needed_percent": int(schedule.NOT_NEEDED_UNTIL * 100),
        "can_wait_percent": int(schedule.CAN_WAIT_UNTIL * 100),
        "statutory_km": warranty.STATUTORY_KM,
        "statutory_days": warranty.STATUTORY_DAYS,
    }
    return render(request, "catalog/advice_rules.html", context)


def _one_of_each_group() -> list[CheckPoint]:
    """The points in order of their sections; of points that share a rule (four wheels) the first."""
    found: dict[str, CheckPoint] = {}
    for point in CheckPoint.objects.order_by("section", "pk"):
        found.setdefault(point.group or point.key, point)
    return list(found.values())
