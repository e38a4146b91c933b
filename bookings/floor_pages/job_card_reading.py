"""What the job card shows of one visit, read from the database. Reads only.

The number of queries depends neither on the number of lines nor of photos, decisions or messages.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch, prefetch_related_objects
from django.forms import Form
from django.utils.functional import cached_property

from bookings.board.day import Card
from bookings.board.looks import Look
from bookings.choices import (
    STAGE_MOVES,
    DecisionWay,
    LineOrigin,
    LineState,
    PhotoKind,
    PriceBasis,
    Stage,
    Status,
    Urgency,
)
from bookings.floor import advising, line_looks, lines, progress
from bookings.floor.line_looks import Reading
from bookings.floor.lines import Totals
from bookings.floor_pages import visit_photos
from bookings.models import (
    Booking,
    InspectionItem,
    Line,
    LineDecision,
    LineVersion,
    VisitMessage,
    VisitPhoto,
)
from catalog.advice.words import Names, Words
from catalog.models import CheckPoint
from catalog.pricing import FairPrice
from core.photos import GridPhoto
from shops.choices import Permission
from shops.models import Shop
from shops.rules import may


@dataclass
class LineCard:
    """One line as the job card shows it: what it is now, why, for how much, and what this member may do with it."""

    line: Line
    version: LineVersion
    look: Look
    words: Words | None
    readings: list[Reading]
    photos: list[GridPhoto]
    said: LineDecision | None
    is_open: bool
    is_working: bool
    # Set by the page: the small forms of the line, and which of them was refused.
    not_needed: Form | None = None
    parts: Form | None = None
    is_tried: str = ""

    @property
    def urgency(self) -> Look | None:
        """How urgent it is; of what was agreed when booking, and of what is in order, nothing is said."""
        is_said = self.line.origin == LineOrigin.ADDED and self.version.urgency != Urgency.GREEN
        return line_looks.URGENCY[self.version.urgency] if is_said else None

    @property
    def symptom_names(self) -> list[str]:
        return line_looks.symptoms(self.version)

    @property
    def parts_list(self) -> list[dict[str, object]]:
        """The parts of what was found here; those of a list price stand in its name."""
        return list(self.version.parts) if self.version.price_basis == PriceBasis.ENTERED else []

    @property
    def advice_tone(self) -> str:
        return line_looks.ADVICE[self.version.advice_verdict][0]

    @property
    def advice_icon(self) -> str:
        return line_looks.ADVICE[self.version.advice_verdict][1]

    @property
    def band(self) -> FairPrice | None:
        return line_looks.band(self.version)

    @property
    def is_phone(self) -> bool:
        return self.said is not None and self.said.way == DecisionWay.PHONE

    @property
    def is_draft(self) -> bool:
        return self.line.state == LineState.PROPOSED and self.line.sent_at is None

    @property
    def is_over(self) -> bool:
        """Whether nothing will come of it: shown small."""
        return self.line.state in (LineState.DECLINED, LineState.DEFERRED, LineState.NOT_NEEDED, LineState.WITHDRAWN)

    @property
    def can_do(self) -> bool:
        return self.is_working and self.line.state == LineState.APPROVED

    @property
    def can_drop(self) -> bool:
        """Whether it can turn out not to be needed, or wait for its parts."""
        return self.is_open and self.line.state == LineState.APPROVED

    @property
    def can_change(self) -> bool:
        changeable = (LineState.PROPOSED, LineState.APPROVED, LineState.DECLINED, LineState.DEFERRED)
        return self.is_open and self.line.state in changeable

    @property
    def can_withdraw(self) -> bool:
        return self.is_open and self.line.state == LineState.PROPOSED


@dataclass(frozen=True)
class Said:
    """A message with its photos."""

    message: VisitMessage
    photos: list[GridPhoto]
    is_new: bool


@dataclass
class JobCard:
    """Everything the job card shows of a visit at the moment `at` to a member in `role`."""

    booking: Booking
    shop: Shop
    card: Card
    lines: list[LineCard]
    totals: Totals
    photos: list[GridPhoto]
    messages: list[Said]
    role: str

    @property
    def may_work(self) -> bool:
        return may(self.role, Permission.CHECK_IN)

    @property
    def may_decide(self) -> bool:
        """Whether this member may write down what the owner says on the phone, and promise another time."""
        return may(self.role, Permission.WALK_IN)

    @cached_property
    def is_open(self) -> bool:
        return self.booking.status in lines.OPEN

    @property
    def drafts(self) -> list[LineCard]:
        return [one for one in self.lines if one.is_draft]

    @property
    def pending(self) -> list[LineCard]:
        return [one for one in self.lines if one.line.is_pending]

    @property
    def lacking(self) -> list[LineCard]:
        """What is to be done and waits for its parts."""
        return [one for one in self.lines if one.line.lacks_parts]

    @property
    def shown(self) -> list[LineCard]:
        """What is still of use, in order; what was withdrawn is left out."""
        return [one for one in self.lines if one.line.state != LineState.WITHDRAWN]

    @property
    def drafts_fen(self) -> int:
        return sum(one.version.total_fen for one in self.drafts)

    @property
    def unread(self) -> int:
        return sum(one.is_new for one in self.messages)

    @property
    def approved_left(self) -> int:
        return sum(one.line.state == LineState.APPROVED for one in self.lines)

    @property
    def done(self) -> int:
        return sum(one.line.state == LineState.DONE for one in self.lines)

    @property
    def stage_choices(self) -> list[Stage]:
        """The stages that a tap leads to from here."""
        if not self.is_open:
            return []
        moves = STAGE_MOVES[self.booking.stage]
        can_work = self.booking.status == Status.IN_SERVICE
        return [stage for stage in progress.CHOSEN if stage in moves and (stage != Stage.WORKING or can_work)]

    @property
    def is_promise_moved(self) -> bool:
        """Whether the time promised now is not the one that the shop is held to."""
        agreed = self.booking.agreed_end_at
        return agreed is not None and agreed != self.booking.ends_at


def load(*, booking: Booking, shop: Shop, at: datetime) -> JobCard:
    """The job card of a visit fetched with `for_card()`. Fourteen queries at most, whatever it holds."""
    prefetch_related_objects([booking], Prefetch("lines", Line.objects.with_versions()))
    rows = list(booking.lines.all())
    photos = list(VisitPhoto.objects.filter(booking=booking).select_related("item").order_by("uploaded_at", "pk"))
    known = advising.names()
    return JobCard(
        booking=booking,
        shop=shop,
        card=Card(booking, at),
        lines=[_line_card(row, booking, shop, photos, known) for row in rows],
        totals=lines.totals(rows),
        photos=visit_photos.grid(shop, booking, filter(_belongs_to_the_visit, photos)),
        messages=_messages(booking, shop, photos),
        role=shop.viewer_role or "",
    )


def _line_card(row: Line, booking: Booking, shop: Shop, photos: Iterable[VisitPhoto], known: Names) -> LineCard:
    version = row.current
    decisions = sorted(row.decisions.all(), key=lambda said: said.pk)
    points = {reading["point"] for reading in version.evidence}
    return LineCard(
        line=row,
        version=version,
        look=line_looks.look_of(row),
        words=advising.words_on(version, known),
        readings=_readings(version, known),
        photos=visit_photos.grid(shop, booking, (one for one in photos if _shows(one, row, points))),
        said=next((one for one in reversed(decisions) if one.version == row.version), None),
        is_open=booking.status in lines.OPEN,
        is_working=booking.status == Status.IN_SERVICE,
    )


def _shows(photo: VisitPhoto, line: Line, points: set[str]) -> bool:
    """Whether a photo belongs to a line: added to it, or taken at a check point that it stands on."""
    return photo.line_id == line.pk or (photo.item is not None and photo.item.point in points)


def _belongs_to_the_visit(photo: VisitPhoto) -> bool:
    """Whether a photo is of the visit as a whole: what belongs to a line, a check point or a message stands there."""
    return photo.kind in (PhotoKind.WORK, PhotoKind.FINDING) and photo.line_id is None and photo.item_id is None


def _readings(version: LineVersion, known: Names) -> list[Reading]:
    """What a line stands on, at the check points that the catalogue still has."""
    found = [(known.points.get(entry["point"]), entry) for entry in version.evidence]
    return [
        line_looks.read(point, entry["value"], entry["tone"], codes=", ".join(entry["codes"]))
        for point, entry in found
        if isinstance(point, CheckPoint)
    ]


def _messages(booking: Booking, shop: Shop, photos: list[VisitPhoto]) -> list[Said]:
    """What was said, in order. One query."""
    since = booking.shop_read_at
    return [
        Said(
            message=one,
            photos=visit_photos.grid(shop, booking, (photo for photo in photos if photo.message_id == one.pk)),
            is_new=one.is_from_owner and (since is None or one.at > since),
        )
        for one in booking.messages.select_related("author").order_by("at", "pk")
    ]


# A check point result and what was checked there.
Found = tuple[InspectionItem, CheckPoint]


def found_points(booking: Booking) -> list[Found]:
    """The check points of a visit that are red or yellow, red first, with what they are. Two queries."""
    items = InspectionItem.objects.filter(inspection__booking=booking, tone__in=["red", "yellow"]).order_by(
        "tone", "pk"
    )
    rows = list(items)
    points = CheckPoint.objects.filter(key__in={row.point for row in rows}).prefetch_related("services")
    known = {point.key: point for point in points}
    return [(row, known[row.point]) for row in rows if row.point in known]
