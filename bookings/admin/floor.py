"""What happened to a visit's car on the workshop floor, for a dispute to be looked into: lines with every version and
decision, check-in, inspections, quality checks, messages and photos. Everything to be seen, nothing to be edited.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, QuerySet
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, StackedInline, TabularInline
from unfold.decorators import display

from bookings.admin.read_only import ReadOnly
from bookings.choices import LineState, Urgency
from bookings.floor import advising
from bookings.floor.checking_in import WARNING_LIGHTS
from bookings.floor.quality import CHECKLIST
from bookings.floor_pages.inspection_reading import text_of
from bookings.models import (
    CheckIn,
    Inspection,
    InspectionItem,
    Line,
    LineDecision,
    LineVersion,
    QualityCheck,
    VisitMessage,
    VisitPhoto,
)
from catalog.advice.words import Names
from catalog.choices import Symptom
from catalog.models import CheckPoint
from core.money import format_fen_exact
from core.photos import photo_response
from shops.choices import Role

_STATE_COLOURS = {
    LineState.PROPOSED: "warning",
    LineState.APPROVED: "primary",
    LineState.DONE: "success",
    LineState.DECLINED: "default",
    LineState.DEFERRED: "default",
    LineState.NOT_NEEDED: "default",
    LineState.WITHDRAWN: "default",
}


def _by_visit(path: str = "booking") -> list[str]:
    """Where a row is looked for: number, plate and VIN of its visit (read at check-in, or of the car), and the shop."""
    fields = ("number", "public_id", "plate", "vin", "car__vin", "shop__name_zh", "shop__name_en")
    return [f"{path}__{field}" for field in fields]


_FOUND_BY = _("Number of the visit, plate, VIN or shop")


def _link(model: str, pk: int, words: str) -> SafeString:
    """To the page of another row of bookings."""
    address = reverse(f"admin:bookings_{model}_change", args=[pk])
    return format_html('<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>', address, words)


def _money(fen: int, line: Line) -> str:
    return format_fen_exact(fen, currency=line.booking.currency)


class _OfVisit(ReadOnly, ModelAdmin):  # type: ignore[misc]
    """A list of what belongs to visits, each row with its shop."""

    list_select_related: Any = ["booking__shop"]
    search_fields = _by_visit()
    search_help_text = _FOUND_BY
    list_per_page = 50

    @display(description=_("shop"), ordering="booking__shop")  # type: ignore[untyped-decorator]
    def shop(self, row: Any) -> str:
        name: str = row.booking.shop.name
        return name

    @display(description=_("number plate"), ordering="booking__plate")  # type: ignore[untyped-decorator]
    def plate(self, row: Any) -> str:
        plate: str = row.booking.plate
        return plate


# --- Lines --------------------------------------------------------------------------------------


def _with_versions(lines: QuerySet[Line]) -> QuerySet[Line]:
    """With visit and shop, and what every version is called: two queries."""
    named = LineVersion.objects.select_related("service", "measure")
    return lines.select_related("booking__shop").prefetch_related(Prefetch("versions", named))


class _LineColumns:
    """What a line says and costs by its present version."""

    @display(description=_("what is to be done"))  # type: ignore[untyped-decorator]
    def title(self, line: Line) -> str:
        return line.current.name

    @display(description=_("state"), ordering="state", label=_STATE_COLOURS)  # type: ignore[untyped-decorator]
    def shown_state(self, line: Line) -> tuple[str, str]:
        return line.state, line.get_state_display()

    @display(description=_("price"))  # type: ignore[untyped-decorator]
    def shown_total(self, line: Line) -> str:
        return _money(line.current.total_fen, line)


class LineInline(ReadOnly, _LineColumns, TabularInline):  # type: ignore[misc]
    model = Line
    verbose_name_plural = _("lines")
    fields = ["opened", "state", "shown_total", "version", "origin", "sent_at", "done_at"]
    readonly_fields = ["opened", "shown_total"]
    ordering = ["position", "pk"]
    extra = 0
    tab = True
    hide_title = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Line]:
        return _with_versions(super().get_queryset(request))

    @display(description=_("what is to be done"))  # type: ignore[untyped-decorator]
    def opened(self, line: Line) -> SafeString:
        return _link("line", line.pk, line.current.name)


class VersionInline(ReadOnly, StackedInline):  # type: ignore[misc]
    """Everything that the owner could read of a version, and the advice as it stood then."""

    model = LineVersion
    verbose_name_plural = _("versions, the newest first")
    fields = [
        ("title_shown", "total"),
        ("labour", "parts_sum"),
        ("discount", "usual"),
        "parts_shown",
        ("price_basis", "price_reason"),
        ("created_at", "created_by"),
        ("author_role", "urgency"),
        ("warranty_scope", "extra_minutes"),
        ("warranty_days", "warranty_km"),
        ("signs", "measured"),
        ("advice_shown", "against_reason"),
        "note",
    ]
    readonly_fields = [
        *("title_shown", "total", "labour", "parts_sum", "discount", "usual", "parts_shown", "signs", "measured"),
        "advice_shown",
    ]
    ordering = ["-number"]
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[LineVersion]:
        rows: QuerySet[LineVersion] = super().get_queryset(request)
        return rows.select_related("line__booking", "created_by", "service", "measure")

    @cached_property
    def names(self) -> Names:
        """What services and points are called, asked once for all versions: an inline lives as long as a request."""
        return advising.names()

    @display(description=_("what is to be done"))  # type: ignore[untyped-decorator]
    def title_shown(self, version: LineVersion) -> str:
        return f"{version.number}. {version.name}"

    @display(description=_("price"))  # type: ignore[untyped-decorator]
    def total(self, version: LineVersion) -> str:
        return _money(version.total_fen, version.line)

    @display(description=_("labour"))  # type: ignore[untyped-decorator]
    def labour(self, version: LineVersion) -> str:
        return _money(version.labour_fen, version.line)

    @display(description=_("parts"))  # type: ignore[untyped-decorator]
    def parts_sum(self, version: LineVersion) -> str:
        return _money(version.parts_fen, version.line)

    @display(description=_("discount"))  # type: ignore[untyped-decorator]
    def discount(self, version: LineVersion) -> str:
        return _money(version.discount_fen, version.line)

    @display(description=_("usual range"))  # type: ignore[untyped-decorator]
    def usual(self, version: LineVersion) -> str:
        band = version.fair_price
        if not band:
            return "–"
        low, high = (_money(band[key], version.line) for key in ("low_fen", "high_fen"))
        return f"{low} – {high} ({band['n']})"

    @display(description=_("parts used"))  # type: ignore[untyped-decorator]
    def parts_shown(self, version: LineVersion) -> str:
        rows = [
            f"{' '.join(filter(None, [part['name'], part['code']]))} × {part['quantity']}, "
            f"{_money(part['unit_fen'], version.line)}"
            for part in version.parts
        ]
        return "; ".join(rows) or "–"

    @display(description=_("symptoms and fault codes"))  # type: ignore[untyped-decorator]
    def signs(self, version: LineVersion) -> str:
        return _joined([*(str(Symptom(key).label) for key in version.symptoms), *version.fault_codes])

    @display(description=_("measurements"))  # type: ignore[untyped-decorator]
    def measured(self, version: LineVersion) -> str:
        points = self.names.points
        rows = []
        for row in version.evidence:
            name = points[row["point"]].name if row["point"] in points else row["point"]
            tone = str(Urgency(row["tone"]).label) if row["tone"] else ""
            rows.append(" ".join(filter(None, [name, row["value"], tone, *row["codes"]])))
        return _joined(rows)

    @display(description=_("our advice then"))  # type: ignore[untyped-decorator]
    def advice_shown(self, version: LineVersion) -> str:
        said = advising.words_on(version, self.names)
        return " ".join(filter(None, [f"{said.verdict}:", said.reason, said.payer])) if said else "–"


class DecisionInline(ReadOnly, TabularInline):  # type: ignore[misc]
    model = LineDecision
    verbose_name_plural = _("decisions")
    fields = [
        *("at", "version", "decision", "way", "owner", "recorded_by", "recorder_role", "spoke_with", "note"),
        *("defer_until", "defer_km"),
    ]
    ordering = ["at", "pk"]
    extra = 0
    hide_title = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[LineDecision]:
        rows: QuerySet[LineDecision] = super().get_queryset(request)
        return rows.select_related("owner", "recorded_by")


@admin.register(Line)
class LineAdmin(_LineColumns, _OfVisit):
    """What was proposed and agreed: each line with every version of it and what the owner decided."""

    list_display = ["booking", "shop", "plate", "position", "title", "shown_state", "shown_total", "sent_at", "done_at"]
    list_filter = ["state", "origin", "sent_at", "booking__shop__city"]
    list_filter_submit = True
    search_fields = ["public_id", *_by_visit()]
    ordering = ["-booking_id", "position", "-pk"]
    inlines = [DecisionInline, VersionInline]
    readonly_fields = ["title", "shown_total"]
    fields = [
        ("booking", "position"),
        ("title", "shown_total"),
        ("state", "origin"),
        ("version", "sent_at"),
        ("done_at", "done_by"),
        ("technician", "not_needed_reason"),
        ("waits_for_parts", "parts_expected_on"),
        ("warranty_until", "warranty_until_km"),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Line]:
        return _with_versions(super().get_queryset(request))


@admin.register(LineDecision)
class LineDecisionAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]
    """Every answer of an owner, and how it came. Append-only: the database refuses changes too."""

    list_display = ["at", "visit", "shop", "line", "version", "decision", "way", "owner", "recorded_by", "spoke_with"]
    list_filter = ["decision", "way", "recorder_role", "at"]
    list_filter_submit = True
    list_select_related = ["line__booking__shop", "owner", "recorded_by"]
    search_fields = [*_by_visit("line__booking"), "spoke_with", "recorded_by__name", "recorded_by__email"]
    search_help_text = _("Number of the visit, plate, VIN, shop or person")
    ordering = ["-at", "-pk"]
    date_hierarchy = "at"
    list_per_page = 50

    @display(description=_("booking"), ordering="line__booking__number")  # type: ignore[untyped-decorator]
    def visit(self, decision: LineDecision) -> SafeString:
        return _link("booking", decision.line.booking_id, decision.line.booking.number)

    @display(description=_("shop"), ordering="line__booking__shop")  # type: ignore[untyped-decorator]
    def shop(self, decision: LineDecision) -> str:
        return decision.line.booking.shop.name


# --- Check-in, inspections, quality checks, messages ---------------------------------------------------


class _CheckInFields:
    @display(description=_("warning lights"))  # type: ignore[untyped-decorator]
    def lights(self, sheet: CheckIn) -> str:
        return _joined([str(WARNING_LIGHTS[key].label) for key in sheet.warning_lights if key in WARNING_LIGHTS])


_SHEET = [
    ("recorded_at", "recorded_by"),
    ("fuel_percent", "charge_percent"),
    ("odometer_reason", "odometer_second_by", "odometer_second_at"),
    "lights",
    "condition",
    "belongings",
    "owner_words",
    ("confirmed_at", "confirmed_way", "confirmed_by"),
]


class CheckInInline(ReadOnly, _CheckInFields, StackedInline):  # type: ignore[misc]
    model = CheckIn
    fields = _SHEET
    readonly_fields = ["lights"]
    extra = 0
    tab = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[CheckIn]:
        rows: QuerySet[CheckIn] = super().get_queryset(request)
        return rows.select_related("recorded_by", "odometer_second_by", "confirmed_by")


@admin.register(CheckIn)
class CheckInAdmin(_CheckInFields, _OfVisit):
    """How cars came in, as the shop wrote it down and the owner confirmed it."""

    list_display = ["recorded_at", "booking", "shop", "plate", "recorded_by", "confirmed_at", "confirmed_way"]
    list_filter = ["confirmed_way", ("odometer_second_by", admin.EmptyFieldListFilter), "recorded_at"]
    list_filter_submit = True
    list_select_related = ["booking__shop", "recorded_by"]
    ordering = ["-recorded_at", "-pk"]
    date_hierarchy = "recorded_at"
    fields = ["booking", *_SHEET]
    readonly_fields = ["lights"]


class ItemInline(ReadOnly, TabularInline):  # type: ignore[misc]
    model = InspectionItem
    verbose_name_plural = _("check point results")
    fields = ["point_name", "found", "tone", "signs", "note", "at", "by"]
    readonly_fields = ["point_name", "found", "signs"]
    ordering = ["pk"]
    extra = 0
    hide_title = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[InspectionItem]:
        rows: QuerySet[InspectionItem] = super().get_queryset(request)
        return rows.select_related("by")

    @cached_property
    def points(self) -> dict[str, CheckPoint]:
        """Every check point by its key, asked once for all rows."""
        return CheckPoint.objects.in_bulk(field_name="key")

    @display(description=_("check point"))  # type: ignore[untyped-decorator]
    def point_name(self, item: InspectionItem) -> str:
        return self.points[item.point].name if item.point in self.points else item.point

    @display(description=_("found"))  # type: ignore[untyped-decorator]
    def found(self, item: InspectionItem) -> str:
        point = self.points.get(item.point)
        if item.value is None or point is None:
            return f"{item.on_date:%Y-%m-%d}" if item.on_date else "–"
        return f"{text_of(point, item.value)} {point.unit}".strip() or "–"  # of a look the tone says all

    @display(description=_("symptoms and fault codes"))  # type: ignore[untyped-decorator]
    def signs(self, item: InspectionItem) -> str:
        return _joined([*(str(Symptom(key).label) for key in item.symptoms), *item.codes])


class InspectionInline(ReadOnly, TabularInline):  # type: ignore[misc]
    model = Inspection
    fields = ["opened", "started_at", "started_by", "finished_at", "finished_by"]
    readonly_fields = ["opened"]
    ordering = ["started_at", "pk"]
    extra = 0
    tab = True
    hide_title = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Inspection]:
        rows: QuerySet[Inspection] = super().get_queryset(request)
        return rows.select_related("booking", "started_by", "finished_by")

    @display(description=_("template"))  # type: ignore[untyped-decorator]
    def opened(self, inspection: Inspection) -> SafeString:
        return _link("inspection", inspection.pk, inspection.template)


@admin.register(Inspection)
class InspectionAdmin(_OfVisit):
    """What was measured and seen, point by point."""

    list_display = ["started_at", "booking", "shop", "plate", "template", "started_by", "finished_at", "finished_by"]
    list_filter = ["template", "started_at"]
    list_filter_submit = True
    list_select_related = ["booking__shop", "started_by", "finished_by"]
    ordering = ["-started_at", "-pk"]
    date_hierarchy = "started_at"
    fields = [("booking", "template"), ("started_at", "started_by"), ("finished_at", "finished_by")]
    inlines = [ItemInline]


class _QualityColumns:
    @display(description=_("not in order"))  # type: ignore[untyped-decorator]
    def failed(self, check: QualityCheck) -> str:
        return _joined([str(CHECKLIST.get(row["key"], row["key"])) for row in check.checklist if not row["ok"]])


class QualityInline(ReadOnly, _QualityColumns, TabularInline):  # type: ignore[misc]
    model = QualityCheck
    fields = ["at", "by", "is_passed", "is_alone", "failed", "note"]
    readonly_fields = ["failed"]
    ordering = ["at", "pk"]
    extra = 0
    hide_title = True
    tab = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[QualityCheck]:
        rows: QuerySet[QualityCheck] = super().get_queryset(request)
        return rows.select_related("by")


@admin.register(QualityCheck)
class QualityCheckAdmin(_QualityColumns, _OfVisit):
    """Second looks at finished work. Append-only: a check that failed stays."""

    list_display = ["at", "booking", "shop", "plate", "by", "is_passed", "is_alone", "failed", "note"]
    list_filter = ["is_passed", "is_alone", "at"]
    list_filter_submit = True
    list_select_related = ["booking__shop", "by"]
    ordering = ["-at", "-pk"]
    date_hierarchy = "at"
    fields = ["booking", ("at", "by"), ("is_passed", "is_alone"), "failed", "note"]
    readonly_fields = ["failed"]


class _MessageColumns:
    @display(description=_("from"))  # type: ignore[untyped-decorator]
    def side(self, message: VisitMessage) -> str:
        if message.is_from_owner:
            return gettext("Owner")
        return str(dict(Role.choices).get(message.author_role, gettext("Shop")))


class MessageInline(ReadOnly, _MessageColumns, TabularInline):  # type: ignore[misc]
    model = VisitMessage
    fields = ["at", "side", "author", "text"]
    readonly_fields = ["side"]
    ordering = ["at", "pk"]
    extra = 0
    hide_title = True
    tab = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[VisitMessage]:
        rows: QuerySet[VisitMessage] = super().get_queryset(request)
        return rows.select_related("author")


@admin.register(VisitMessage)
class VisitMessageAdmin(_MessageColumns, _OfVisit):
    """What owners and shops wrote to each other in visits. Empty where the author's account was erased."""

    list_display = ["at", "booking", "shop", "plate", "side", "author", "text"]
    list_filter = ["is_from_owner", "at"]
    list_filter_submit = True
    list_select_related = ["booking__shop", "author"]
    search_fields = [*_by_visit(), "author__name", "author__email"]
    search_help_text = _("Number of the visit, plate, VIN, shop or person")
    ordering = ["-at", "-pk"]
    date_hierarchy = "at"
    fields = ["booking", ("at", "side"), "author", "text"]
    readonly_fields = ["side"]


class _PhotoColumns:
    @display(description=_("photo"))  # type: ignore[untyped-decorator]
    def opened(self, photo: VisitPhoto) -> SafeString:
        address = reverse("admin:bookings_visitphoto_open", args=[photo.pk])
        link = '<a class="text-primary-600 dark:text-primary-500" href="{}" target="_blank" rel="noopener">{}</a>'
        return format_html(link, address, gettext("Open the photo"))


class PhotoInline(ReadOnly, _PhotoColumns, TabularInline):  # type: ignore[misc]
    model = VisitPhoto
    fields = ["uploaded_at", "kind", "caption", "uploaded_by", "opened"]
    readonly_fields = ["opened"]
    ordering = ["uploaded_at", "pk"]
    extra = 0
    hide_title = True
    tab = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[VisitPhoto]:
        rows: QuerySet[VisitPhoto] = super().get_queryset(request)
        return rows.select_related("uploaded_by")


@admin.register(VisitPhoto)
class VisitPhotoAdmin(_PhotoColumns, _OfVisit):
    """Photos of visits. None is shown in passing: one that is opened is written down in the admin's log."""

    list_display = ["uploaded_at", "booking", "shop", "plate", "kind", "caption", "uploaded_by", "opened"]
    list_filter = ["kind", "uploaded_at"]
    list_filter_submit = True
    list_select_related = ["booking__shop", "uploaded_by"]
    ordering = ["-uploaded_at", "-pk"]
    date_hierarchy = "uploaded_at"
    fields = ["booking", ("uploaded_at", "uploaded_by"), ("kind", "caption"), "line", "opened"]
    readonly_fields = ["opened"]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.open_photo)
        own = path("<int:pk>/open/", view, name="bookings_visitphoto_open")
        return [own, *super().get_urls()]

    def open_photo(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """The photo itself, for an admin who may look at photos of visits. Raises PermissionDenied, Http404.

        Side effect: an entry in the admin's log, each time that the browser does not have the photo already.
        """
        photo = self.get_object(request, str(pk))
        if not self.has_view_permission(request, photo):
            raise PermissionDenied
        if photo is None:
            raise Http404
        response = photo_response(request, photo)
        self.log_change(request, photo, f"Opened the photo of visit {photo.booking.number}.")
        return response


def _joined(words: list[str]) -> str:
    return ", ".join(words) or "–"
