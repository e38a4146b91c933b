"""Which rule of commission applies, which version, and how an amount is shared out."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments import commission, settlement
from payments.commission import (
    NOTHING,
    FeeBook,
    Rate,
    RuleDraft,
    ScheduleError,
    ScheduleInThePastError,
    month_before,
    particular,
    pick,
    publish,
)
from payments.models import FeeRule, FeeSchedule
from payments.shares import allocate, share_of
from shops.choices import ShopKind
from tests.factories.catalog import ServiceFactory
from tests.factories.money import CLOSED, completed_order
from tests.factories.shops import ShopFactory

AT = datetime(2026, 11, 1, tzinfo=UTC)


def rule(bp: int, *, shop: int | None = None, kind: str = "", service: int | None = None, volume: int = 0) -> FeeRule:
    return FeeRule(
        shop_id=shop, shop_kind=kind, service_id=service, min_volume_fen=volume, commission_bp=bp, processing_bp=0
    )


# --- Which rule: the golden table ------------------------------------------------------------------------------

# A shop (1) that is a dealer, a service (7); what is taken is the number of the rule.
EVERYTHING = [
    rule(800),
    rule(790, volume=1_000_000),
    rule(700, service=7),
    rule(600, kind="4s"),
    rule(500, kind="4s", service=7),
    rule(400, shop=1),
    rule(390, shop=1, volume=500_000),
    rule(380, shop=1, volume=2_000_000),
    rule(300, shop=1, service=7),
]


@pytest.mark.parametrize(
    ("shop", "kind", "service", "turnover", "taken"),
    [
        (1, "4s", 7, 0, 300),
        (1, "4s", 7, 9_000_000, 300),  # shop and service, however much is turned over
        (1, "4s", 8, 0, 400),
        (1, "4s", 8, 499_999, 400),
        (1, "4s", 8, 500_000, 390),
        (1, "4s", 8, 2_000_000, 380),
        (1, "4s", None, 0, 400),  # a fee, or work in the shop's own words
        (2, "4s", 7, 0, 500),
        (2, "4s", 8, 9_000_000, 600),  # the kind's rule has no steps: the general ones do not count
        (3, "chain", 7, 0, 700),
        (3, "chain", 8, 0, 800),
        (3, "chain", None, 1_000_000, 790),
    ],
)
def test_most_particular_rule_applies(shop: int, kind: str, service: int | None, turnover: int, taken: int) -> None:
    found = pick(EVERYTHING, shop_id=shop, shop_kind=kind, service_id=service, turnover_fen=turnover)
    assert found is not None
    assert found.commission_bp == taken


def test_step_whose_turnover_is_not_reached_is_passed_over() -> None:
    rules = [rule(800), rule(300, shop=1, volume=1_000_000)]
    for turnover, taken in ((999_999, 800), (1_000_000, 300)):
        found = pick(rules, shop_id=1, shop_kind="chain", service_id=None, turnover_fen=turnover)
        assert found is not None
        assert found.commission_bp == taken


RULES = st.lists(
    st.builds(
        lambda whom, service, volume, bp: rule(bp, **whom, service=service, volume=volume),
        st.sampled_from([{}, {"shop": 1}, {"shop": 2}, {"kind": "4s"}, {"kind": "chain"}]),
        st.sampled_from([None, 7, 8]),
        st.sampled_from([0, 100, 1000]),
        st.integers(0, 2000),
    ),
    max_size=12,
    unique_by=lambda each: (each.shop_id, each.shop_kind, each.service_id, each.min_volume_fen),
)


@given(RULES, st.sampled_from([1, 2, 3]), st.sampled_from([None, 7, 8]), st.sampled_from([0, 100, 999, 5000]))
def test_there_is_one_rule_or_none_and_none_that_is_more_particular(
    rules: list[FeeRule], shop: int, service: int | None, turnover: int
) -> None:
    asked = {"shop_id": shop, "shop_kind": "4s", "service_id": service, "turnover_fen": turnover}
    found = pick(rules, **asked)  # type: ignore[arg-type]
    assert pick(rules[::-1], **asked) is found  # type: ignore[arg-type]
    fitting = [each for each in rules if pick([each], **asked) is each]  # type: ignore[arg-type]
    assert (found is None) == (not fitting)
    for other in fitting:
        assert found is not None
        assert particular(found) >= particular(other)
        assert particular(found) > particular(other) or found.min_volume_fen >= other.min_volume_fen


# --- Which version, which turnover -----------------------------------------------------------------------------


@pytest.mark.django_db
def test_version_in_force_when_the_visit_was_booked_applies() -> None:
    shop = ShopFactory()
    for bp, valid_from in ((800, AT), (500, AT + timedelta(days=10))):
        publish(rules=[RuleDraft(bp)], note="New.", valid_from=valid_from, by=None, at=AT)
    fees = FeeBook()
    taken = [
        fees.rate(shop=shop, service_id=None, currency="CNY", opened_at=AT + timedelta(days=day), closed_at=AT)
        for day in (-1, 0, 9, 10)
    ]
    assert taken[0] == NOTHING
    assert [rate.commission_bp for rate in taken[1:]] == [800, 800, 500]


@pytest.mark.django_db
def test_turnover_is_that_of_the_month_before_in_the_shops_zone(django_assert_num_queries: object) -> None:
    order = completed_order((50000, 30000))
    settled_at = CLOSED + timedelta(days=7)
    assert settlement.settle(settlement_id=order.settlements.get().pk, at=settled_at)
    rules = [RuleDraft(800), RuleDraft(600, min_volume_fen=80000), RuleDraft(500, min_volume_fen=80001)]
    publish(rules=rules, note="Steps.", valid_from=AT, by=None, at=AT)
    # November ends in Shanghai at 16:00 UTC.
    midnight = datetime(2026, 11, 30, 16, 0, tzinfo=UTC)
    fees, asked = FeeBook(), {"shop": order.shop, "service_id": None, "currency": "CNY", "opened_at": AT}
    assert fees.rate(**asked, closed_at=midnight - timedelta(seconds=1)).commission_bp == 800  # type: ignore[arg-type]
    with django_assert_num_queries(1):  # type: ignore[operator]
        for _again in range(2):
            assert fees.rate(**asked, closed_at=midnight).commission_bp == 600  # type: ignore[arg-type]


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Europe/Berlin", "America/New_York", "Pacific/Apia"])
def test_month_before_begins_and_ends_at_midnight_on_the_wall(zone: str) -> None:
    wall = ZoneInfo(zone)
    first, end = month_before(datetime(2027, 1, 15, tzinfo=UTC), wall)
    assert (first, end) == (datetime(2026, 12, 1, tzinfo=wall), datetime(2027, 1, 1, tzinfo=wall))


# --- Publishing ------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_versions_are_numbered_and_kept() -> None:
    shop, service = ShopFactory(), ServiceFactory()
    rules = [
        RuleDraft(800, 60),
        RuleDraft(500, shop=shop, service=service),
        RuleDraft(600, shop_kind=ShopKind.CHAIN, min_volume_fen=100),
    ]
    versions = [publish(rules=rules, note="First.", valid_from=AT, by=None, at=AT).version for _twice in range(2)]
    assert versions == [1, 2]
    assert FeeRule.objects.filter(schedule__version=2).count() == 3


@pytest.mark.django_db
@pytest.mark.parametrize(
    "rules",
    [
        [],
        [RuleDraft(500, shop_kind=ShopKind.CHAIN)],
        [RuleDraft(500, min_volume_fen=1)],
        [RuleDraft(800), RuleDraft(700)],
        [RuleDraft(2001)],
        [RuleDraft(-1)],
        [RuleDraft(8.0)],  # type: ignore[arg-type]
        [RuleDraft(True)],
        [RuleDraft(800, 301)],
        [RuleDraft(800), RuleDraft(700, shop_kind="castle")],
        [RuleDraft(800), RuleDraft(700, min_volume_fen=-1)],
    ],
)
def test_rules_that_cannot_be_are_refused(rules: list[RuleDraft]) -> None:
    with pytest.raises(ScheduleError):
        publish(rules=rules, note="First.", valid_from=AT, by=None, at=AT)
    assert not FeeSchedule.objects.exists()


@pytest.mark.django_db
def test_rule_for_a_shop_and_a_kind_is_refused() -> None:
    rules = [RuleDraft(800), RuleDraft(700, shop=ShopFactory(), shop_kind=ShopKind.CHAIN)]
    with pytest.raises(ScheduleError):
        publish(rules=rules, note="First.", valid_from=AT, by=None, at=AT)


@pytest.mark.django_db
@pytest.mark.parametrize("note", ["", "  ", "a\x00b"])
def test_version_without_a_note_is_refused(note: str) -> None:
    with pytest.raises(ScheduleError):
        publish(rules=[RuleDraft(800)], note=note, valid_from=AT, by=None, at=AT)


@pytest.mark.django_db
def test_visits_that_were_booked_already_keep_their_rules() -> None:
    with pytest.raises(ScheduleInThePastError):
        publish(rules=[RuleDraft(800)], note="Late.", valid_from=AT - timedelta(seconds=1), by=None, at=AT)


# --- Sharing out -----------------------------------------------------------------------------------------------

FEN = st.integers(0, 100_000_000)


@given(FEN, st.lists(FEN, min_size=1, max_size=12))
def test_parts_add_up_and_none_is_a_fen_off(total: int, weights: list[int]) -> None:
    parts = allocate(total, weights)
    assert sum(parts) == total
    assert all(part >= 0 for part in parts)
    if whole := sum(weights):
        for part, weight in zip(parts, weights, strict=True):
            assert abs(part * whole - total * weight) < whole


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [
        (100, [1, 1, 1], [34, 33, 33]),
        (1, [5, 5], [1, 0]),
        (10, [0, 3, 0], [0, 10, 0]),
        (7, [0, 0], [7, 0]),
        (0, [], []),
        (5, [2, 3], [2, 3]),
    ],
)
def test_parts_of_a_total(total: int, weights: list[int], parts: list[int]) -> None:
    assert allocate(total, weights) == parts


@pytest.mark.parametrize(("total", "weights"), [(-1, [1]), (1, [-1, 2]), (1, [])])
def test_what_cannot_be_shared_out_is_refused(total: int, weights: list[int]) -> None:
    with pytest.raises(ValueError, match="shared out"):
        allocate(total, weights)


@given(
    amount=FEN,
    parts=st.tuples(*[st.integers(0, 100)] * 3),
    bps=st.tuples(st.integers(0, commission.MAX_COMMISSION_BP), st.integers(0, commission.MAX_PROCESSING_BP)),
)
def test_shop_gets_what_is_left_and_never_less_than_nothing_of_what_it_earned(
    amount: int, parts: tuple[int, int, int], bps: tuple[int, int]
) -> None:
    refunded, coupon, online = (amount * percent // 100 for percent in parts)
    share = share_of(amount_fen=amount, refunded_fen=refunded, coupon_fen=coupon, online_fen=online, rate=Rate(1, *bps))
    assert share.net_fen + share.commission_fen + share.processing_fen + share.coupon_fen == share.kept_fen
    assert share.net_fen >= min(0, share.kept_fen - coupon)
    assert 0 <= share.commission_fen <= amount // 5
