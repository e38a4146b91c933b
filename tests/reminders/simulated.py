"""Years of owners, cars and machines that fail, on a clock of their own: what reminders promise is asked of every step.

The world lives (readings, some mistyped; visits that do the work, or do not; owners who put off, dismiss, say that it
was done elsewhere, change their quiet hours); the machine computes, writes and sends; the judge looks at both.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest
from django.core.cache import cache
from django.db import connections

from bookings.choices import IN_SHOP, UPCOMING, Status
from bookings.models import Booking
from catalog.models import Service
from catalog.needs.loading import BookShelf
from core import faults, outbox
from core.errors import Refusal
from notifications import delivering, preferences, tasks
from notifications.channels.base import (
    AddressRefusedError,
    ChannelDownError,
    OutcomeUnknownError,
    Receipt,
    TryLaterError,
)
from notifications.choices import Channel, MessageStatus, Topic
from notifications.models import Message, Notice
from notifications.quiet import Quiet
from reminders import actions, owner_dates, stages
from reminders.choices import STANDING, DismissReason, ItemAct, ItemState, OwnerDateKind, Source, StageOutcome
from reminders.computing import recompute
from reminders.computing.by_law import opens_on
from reminders.models import CarState, DueEvent, DueItem, Letter, Reminder
from reminders.sending.choosing import GAP
from reminders.sending.sweep import sweep
from shops.models import Shop
from tests.factories.accounts import UserFactory
from tests.factories.due_cars import visit as enter
from tests.factories.visits import visit
from vehicles import actions as car_actions
from vehicles.actions import CarDetails
from vehicles.choices import OdometerSource
from vehicles.models import Car, Variant

VARIANTS = ("volkswagen-lavida-1-4t", "tesla-model-3-bev", "byd-qin-plus-dm-i-1-5")
ZONES = ("", "", "", "Asia/Urumqi", "Europe/Berlin", "America/New_York")
START = date(2027, 1, 4)
# Of UTC, when the beats come: some of them at night wherever one lives.
HOURS = (1, 5, 9, 13, 17, 21)


class Crash(BaseException):
    """A process that dies at a seam."""


@dataclass
class Trouble:
    """What goes wrong, in shares: of seams that kill, of tasks that come twice, of steps without any machine."""

    crashes: float = 0
    doubled: float = 0
    outages: float = 0
    threads: int = 1
    bad_days: float = 0  # on which the mail server refuses, hangs or is away
    wipes: bool = False  # the broker and the cache, weekly
    long_outage: tuple[int, int] = (0, 0)  # days from, to


@dataclass
class Driven:
    """A car as it really is."""

    car: Car
    pace: float
    began_km: int

    def km(self, day: date) -> int:
        return self.began_km + round((day - START).days * self.pace)


@dataclass
class Sink:
    """The other side of every channel: remembers what it was handed, and when; some days it is difficult."""

    world: World
    taken: list[tuple[datetime, Message]] = field(default_factory=list)

    def __enter__(self) -> Sink:
        if self.world.mood == "away":
            raise ChannelDownError("away")
        return self

    def __exit__(self, *_: object) -> None: ...

    def send(self, message: Message) -> Receipt:
        match self.world.mood:
            case "hangs":
                raise ChannelDownError("no answer")
            case "greylists" if self.world.dice.random() < 0.5:
                raise TryLaterError("later")
            case "silent" if self.world.dice.random() < 0.3:
                self.taken.append((self.world.now, message))
                raise OutcomeUnknownError("silence")
            case "bounces" if self.world.dice.random() < 0.05:
                raise AddressRefusedError("no such address")
        self.taken.append((self.world.now, message))
        return Receipt(reference=message.public_id)

    def ask(self, message: Message) -> Receipt | None:
        raise OutcomeUnknownError(message.public_id)


@dataclass
class World:
    """Everything, at one moment."""

    count: int
    seed: int
    steps: int  # a day, of which there are six at most
    stride: int  # days from one on which the machine runs to the next
    patch: pytest.MonkeyPatch
    shop: Shop
    trouble: Trouble = field(default_factory=Trouble)
    now: datetime = field(default_factory=lambda: datetime.combine(START, time(), UTC))
    mood: str = ""
    driven: list[Driven] = field(default_factory=list)
    # By owner and by car: what was true when; what a judge holds the machine to.
    done: dict[tuple[int, str], list[datetime]] = field(default_factory=lambda: defaultdict(list))
    waiting: Counter[tuple[int, int, str]] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)
    judged: int = 0
    # Days for which a stage whose day has come may wait: the gap, a night, and what went wrong.
    patience: int = GAP.days + 1

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.sink = Sink(self)
        self.patch.setattr(delivering, "open_sender", lambda _channel: self.sink)
        self.patch.setattr(tasks, "wake", lambda _channel: None)  # no broker: the sweeps find everything
        self.patch.setattr(faults, "point", self._point)
        shelf = BookShelf()  # the catalogue stays as it is: read once
        self.patch.setattr(recompute, "BookShelf", lambda: shelf)

    # --- Clock ---

    def run(self, days: int) -> None:
        """Live `days` days from the start, and eight more in which nothing happens and nothing goes wrong."""
        self._populate()
        for number in range(days):
            day = START + timedelta(days=number)
            if number % self.stride:
                continue
            self._live(day)
            away = self.trouble.long_outage[0] <= number < self.trouble.long_outage[1]
            self._day(day, away=away)
        self.trouble, self.mood, self.steps = Trouble(), "", len(HOURS)
        for number in range(days, days + 8):
            self._day(START + timedelta(days=number), away=False)

    def _day(self, day: date, *, away: bool) -> None:
        if self.trouble.wipes and day.weekday() == 0:
            cache.clear()
        bad = self.dice.random() < self.trouble.bad_days
        self.mood = self.dice.choice(["away", "hangs", "greylists", "silent", "bounces"]) if bad else ""
        for hour in sorted(self.dice.sample(HOURS, self.steps)):
            self.now = datetime.combine(day, time(hour), UTC) + timedelta(minutes=self.dice.randrange(50))
            if not away and self.dice.random() >= self.trouble.outages:
                self._step()
        if not away:
            self._judge_waiting(day)

    def _step(self) -> None:
        """One turn of every beat, in no certain order, some of them twice."""
        turns: list[Callable[[], object]] = [self._hear, self._compute, self._write, self._deliver]
        turns += [turn for turn in turns if self.dice.random() < self.trouble.doubled]
        for turn in turns:
            self._survive(turn)
        self._judge_new_letters()

    def _survive(self, turn: Callable[[], object]) -> None:
        try:
            turn()
        except Crash:
            self.seen["crashes"] += 1

    def _point(self, _name: str) -> None:
        if self.dice.random() < self.trouble.crashes:
            raise Crash

    # --- The machine ---

    def _hear(self) -> None:
        for pk in outbox.due_ids(at=self.now):
            outbox.handle(event_id=pk, at=self.now)

    def _compute(self) -> None:
        recompute.sweep(at=self.now, limit=500)

    def _write(self) -> None:
        if self.trouble.threads == 1:
            sweep(at=self.now)
            return
        with ThreadPoolExecutor(self.trouble.threads) as pool:
            list(pool.map(self._write_in_thread, range(self.trouble.threads)))

    def _write_in_thread(self, _number: int) -> None:
        try:
            self._survive(lambda: sweep(at=self.now))
        finally:
            connections.close_all()

    def _deliver(self) -> None:
        for channel in delivering.due_channels(at=self.now):
            self._survive(lambda channel=channel: delivering.deliver(channel=channel, clock=lambda: self.now))

    # --- Life ---

    def _populate(self) -> None:
        variants = {row.slug: row for row in Variant.objects.with_names().filter(slug__in=VARIANTS)}
        owner = None
        for number in range(self.count):
            if owner is None or self.dice.random() > 0.2:
                owner = UserFactory(language=self.dice.choice(["en", "zh-hans"]))
                self._sleep(owner)
            delivered = START - timedelta(days=self.dice.randrange(200, 2500))
            pace = self.dice.choice([12.0, 25.0, 40.0, 70.0])
            km = round((START - delivered).days * pace)
            variant = variants[VARIANTS[number % 3]]
            details = CarDetails(delivered_on=delivered)
            at = datetime.combine(START, time(1), UTC) - timedelta(days=150)
            began = max(0, km - round(150 * pace))
            car = car_actions.add_car(owner=owner, variant=variant, details=details, at=at, odometer_km=began)
            self.driven.append(Driven(car, pace, km))
            if self.dice.random() < 0.6:
                on = START + timedelta(days=self.dice.randrange(300))
                owner_dates.say(car=car, kind=OwnerDateKind.INSURANCE, on=on, by=owner, at=at + timedelta(days=1))

    def _sleep(self, owner: object) -> None:
        start = self.dice.choice([20, 21, 22, 23, 0, 9])
        quiet = Quiet(self.dice.choice(ZONES), time(start), time((start + self.dice.randrange(6, 13)) % 24))
        preferences.keep_quiet(user=owner, quiet=quiet, at=self.now)  # type: ignore[arg-type]

    def _live(self, day: date) -> None:
        self.now = datetime.combine(day, time(0, 5), UTC)
        self._visits(day)
        for one in self.driven * self.stride:
            chance = self.dice.random()
            if chance < 1 / 45:
                self._read(one, day)
            elif chance < 1 / 45 + 1 / 40:
                self._answer(one, day)
        if self.dice.random() < self.count / 3000:
            self._sleep(self.dice.choice(self.driven).car.owner)
        if self.dice.random() < self.count / 6000:
            owner = self.dice.choice(self.driven).car.owner
            is_on = self.dice.random() < 0.5
            preferences.choose(user=owner, choices={(Topic.REMINDERS, Channel.EMAIL): is_on}, at=self.now)

    def _read(self, one: Driven, day: date) -> None:
        km, is_wrong = one.km(day), self.dice.random() < 0.06
        if is_wrong:
            km = self.dice.choice([km * 10, km // 10, km + 90_000])
        try:
            car_actions.record_odometer(
                car=one.car, km=km, by=one.car.owner, source=OdometerSource.OWNER, at=self.now, is_correction=is_wrong
            )
            self.seen["mistyped" if is_wrong else "readings"] += 1
        except Refusal:
            self.seen["refused"] += 1

    def _answer(self, one: Driven, day: date) -> None:
        """The owner looks at what is due soon and does something about one of it."""
        near = DueItem.objects.filter(car=one.car, state__in=STANDING, due_on__lte=day + timedelta(days=25))
        items = list(near.order_by("pk"))
        if not items:
            return
        item, owner = self.dice.choice(items), one.car.owner
        chance = self.dice.random()
        try:
            if chance < 0.5 and item.service:
                self._book(one, item, day)
            elif chance < 0.65:
                on = day - timedelta(days=self.dice.randrange(3))
                actions.done(item=item, by=owner, at=self.now, on=on)
                self._note_done(one, item.subject)
            elif chance < 0.85:
                until = day + timedelta(days=self.dice.randrange(2, 70))
                actions.defer(item=item, by=owner, at=self.now, until=until)
                self.seen["put off"] += 1
            elif chance < 0.93:
                actions.dismiss(item=item, by=owner, at=self.now, reason=DismissReason.NOT_WANTED)
                self.seen["dismissed"] += 1
            else:
                actions.reopen(item=item, by=owner, at=self.now)
        except Refusal:
            self.seen["refused"] += 1

    def _book(self, one: Driven, item: DueItem, day: date) -> None:
        service = Service.objects.get(key=item.service)
        if Booking.objects.filter(car=one.car, status__in=UPCOMING).exists():
            return
        starts_at = datetime.combine(day + timedelta(days=self.dice.randrange(1, 12)), time(2), UTC)
        visit(self.shop, starts_at=starts_at, services=(service,), car=one.car, owner=one.car.owner)
        self.seen["booked"] += 1

    def _visits(self, day: date) -> None:
        here = {one.car.pk: one for one in self.driven}
        for booking in Booking.objects.filter(status=Status.CONFIRMED, starts_at__lt=self.now).select_related(
            "service"
        ):
            one, chance = here[booking.car_id or 0], self.dice.random()
            if chance < 0.8:
                enter(one.car, day.isoformat(), one.km(day), booking.service.key)
                Booking.objects.filter(pk=booking.pk).update(status=Status.COMPLETED, completed_at=self.now)
                outbox.emit(topic="booking.completed", key=booking.public_id, at=self.now)
                self._note_done(one, f"service:{booking.service.key}")
            else:
                status = Status.CANCELLED if chance < 0.9 else Status.NO_SHOW
                Booking.objects.filter(pk=booking.pk).update(status=status)

    def _note_done(self, one: Driven, subject: str) -> None:
        self.done[one.car.pk, subject].append(self.now)
        self.seen["done"] += 1

    # --- The judge ---

    def _judge_new_letters(self) -> None:
        """Nobody was written to in quiet hours, nor of what was closed, put off, done or booked."""
        for letter in Letter.objects.filter(pk__gt=self.judged).select_related("owner").order_by("pk"):
            self.judged = letter.pk
            quiet = preferences.wishes_of([letter.owner])[letter.owner_id].quiet
            assert not quiet.holds(letter.sent_at), f"written to at night: {letter} {quiet}"
            today = letter.sent_at.astimezone(quiet.zone_info).date()
            lines = list(letter.lines.select_related("item__car"))
            assert lines
            for line in lines:
                self._judge_line(line, today)

    def _judge_line(self, line: Reminder, today: date) -> None:
        item = line.item
        last = DueEvent.objects.filter(item=item, at__lte=line.at).exclude(act=ItemAct.MOVED).order_by("-pk").first()
        assert last is not None
        assert last.act in (ItemAct.OPENED, ItemAct.CAME_BACK, ItemAct.REOPENED), f"{item} after {last.act}"
        since = max(item.opened_at, last.at)
        if item.source == Source.STATUTE and item.due_on is not None:  # one long before is for an earlier date
            since = max(since, datetime.combine(opens_on(item.due_on), time(), UTC) + timedelta(days=4))
        done = [at for at in self.done[item.car_id, item.subject] if since < at <= line.at]
        assert not done, f"{item} due on {item.due_on}, opened at {item.opened_at}, was done at {done}"
        booked = Booking.objects.filter(car=item.car, status__in=[*UPCOMING, *IN_SHOP], service__key=item.service)
        assert not booked.exists(), f"{item} is booked"
        if line.stage == "overdue":
            base = stages.base_of(item)
            assert base is not None
            assert base < today, f"{item} is not overdue yet"

    def _judge_waiting(self, day: date) -> None:
        """No stage whose day has come waits for longer than the gap and a day; what is booked, being computed or
        missed by an outage starts to wait anew."""
        day_over = day - timedelta(days=1)
        booked = set(Booking.objects.filter(status__in=[*UPCOMING, *IN_SHOP]).values_list("car", "service__key"))
        now: Counter[tuple[int, int, str]] = Counter()
        stale = set(CarState.objects.filter(stale_since__isnull=False).values_list("car", flat=True))
        for item in DueItem.objects.open().filter(next_stage_on__lte=day_over).select_related("car"):
            if (item.car_id, item.service) not in booked and item.car_id not in stale:
                key = item.pk, item.round, str(item.next_stage_on)
                now[key] = self.waiting[key] + 1
        self.waiting = now
        longest = max(now.values(), default=0)
        self.seen["longest wait, days"] = max(self.seen["longest wait, days"], longest)

    def judge(self) -> None:
        """What must be true at the end."""
        self._judge_gaps()
        self._judge_messages()
        self._judge_rows()
        assert self.seen["longest wait, days"] <= self.patience, self.seen
        assert not self.waiting, self.waiting

    def _judge_gaps(self) -> None:
        sent: dict[int, list[datetime]] = defaultdict(list)
        for owner, at in Letter.objects.order_by("sent_at").values_list("owner", "sent_at"):
            sent[owner].append(at)
        for times in sent.values():
            assert all(later - sooner >= GAP for sooner, later in pairwise(times)), times

    def _judge_messages(self) -> None:
        """Each letter is one notice in the inbox, each message left once, by day."""
        keys = {f"letter:{public_id}" for public_id in Letter.objects.values_list("public_id", flat=True)}
        notices = Notice.objects.filter(kind="reminders/due")
        assert set(notices.values_list("key", flat=True)) == keys
        assert notices.filter(in_inbox=True).count() == len(keys)
        handed = Counter(message.pk for _at, message in self.sink.taken)
        assert set(handed.values()) <= {1}, handed
        left = Message.objects.filter(kind="reminders/due", status=MessageStatus.SENT)
        assert set(left.values_list("pk", flat=True)) <= set(handed)

    def _judge_rows(self) -> None:
        """Each stage is over once, in order; what is open has no stage of the past left."""
        found: dict[tuple[int, int], list[Reminder]] = defaultdict(list)
        for row in Reminder.objects.select_related("item").order_by("pk"):
            found[row.item_id, row.round].append(row)
        for (_item, _round), rows in found.items():
            told = [row.stage for row in rows]
            assert len(told) == len(set(told)), told
            assert rows[-1].outcome == StageOutcome.SENT, rows
        for item in DueItem.objects.filter(state=ItemState.OPEN):
            over = {row.stage for row in found.get((item.pk, item.round), [])}
            assert item.next_stage_on == stages.next_on(item, over), item
        self.seen["letters"] = Letter.objects.count()
        self.seen["told"] = Reminder.objects.filter(outcome=StageOutcome.SENT).count()
        self.seen["skipped"] = Reminder.objects.filter(outcome=StageOutcome.SKIPPED).count()
        self.seen["handed over"] = len(self.sink.taken)
