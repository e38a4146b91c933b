"""What a shop's booking rules come to, said in sentences with numbers. Pure: reads the shop's columns only."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.translation import gettext, ngettext

from core.money import format_fen
from shops.choices import Confirmation, Day
from shops.models import Shop

# The examples' visit: Friday 14:00, an hour of work, ¥200 of labour in ¥500.
_VISIT = datetime(2026, 1, 2, 14)  # noqa: DTZ001  (a weekday and a time of day, in no zone)
_WORK_MINUTES = 60
_LABOUR_FEN, _PRICE_FEN = 200_00, 500_00
_PLACES = 4
_WEEK_MINUTES = 7 * 24 * 60


def examples(shop: Shop) -> dict[str, list[str]]:
    """Sentences by section of the rules' page: start, bays, confirmation, fees, pickup, on_site."""
    return {
        "start": _start(shop),
        "bays": _bays(shop),
        "confirmation": [_confirmation(shop), _hold(shop)],
        "fees": [_deposit(shop), _late_cancellation(shop), _no_show(shop)],
        "pickup": [_pickup(shop)],
    }


def _start(shop: Shop) -> list[str]:
    said = [
        gettext("Who looks on %(now)s finds times from %(soonest)s on, up to %(days)s days ahead.")
        % {
            "now": _moment(0),
            "soonest": _moment(shop.lead_time_minutes),
            "days": shop.booking_window_days,
        }
    ]
    if shop.last_start_minutes:
        latest = datetime.combine(_VISIT, datetime.min.time()) + timedelta(hours=18, minutes=-shop.last_start_minutes)
        said.append(
            gettext("On a day that closes at 18:00 the last visit starts at %(time)s.") % {"time": f"{latest:%H:%M}"}
        )
    else:
        said.append(gettext("On a day that closes at 18:00 a visit can start as long as its work ends by then."))
    return said


def _bays(shop: Shop) -> list[str]:
    around = {"before": shop.setup_minutes, "after": shop.turnaround_minutes, "work": _WORK_MINUTES}
    said = [
        gettext(
            "A job of %(work)s minutes takes its bay for %(total)s: %(before)s before the work, %(after)s after it."
        )
        % {**around, "total": sum(around.values())}
    ]
    if shop.write_up_minutes:
        said.append(
            gettext("The visit begins with %(minutes)s minutes at a service advisor's desk.")
            % {"minutes": shop.write_up_minutes}
        )
    if shop.online_share_percent < 100:
        said.append(
            gettext(
                "Where %(places)s bays can do a job, online bookings use %(online)s of them at a time; the rest is for "
                "walk-ins."
            )
            % {"places": _PLACES, "online": max(1, _PLACES * shop.online_share_percent // 100)}
        )
    return said


def _confirmation(shop: Shop) -> str:
    if shop.confirmation != Confirmation.BY_HAND:
        return gettext("A customer who confirms has the visit at once.")
    return ngettext(
        "A request that you have not answered after %(n)d minute, or when the visit would begin, is off. Its time is "
        "free again.",
        "A request that you have not answered after %(n)d minutes, or when the visit would begin, is off. Its time is "
        "free again.",
        shop.answer_minutes,
    ) % {"n": shop.answer_minutes}


def _hold(shop: Shop) -> str:
    return ngettext(
        "A chosen time is held for %(n)d minute while the customer confirms.",
        "A chosen time is held for %(n)d minutes while the customer confirms.",
        shop.hold_minutes,
    ) % {"n": shop.hold_minutes}


def _deposit(shop: Shop) -> str:
    if not shop.deposit_percent:
        return gettext("Customers pay no deposit.")
    deposit = _PRICE_FEN * shop.deposit_percent // 100
    return gettext("For a visit of %(price)s the deposit is %(deposit)s.") % {
        "price": format_fen(_PRICE_FEN),
        "deposit": format_fen(deposit),
    }


def _late_cancellation(shop: Shop) -> str:
    if not shop.late_cancel_fee_percent:
        return gettext("A visit can be cancelled free of charge until it starts.")
    return gettext(
        "A visit on %(visit)s can be cancelled free of charge until %(until)s; after that it costs %(percent)s %% of "
        "the labour: %(fee)s of %(labour)s."
    ) % {
        "visit": _moment(0),
        "until": _moment(-shop.free_cancel_minutes),
        **_fee(shop.late_cancel_fee_percent),
    }


def _no_show(shop: Shop) -> str:
    if not shop.no_show_fee_percent:
        return gettext("A customer who does not come pays nothing.")
    return gettext("A customer who does not come pays %(percent)s %% of the labour: %(fee)s of %(labour)s.") % _fee(
        shop.no_show_fee_percent
    )


def _pickup(shop: Shop) -> str:
    if not shop.pickup_radius_km:
        return gettext("Customers bring their cars themselves.")
    return gettext("A driver fetches cars from up to %(km)s km away and brings them back.") % {
        "km": shop.pickup_radius_km
    }


def _fee(percent: int) -> dict[str, str | int]:
    fee = format_fen(_LABOUR_FEN * percent // 100)
    return {"percent": percent, "fee": fee, "labour": format_fen(_LABOUR_FEN)}


def _moment(minutes: int) -> str:
    """The visit's time, moved: Friday 14:00, Thursday 14:00, or from a week on with the date's distance."""
    at = _VISIT + timedelta(minutes=minutes)
    said = f"{Day(at.isoweekday()).label} {at:%H:%M}"
    if abs(minutes) < _WEEK_MINUTES:
        return said
    days = abs(minutes) // (24 * 60)
    words = gettext("%(moment)s (%(days)s days later)") if minutes > 0 else gettext("%(moment)s (%(days)s days before)")
    return words % {"moment": said, "days": days}
