"""The addresses of the site and one more, under which a request takes a random step with money."""

from __future__ import annotations

import random
import traceback

from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from tests.drills.money import steps


@csrf_exempt
def step(request: HttpRequest) -> HttpResponse:
    """Take the step that the number in the body leads to."""
    try:
        return HttpResponse(steps.step(random.Random(int(request.body)), at=timezone.now()))
    except Exception:  # whatever no page of ours would expect: the drill reports it
        return HttpResponse(traceback.format_exc(), status=500)


urlpatterns = [path("drill/step", step), path("", include("o2o_platform.urls"))]
