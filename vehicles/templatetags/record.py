"""What the pages of a health record need beside the design system."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import template
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from core.photos import GridPhoto
from vehicles.choices import RecordPart
from vehicles.models import Car, HealthEntry, RecordDocument, RecordGrant
from vehicles.record.charts import MeasureBar, signed, tone_class
from vehicles.record.doubts import doubt_words
from vehicles.record.known_points import KnownPoint, name_of
from vehicles.record.odometer import Doubt
from vehicles.record.reading import Event, in_language

register = template.Library()
register.filter("signed", signed)


@register.filter
def joined(names: Iterable[str]) -> str:
    """A list in one line, as the reader's language joins it."""
    return ("、" if _is_chinese() else ", ").join(names)


@register.filter
def doubt(value: Doubt) -> str:
    """Why a reading is questioned, in words."""
    return doubt_words(value)


@register.filter
def tone(value: str) -> str:
    """The design system's tone of a measurement."""
    return tone_class(value)


@register.filter
def tone_words(value: str) -> str:
    """What a measurement's colour means."""
    words = {"red": _("Needs work now"), "yellow": _("Keep an eye on it"), "green": _("In order")}
    return words.get(value, "")


@register.filter
def visit_url(event: Event, addresses: Mapping[str, str]) -> str:
    """Where the visit that an event tells of is opened; nothing for what is no visit of the reader's."""
    return addresses.get(event.first.reference, "")


@register.filter
def parts(event: Event) -> list[str]:
    """The parts that were fitted, with how many."""
    return [
        f"{part['name']} × {part['quantity']}" if part["quantity"] != "1" else str(part["name"])
        for item in event.facts["items"]
        if item["outcome"] == "done"
        for part in item["parts"]
    ]


@register.filter
def measured(event: Event, points: dict[str, KnownPoint]) -> list[str]:
    """What was measured, the worst first, four at most: "Brake pad front left 2.8 mm"."""
    rows = sorted(event.facts["measurements"], key=lambda row: ("red", "yellow", "green", "").index(row["tone"]))
    shown = [row for row in rows if row["point"] not in points or points[row["point"]].is_measured][:4]
    return [f"{name_of(row['point'], points)} {_with_unit(row)}" for row in shown]


def _with_unit(row: dict[str, str]) -> str:
    """A value that is not torn from its unit at the end of a line."""
    return f"{signed(row['value'])}\N{NO-BREAK SPACE}{row['unit']}".strip()


@register.filter
def heading(bar: MeasureBar, wear: Mapping[str, str] | None) -> str:
    """Where a part that is not at its limit yet is heading, if that is known."""
    return wear.get(bar.measured.point, "") if wear and bar.measured.tone != "red" else ""


@register.filter
def names(entry: HealthEntry) -> list[str]:
    """What an entry says was done."""
    return [in_language(item, "name") for item in entry.facts["items"] if item["outcome"] == "done"]


@register.filter
def shop_name(grant: RecordGrant) -> str:
    """The shop of a grant, in the reader's language."""
    return grant.shop_name_zh if _is_chinese() else grant.shop_name_en


@register.filter
def shop_names(grants: Iterable[RecordGrant]) -> list[str]:
    """The shops of grants, in the reader's language."""
    return [shop_name(grant) for grant in grants]


@register.filter
def part_names(keys: Iterable[str]) -> list[str]:
    """What a shop may read, in words, as the form asks for it."""
    chosen = set(keys)
    return [str(label) for key, label in RecordPart.choices if key in chosen]


@register.inclusion_tag("ui/photo_grid.html")
def document_grid(car: Car, documents: Iterable[RecordDocument]) -> dict[str, Any]:
    """A person's papers as thumbnails that open."""
    return {"photos": [_grid_photo(car, document) for document in documents]}


def _grid_photo(car: Car, document: RecordDocument) -> GridPhoto:
    arguments = [car.public_id, document.public_id]
    title = document.title
    if not title and document.entry is not None:
        title = _("Receipt of %(day)s") % {"day": date_format(document.entry.occurred_on, "DATE_FORMAT")}
    return GridPhoto(
        url=reverse("vehicles:record_document", args=arguments),
        thumbnail_url=reverse("vehicles:record_document_small", args=arguments),
        alt=title or _("Document"),
        caption=title,
    )


def _is_chinese() -> bool:
    return (get_language() or "").startswith("zh")
