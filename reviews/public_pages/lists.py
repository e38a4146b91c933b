"""Lists of reviews: of a shop, and of a service everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.models import User
from catalog.models import Service
from core.errors import InvalidInput
from reviews import reading, summaries
from reviews.models import Review, Subject
from reviews.public_pages import choosing
from reviews.reading import Sort
from shops.models import Shop
from vehicles import selection


@require_safe
@vary_on_headers("HX-Request")
def shop_reviews(request: HttpRequest, slug: str) -> HttpResponse:
    """`?about=` chooses a service, a model or a person (`choosing`), `?sort=` the order, `?after=` the next page, which
    htmx gets as rows alone. Something that nobody has reviewed here is not found."""
    shop = get_object_or_404(Shop.objects.visible_to(request.user).for_card(), slug=slug)
    subjects = reading.of_shop(shop)
    about = request.GET.get("about", "")
    subject = next((row for row in subjects if choosing.value_of(row) == about), None)
    if about and subject is None:
        raise Http404(_("Nobody has reviewed this here."))
    context = {
        "shop": shop,
        "about": about,
        "about_name": choosing.name_of(subject) if subject and about else "",
        "with_model": _with_model(request, subjects) if not about else None,
        "groups": choosing.groups(subjects),
        "page_url": reverse("reviews:shop_reviews", args=[shop.slug]),
    }
    return _answer(request, "reviews/public/shop_list.html", subject, context)


@require_safe
@vary_on_headers("HX-Request")
def service_reviews(request: HttpRequest, key: str) -> HttpResponse:
    """The reviews of a service at all shops. `?sort=`, `?after=` as above."""
    service = get_object_or_404(Service.objects.listed(), key=key)
    subject = reading.one(service=service)
    context = {"service": service, "page_url": reverse("reviews:service_reviews", args=[service.key])}
    return _answer(request, "reviews/public/service_list.html", subject, context)


def _answer(request: HttpRequest, template: str, subject: Subject | None, context: dict[str, Any]) -> HttpResponse:
    wanted = request.GET.get("sort", "")
    sort = Sort(wanted) if wanted in Sort else Sort.USEFUL
    after = request.GET.get("after", "")
    try:
        page = reading.page(subject, sort=sort, after=after)
    except InvalidInput as error:
        raise Http404(str(error.message)) from error
    context |= {"page": page, "sort": sort, "sorts": Sort.choices, "after": after, **voting(request, page.rows)}
    if after and request.headers.get("HX-Request") == "true":
        return render(request, "reviews/public/_rows.html", context)
    context["summary"] = summaries.with_course(subject, at=timezone.now())
    return render(request, template, context)


def voting(request: HttpRequest, reviews: Sequence[Review]) -> dict[str, Any]:
    """What the buttons under reviews need: who reads, what they found helpful, where to go back to. At most one
    query."""
    user = request.user if isinstance(request.user, User) else None
    return {
        "reader": user,
        "voted": reading.voted(user, reviews) if user else frozenset(),
        "back": request.get_full_path(),
    }


def _with_model(request: HttpRequest, subjects: Sequence[Subject]) -> Subject | None:
    """The reviews with the model that the visitor has chosen."""
    variant = selection.selected(request).variant
    return next((row for row in subjects if variant and row.model_id == variant.model_id), None)
