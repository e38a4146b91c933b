"""Public pages about who does the work: a technician with their figures, and what the figures mean."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from bookings.floor import figures
from shops.choices import ResourceKind
from shops.models import Shop


@require_safe
def technician(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """Who works at a shop: title, years, skills, checked certificates, figures. Nobody of another shop (404)."""
    shop = get_object_or_404(Shop.objects.visible_to(request.user).for_page(), slug=slug)
    people = [row for row in shop.resources.all() if row.kind == ResourceKind.TECHNICIAN]
    person = next((row for row in people if row.public_id == public_id), None)
    if person is None:
        raise Http404
    context = {
        "shop": shop,
        "person": person,
        "rates": figures.of_shop(shop).get(person.pk),
        "today": timezone.now().astimezone(shop.zone).date(),
    }
    return render(request, "shops/technician_detail.html", context)


@require_safe
def explained(request: HttpRequest) -> HttpResponse:
    """What the figures count, what they leave out, and why small numbers are drawn towards the mean."""
    return render(request, "shops/figures_explained.html", {"few": figures.FEW, "strength": figures.STRENGTH})
