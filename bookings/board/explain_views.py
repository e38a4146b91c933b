"""Why a time is offered online, or not: for everybody who sees the board."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils import timezone
from django.views.decorators.http import require_GET

from bookings.board import explanations
from bookings.board.explanations import Answer
from bookings.board.forms import ExplainForm
from bookings.board.pages import day_address, staff_page
from bookings.engine.jobs import Job
from catalog.models import Service
from core.errors import InvalidInput
from shops.access import get_staff_shop
from shops.choices import Permission
from shops.models import Shop
from vehicles.models import Variant


@require_GET
def explain(request: HttpRequest, slug: str) -> HttpResponse:
    """The question `?service=&price_class=` (or `&variant=`) `&date=&time=` (or `&starts_at=`), and its answer."""
    shop = get_staff_shop(request, slug, Permission.BOARD)
    at = timezone.now()
    form = _form(request, shop, at)
    answer = _answer(form, shop, at) if form.is_bound and form.is_valid() else None
    context = {
        "form": form,
        "answer": answer,
        "back_url": day_address(shop, date=request.GET.get("date", "")[:10] if answer else ""),
        "status": 400 if form.is_bound and form.errors else 200,
    }
    return staff_page(request, shop, "board/explain.html", context)


def _form(request: HttpRequest, shop: Shop, at: datetime) -> ExplainForm:
    offered = Service.objects.listed().filter(offers__shop=shop, offers__is_active=True).distinct()
    soon = (at + timedelta(minutes=shop.lead_time_minutes, hours=1)).astimezone(shop.zone).replace(minute=0)
    return ExplainForm(
        _asked(request, shop),
        services=offered,
        today=at.astimezone(shop.zone).date(),
        zone=shop.zone,
        initial={"date": soon.date(), "time": soon.time(), **request.GET.dict()},
    )


def _asked(request: HttpRequest, shop: Shop) -> QueryDict | None:
    """The question, None while only a day is given. An instant (`starts_at`) goes before day and time."""
    if "service" not in request.GET:
        return None
    try:
        start = datetime.fromisoformat(request.GET.get("starts_at", "")).astimezone(shop.zone)
    except (ValueError, OverflowError):
        return request.GET
    data = request.GET.copy()
    data.update({"date": start.date().isoformat(), "time": f"{start:%H:%M}"})
    return data


def _answer(form: ExplainForm, shop: Shop, at: datetime) -> Answer | None:
    """The answer; None with the words beside the field where the question cannot be asked here."""
    services = form.chosen
    slug = form.cleaned_data["variant"]
    try:
        if slug:
            variant = Variant.objects.listed().with_names().filter(slug=slug).first()
            if variant is None:
                raise InvalidInput(form.unknown_car, field="variant")
            quoted = Job(shop, services[0], variant, also=tuple(services[1:])).quoted()
        else:
            price_class = form.cleaned_data["price_class"]
            quoted = explanations.quoted_for_class(shop=shop, services=services, price_class=price_class)
    except InvalidInput as refusal:
        field = refusal.field if refusal.field in form.fields else "service"
        form.add_error(field, str(refusal.message))
        return None
    return explanations.answer(quoted=quoted, starts_at=form.instant(), at=at)
