"""The lines of a visit: propose, change, do, find not needed, wait for parts, take back. Only views read the clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from bookings.board.pages import member, staff_page
from bookings.choices import PhotoKind, PriceBasis
from bookings.floor import advising, drafts, line_looks, lines, warranty, work_photos
from bookings.floor.drafts import Draft
from bookings.floor.photos import Shown
from bookings.floor_pages import job_card_reading as reading
from bookings.floor_pages.job_card_forms import NotNeededForm, PartsForm
from bookings.floor_pages.job_card_pages import (
    Step,
    attempt,
    author,
    card_url,
    card_visit,
    line_asked,
    taken,
)
from bookings.floor_pages.job_card_reading import Found
from bookings.floor_pages.lines_forms import (
    FIRST_ROWS,
    OWN_WORDS,
    LineForm,
    Menu,
    PartFormSet,
    initial_of,
    initial_parts,
)
from bookings.models import Booking, Line
from catalog import pricing
from catalog.choices import Symptom
from core.photo_fields import accepts_photos
from shops.access import get_staff_shop
from shops.choices import Permission
from shops.models import Shop


@dataclass
class _Typed:
    """A line as it was typed: its form and its rows of parts."""

    form: LineForm
    rows: PartFormSet

    def is_valid(self) -> bool:
        # Both are asked, so that everything that is wrong is said at once.
        return all([self.form.is_valid(), self.rows.is_valid()])

    def draft(self) -> Draft:
        return self.form.draft(self.rows.parts)


@dataclass(frozen=True)
class _Page:
    """The form of a line: what was typed, what writes it down, the line that is to change, findings to choose from."""

    typed: _Typed
    write: Callable[[], Line]
    line: Line | None = None
    found: Sequence[Found] = ()


# --- Proposing and changing -------------------------------------------------------------------------


@accepts_photos
@require_http_methods(["GET", "POST"])
def add(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """A new line; `?point=` is a check point that was found red or yellow and suggests what it justifies."""
    shop = get_staff_shop(request, slug, Permission.CHECK_IN)
    booking, at = card_visit(shop, public_id), timezone.now()
    menu = Menu.of(booking)
    found = reading.found_points(booking)
    typed = _typed(request, shop, menu, _suggested(request.GET.get("point", ""), found, menu), [])

    def write() -> Line:
        return lines.propose(booking=booking, draft=typed.draft(), by=author(request, shop), at=at)

    return _line_page(request, shop, booking, at, _Page(typed, write, found=found))


@accepts_photos
@require_http_methods(["GET", "POST"])
def change(request: HttpRequest, slug: str, public_id: str, line_id: str) -> HttpResponse:
    """A line said anew: a new version, which the owner has to approve again if they had been asked."""
    shop = get_staff_shop(request, slug, Permission.CHECK_IN)
    booking, at = card_visit(shop, public_id), timezone.now()
    line = line_asked(booking, line_id)
    now = line.current
    typed = _typed(request, shop, Menu.of(booking), initial_of(now), initial_parts(now))

    def write() -> Line:
        # Without the number nobody knows what was looked at: then it is not the present one.
        version = typed.form.cleaned_data["version"] or 0
        return lines.change(line=line, draft=typed.draft(), version=version, by=author(request, shop), at=at)

    return _line_page(request, shop, booking, at, _Page(typed, write, line=line))


def _line_page(request: HttpRequest, shop: Shop, booking: Booking, at: datetime, page: _Page) -> HttpResponse:
    """The form of a line, or the line written down and the way back to the card."""
    typed, line = page.typed, page.line
    status, problem = 200, ""
    if request.method == "POST" and not _asks_for_rows(request.POST):
        status, problem = 400, ""
        if typed.is_valid():
            status, problem = attempt(typed.form, lambda: _written(request, booking, typed.form, page.write, at))
        if status == 200:
            messages.success(
                request, _("Line changed.") if line else _("Line added. Send it when the list is complete.")
            )
            return redirect(card_url(shop, booking, "lines"))
        _take_over_row_errors(typed)
    context = {
        "form": typed.form,
        "rows": typed.rows,
        "booking": booking,
        "line": line,
        "found": page.found,
        "problem": problem,
        "status": status,
        "back_url": card_url(shop, booking, "lines"),
        **_preview(booking, typed, at),
    }
    return staff_page(request, shop, "floor/line_form.html", context)


@transaction.atomic
def _written(request: HttpRequest, booking: Booking, form: LineForm, write: Callable[[], Line], at: datetime) -> Line:
    """The line with the photos that came along: both are kept, or neither."""
    line = write()
    if cleaned := form.cleaned_data["photos"]:
        shown = Shown(PhotoKind.FINDING, line=line, caption=line.current.name[:120])
        work_photos.add(booking=booking, cleaned=cleaned, shown=shown, by=member(request), at=at)
    return line


def _take_over_row_errors(typed: _Typed) -> None:
    """What is wrong with the parts as a whole stands over their rows."""
    if "parts" in typed.form.errors:
        return
    for error in typed.rows.non_form_errors():
        typed.form.add_error(None, error)


@require_POST
def advice(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """What the platform says of a line as it is typed, what it costs and what it does to the promise. Saves nothing."""
    shop = get_staff_shop(request, slug, Permission.CHECK_IN)
    booking, at = card_visit(shop, public_id), timezone.now()
    typed = _typed(request, shop, Menu.of(booking), {}, [])
    typed.is_valid()
    context = {"form": typed.form, "booking": booking, "shop": shop, **_preview(booking, typed, at)}
    return render(request, "floor/_advice.html", context)


def _typed(
    request: HttpRequest, shop: Shop, menu: Menu, initial: dict[str, Any], parts: list[dict[str, Any]]
) -> _Typed:
    if request.method != "POST":
        form = LineForm(initial=initial, menu=menu, shop=shop)
        empty: list[dict[str, Any]] = [{}] * max(1, FIRST_ROWS - len(parts))
        return _Typed(form, PartFormSet(initial=[*parts, *empty][: drafts.MAX_PARTS], prefix="parts"))
    form = LineForm(request.POST, request.FILES, initial=initial, menu=menu, shop=shop)
    return _Typed(form, PartFormSet(_with_rows(request.POST), prefix="parts"))


def _asks_for_rows(data: QueryDict) -> bool:
    """Whether a button for the rows of parts was pressed, not the one that saves."""
    return "more" in data or "fewer" in data


def _with_rows(data: QueryDict) -> QueryDict:
    """What was typed with a row more, or without the one whose button was pressed."""
    data = data.copy()
    typed = str(data.get("parts-TOTAL_FORMS", ""))[:4]
    count = min(int(typed) if typed.isdecimal() else 0, drafts.MAX_PARTS + 1)
    if "more" in data:
        count = min(count + 1, drafts.MAX_PARTS)
        data.setdefault(f"parts-{count - 1}-quantity", "1")
    elif (gone := str(data.get("fewer", ""))[:4]).isdecimal() and int(gone) < count:
        for row in range(int(gone), count):
            for name in ("name", "code", "quantity", "unit"):
                data[f"parts-{row}-{name}"] = data.get(f"parts-{row + 1}-{name}", "")
        count -= 1
    data["parts-TOTAL_FORMS"] = str(count)
    data.setdefault("parts-INITIAL_FORMS", "0")
    return data


def _suggested(point: str, found: Sequence[Found], menu: Menu) -> dict[str, Any]:
    """What a check point that was found red or yellow suggests: the first service it justifies, and what was seen."""
    for item, check_point in found:
        if item.point == point:
            services = [one for one in check_point.services.all() if one.key in menu.services]
            services.sort(key=lambda one: (one.pk not in menu.quotes, one.key))
            offered = bool(services) and services[0].pk in menu.quotes
            return {
                "what": f"service:{services[0].key}" if services else OWN_WORDS,
                "title": "" if services else check_point.name,
                "note": item.note,
                "urgency": item.tone,
                "symptoms": [one for one in item.symptoms if one in Symptom.values],
                "fault_codes": ", ".join(item.codes),
                "price_basis": PriceBasis.OFFER if offered else PriceBasis.ENTERED,
            }
    return {}


# --- What the form shows of what is typed ------------------------------------------------------------


def _preview(booking: Booking, typed: _Typed, at: datetime) -> dict[str, Any]:
    """Advice, price, usual range, promise and least warranty for what the form says now, as far as it says it."""
    form = typed.form
    service, measure = form.service, form.measure
    context: dict[str, Any] = {"quote": form.menu.quote(service), "usual": warranty.terms(service, booking.shop)}
    extra = _number(form, "extra_minutes")
    if extra:
        context["promise_at"] = booking.ends_at + timedelta(minutes=extra)
    if service:
        context["band"] = pricing.fair_price(service=service, variant=booking.variant, city=booking.shop.city)
    context["price_fen"] = _price(typed)
    if service or measure:
        codes = form.cleaned_data.get("fault_codes", ()) if form.is_bound else _codes(form)
        symptoms = form.cleaned_data.get("symptoms", ()) if form.is_bound else form.initial.get("symptoms", ())
        adviser = advising.adviser(booking=booking, at=at)
        given = adviser.on(
            service=service.key if service else "",
            measure=measure.key if measure else "",
            symptoms=frozenset(symptoms),
            fault_codes=frozenset(codes),
        )
        context |= {
            "advice": adviser.words(given),
            "advice_source": given.source,
            "advice_look": line_looks.ADVICE[given.verdict],
            "is_against": given.verdict in drafts.AGAINST,
        }
    # What was asked for stays askable, whatever is typed since.
    context["is_against"] = context.get("is_against", False) or "against_reason" in form.errors
    return context


def _codes(form: LineForm) -> tuple[str, ...]:
    return tuple(str(form.initial.get("fault_codes", "")).replace(",", " ").split())


def _number(form: LineForm, name: str) -> int:
    value = form.cleaned_data.get(name) if form.is_bound else form.initial.get(name)
    return value if isinstance(value, int) else 0


def _price(typed: _Typed) -> int | None:
    """What the line costs as typed, fen; None where that is not said yet."""
    form = typed.form
    if not form.is_bound:
        quote = form.menu.quote(form.service)
        return quote.total_fen if quote and form.initial.get("price_basis") != PriceBasis.ENTERED else None
    if form.cleaned_data.get("price_basis") == PriceBasis.OFFER:
        quote = form.menu.quote(form.service)
        return quote.total_fen if quote else None
    labour = form.cleaned_data.get("labour")
    parts = sum(part.total_fen for part in typed.rows.parts) if typed.rows.is_valid() else 0
    return None if labour is None and not parts else (labour or 0) + parts


# --- What becomes of a line -------------------------------------------------------------------------


def _on_line(request: HttpRequest, slug: str, public_id: str, line_id: str) -> tuple[Shop, Booking, Line, datetime]:
    shop = get_staff_shop(request, slug, Permission.CHECK_IN)
    booking = card_visit(shop, public_id)
    return shop, booking, line_asked(booking, line_id), timezone.now()


@require_POST
def done(request: HttpRequest, slug: str, public_id: str, line_id: str) -> HttpResponse:
    """The work of a line is done."""
    shop, booking, line, at = _on_line(request, slug, public_id, line_id)

    def act() -> object:
        return lines.mark_done(line=line, by=member(request), at=at)

    step = Step("done", forms.Form(request.POST), act, _("Done: the owner sees it."), line_id, f"line-{line_id}")
    return taken(request, shop, booking, at, step)


@require_POST
def not_needed(request: HttpRequest, slug: str, public_id: str, line_id: str) -> HttpResponse:
    """An approved line turned out not to be needed; the owner reads why and does not pay for it."""
    shop, booking, line, at = _on_line(request, slug, public_id, line_id)
    form = NotNeededForm(request.POST, auto_id=f"id_not_needed_{line_id}_%s")

    def act() -> object:
        return lines.mark_not_needed(line=line, reason=form.cleaned_data["reason"], by=member(request), at=at)

    said = _("Not needed: the owner reads why and does not pay for it.")
    return taken(request, shop, booking, at, Step("not_needed", form, act, said, line_id, f"line-{line_id}"))


@require_POST
def parts(request: HttpRequest, slug: str, public_id: str, line_id: str) -> HttpResponse:
    """Parts of a line are missing, or (`arrived`) have come."""
    shop, booking, line, at = _on_line(request, slug, public_id, line_id)
    has_come = "arrived" in request.POST
    form = PartsForm(request.POST, auto_id=f"id_parts_{line_id}_%s")

    def act() -> object:
        day = form.cleaned_data["parts_expected_on"]
        return lines.wait_for_parts(line=line, expected_on=day, waits=not has_come, by=member(request), at=at)

    said = _("Parts have arrived.") if has_come else _("Waiting for parts: the owner sees it.")
    return taken(request, shop, booking, at, Step("parts", form, act, said, line_id, f"line-{line_id}"))


@require_POST
def withdraw(request: HttpRequest, slug: str, public_id: str, line_id: str) -> HttpResponse:
    """Take a proposal back that nobody has answered."""
    shop, booking, line, at = _on_line(request, slug, public_id, line_id)

    def act() -> object:
        return lines.withdraw(line=line, by=author(request, shop), at=at)

    step = Step("withdraw", forms.Form(request.POST), act, _("Taken back."), line_id, "lines")
    return taken(request, shop, booking, at, step)
