"""At the counter: a visit opened without a booking, and bays or people taken out of use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from bookings import workshop
from bookings.actions import Contact
from bookings.board.day import Card
from bookings.board.forms import BlockForm, WalkInForm, is_near
from bookings.board.pages import attempt, day_address, done, form_page, told, typed, wants_part
from bookings.choices import PAUSES, AllocationKind
from bookings.engine import availability
from bookings.engine.availability import Placement
from bookings.engine.claims import span_of
from bookings.engine.jobs import Job, Price, QuotedJob
from bookings.models import Allocation, Booking
from catalog.models import Service
from core.errors import InvalidInput
from shops.access import get_staff_shop
from shops.choices import Permission
from shops.models import Resource, Shop
from vehicles import plates
from vehicles.models import Variant

# Cars to choose from while typing: more do not fit on a phone above its keyboard.
MAX_FINDS = 8


@dataclass
class Finds:
    """Cars that what was typed may mean: one that has been here, by its plate, and variants by their names."""

    known: Booking | None = None
    variants: Sequence[Variant] = ()
    chosen: Variant | None = None


@dataclass
class Plan:
    """A walk-in as far as it has been typed: the cars it may mean, its price and when it would be ready."""

    finds: Finds
    quoted: QuotedJob | None = None
    placed: Placement | None = None
    problem: str | Promise = ""
    alternatives: Sequence[Any] = field(default_factory=tuple)
    starts_at: datetime | None = None

    @property
    def ends_at(self) -> datetime | None:
        return self.placed.ends_at if self.placed else None

    @property
    def price(self) -> Price | None:
        """With the discount of the hour, where the hour can be had."""
        return self.quoted.price(self.placed.discount_percent if self.placed else 0) if self.quoted else None


@require_http_methods(["GET", "POST"])
def walk_in(request: HttpRequest, slug: str) -> HttpResponse:
    """The walk-in form. GET with what was typed shows matching cars, the price and the predicted end; POST opens it."""
    shop = get_staff_shop(request, slug, Permission.WALK_IN)
    at = timezone.now()
    form = _walk_in_form(request, shop, at)
    plan, status = _plan(form, shop, at), 200
    if request.method == "POST":
        if "variant" in form.errors or (form.is_valid() and plan.finds.chosen is None):
            form.add_error("car", _("Choose the car from the list."))
        opened: list[Booking] = []

        def act() -> None:
            opened.append(_open_visit(request, form, plan, shop, at))

        status, plan.alternatives = attempt(form, act)
        if status == 200:
            return done(request, shop, opened[0], at, _("%(number)s is open.") % {"number": opened[0].number})
    context = {"form": form, "plan": plan, "alternatives": plan.alternatives, "back_url": day_address(shop)}
    return form_page(request, shop, "board/_walk_in_form.html", context, status=status)


def _walk_in_form(request: HttpRequest, shop: Shop, at: datetime) -> WalkInForm:
    today = at.astimezone(shop.zone).date()
    offered = Service.objects.listed().filter(offers__shop=shop, offers__is_active=True).distinct()
    initial: dict[str, Any] = {"date": today, **request.GET.dict(), "also": request.GET.getlist("also")}
    if initial.get("time"):
        initial.setdefault("when", WalkInForm.When.LATER)
    return WalkInForm(
        typed(request, shop=shop),
        services=offered,
        resources=shop.resources.in_use().order_by("position", "pk"),
        today=today,
        zone=shop.zone,
        initial=initial,
    )


def _plan(form: WalkInForm, shop: Shop, at: datetime) -> Plan:
    """What the form means so far, from its typed values, valid or not."""
    finds = _finds(shop, str(form["car"].value() or ""), str(form["variant"].value() or ""))
    service = form.services.get(str(form["service"].value() or "")) or next(iter(form.services.values()), None)
    if service is None or finds.chosen is None:
        return Plan(finds)
    job = Job(
        shop,
        service,
        finds.chosen,
        also=form.others(service.key, form["also"].value() or ()),
        with_loaner="with_loaner" in form.fields and bool(form["with_loaner"].value()),
    )
    try:
        quoted = job.quoted()
    except InvalidInput as refusal:
        return Plan(finds, problem=refusal.message)
    start = _typed_start(form, shop, at)
    if start is None or not is_near(start.date(), today=at.astimezone(shop.zone).date()):
        return Plan(finds, quoted)
    placed = availability.placement(shop=shop, plan=quoted.plan, starts_at=start, at=at, staff=True)
    return Plan(finds, quoted, placed, placed.reason.label if placed.reason else "", starts_at=start)


def _typed_start(form: WalkInForm, shop: Shop, at: datetime) -> datetime | None:
    """The start that the form shows, None while it cannot be read."""
    if form["when"].value() != WalkInForm.When.LATER:
        return at.replace(second=0, microsecond=0) - timedelta(minutes=at.minute % 5)
    try:
        day = form.fields["date"].to_python(form["date"].value())
        time = form.fields["time"].to_python(form["time"].value())
    except ValidationError:  # half typed: on POST the form itself says what is wrong
        return None
    return datetime.combine(day, time, tzinfo=shop.zone) if day and time else None


def _finds(shop: Shop, text: str, slug: str) -> Finds:
    """The cars meant by `text`: the last visit here with that plate, or variants with these names."""
    text, slug = text.replace("\x00", "")[:80], slug.replace("\x00", "")[:120]
    known = None
    bare = plates.normalise(text)
    if 6 <= len(bare) <= 8 and bare[0] in plates.PROVINCES:
        visits = Booking.objects.at_shop(shop).filter(plate=bare).select_related("variant__model__make", "service")
        known = visits.order_by("-starts_at", "-pk").first()
    listed = Variant.objects.listed().with_names()
    variants = [known.variant] if known else list(listed.found_by(text)[:MAX_FINDS])
    chosen = next((variant for variant in variants if variant.slug == slug), None)
    if chosen is None and slug and not text.strip():
        chosen = listed.filter(slug=slug).first()
    if chosen is None and len(variants) == 1:
        chosen = variants[0]
    return Finds(known, variants, chosen)


def _open_visit(request: HttpRequest, form: WalkInForm, plan: Plan, shop: Shop, at: datetime) -> Booking:
    data, known = form.cleaned_data, plan.finds.known
    assert plan.finds.chosen is not None  # noqa: S101  (the form is invalid without)
    return workshop.walk_in(
        job=Job(
            shop,
            form.services[data["service"]],
            plan.finds.chosen,
            also=form.others(data["service"], data["also"]),
            with_loaner=data.get("with_loaner", False),
        ),
        starts_at=form.starts_at(at=at),
        wanted=form.wanted,
        contact=Contact(
            name=data["name"] or (known.contact_name if known else ""),
            phone=data["phone"] or (known.contact_phone if known else ""),
            plate=data["plate"] or (known.plate if known else ""),
            note=data["note"],
        ),
        by=request.user,  # type: ignore[arg-type]
        at=at,
    )


# --- Out of use -------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def block(request: HttpRequest, slug: str) -> HttpResponse:
    """Take a bay or a technician out of use for a time; refused over visits, which are then listed."""
    shop = get_staff_shop(request, slug, Permission.WALK_IN)
    at = timezone.now()
    form = BlockForm(
        typed(request, shop=shop),
        resources=shop.resources.in_use().order_by("kind", "position", "pk"),
        today=at.astimezone(shop.zone).date(),
        zone=shop.zone,
        initial={"date": at.astimezone(shop.zone).date(), **request.GET.dict()},
    )

    def act() -> None:
        kind, reason = AllocationKind(form.cleaned_data["kind"]), form.cleaned_data["reason"]
        wanted.append((form.chosen, *form.span))
        start, end = wanted[0][1:3]
        workshop.block(resource=form.chosen, starts_at=start, ends_at=end, kind=kind, reason=reason, at=timezone.now())

    wanted: list[tuple[Resource, datetime, datetime]] = []
    status = 200
    if request.method == "POST":
        status, _alternatives = attempt(form, act)
        if status == 200:
            return _back_to_board(request, shop, form.cleaned_data["date"].isoformat(), _("Taken out of use."))
    standing = _standing(*wanted[0], at) if status == 409 else []
    context = {"form": form, "standing": standing, "back_url": day_address(shop)}
    return form_page(request, shop, "board/_block_form.html", context, status=status)


def _standing(resource: Resource, start: datetime, end: datetime, at: datetime) -> list[Card]:
    """The visits that stand where the block was wanted."""
    claims = Allocation.objects.filter(resource=resource, during__overlap=(start, end), booking__isnull=False)
    rows = Booking.objects.filter(pk__in=claims.values("booking")).for_card().order_by("starts_at", "pk")
    return [Card(row, at) for row in rows]


@require_GET
def pause(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """A break or a time out of use, with the way to end it."""
    shop = get_staff_shop(request, slug, Permission.BOARD)
    row = _pause_asked(shop, pk)
    context = {"pause": row, "back_url": day_address(shop, date=_day_of(row, shop))}
    return form_page(request, shop, "board/_pause.html", context)


@require_POST
def unblock(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Put a bay or a technician back in use."""
    shop = get_staff_shop(request, slug, Permission.WALK_IN)
    row = _pause_asked(shop, pk)
    workshop.unblock(allocation=row, at=timezone.now())
    return _back_to_board(request, shop, _day_of(row, shop), _("Back in use."))


def _pause_asked(shop: Shop, pk: int) -> Allocation:
    """The break or block of this shop; a visit's claim is none (Http404)."""
    rows = Allocation.objects.filter(resource__shop=shop, pk=pk, kind__in=PAUSES)
    row = rows.select_related("resource").first()
    if row is None:
        raise Http404(_("It is back in use already."))
    return row


def _day_of(row: Allocation, shop: Shop) -> str:
    return span_of(row)[0].astimezone(shop.zone).date().isoformat()


def _back_to_board(request: HttpRequest, shop: Shop, day: str, text: str) -> HttpResponse:
    if not wants_part(request):
        return redirect(day_address(shop, date=day))
    return HttpResponse(status=204, headers={"HX-Trigger": told(text)})
