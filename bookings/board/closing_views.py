"""Day closing: the list on screen and paper, and as CSV."""

from __future__ import annotations

from datetime import timedelta

from defusedcsv import csv
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from bookings.board import closing as closing_list
from bookings.board import stages
from bookings.board.looks import LOOKS
from bookings.board.pages import day_asked, staff_page
from core.money import format_yuan_plain
from shops.access import get_staff_shop
from shops.choices import Permission
from vehicles import plates


@require_GET
def closing(request: HttpRequest, slug: str) -> HttpResponse:
    """The closing list of `?date=`, today by default."""
    shop = get_staff_shop(request, slug, Permission.CLOSE_DAY)
    at = timezone.now()
    day = day_asked(request, shop=shop, at=at)
    found = closing_list.load(shop=shop, day=day, at=at)
    context = {
        "closing": found,
        "at": at,
        "states": [(LOOKS[status], count) for status, count in found.by_state],
        "open": [(card, stages.next_stage(card.booking, role=shop.viewer_role)) for card in found.open],
        "is_today": day == at.astimezone(shop.zone).date(),
        "before": day - timedelta(days=1),
        "after": day + timedelta(days=1),
    }
    return staff_page(request, shop, "board/closing.html", context, current=Permission.CLOSE_DAY)


@require_GET
def closing_csv(request: HttpRequest, slug: str) -> HttpResponse:
    """The same list for a spreadsheet: one row a visit, money in yuan, times on the shop's wall clock."""
    shop = get_staff_shop(request, slug, Permission.CLOSE_DAY)
    at = timezone.now()
    found = closing_list.load(shop=shop, day=day_asked(request, shop=shop, at=at), at=at)
    name = f"closing-{shop.slug}-{found.date:%Y-%m-%d}.csv"
    response = HttpResponse(
        content_type="text/csv; charset=utf-8", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
    response.write("\ufeff")  # without it Excel reads Chinese as Latin letters
    # A cell that begins like a formula is written as text: names and notes come from strangers.
    writer = csv.writer(response)
    headings = (_("Number"), _("State"), _("Start"), _("Plate"), _("Car"), _("Service"), _("Customer"))
    writer.writerow([*headings, _("Bay"), _("Technician"), _("Odometer, km"), _("Total, yuan"), _("Handed over at")])
    for card in found.cards:
        booking = card.booking
        writer.writerow(
            [
                booking.number,
                booking.get_status_display(),
                f"{booking.local_start:%Y-%m-%d %H:%M}",
                plates.display(booking.plate),
                booking.variant.full_name,
                booking.title,
                booking.contact_name,
                card.bay_names,
                card.technician_names,
                booking.odometer_km if booking.odometer_km is not None else "",
                format_yuan_plain(booking.total_fen),
                f"{booking.completed_at.astimezone(shop.zone):%Y-%m-%d %H:%M}" if booking.completed_at else "",
            ]
        )
    return response
