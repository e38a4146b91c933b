"""The sentences that say what a shop's rules come to."""

import pytest
from django.utils import translation

from shops.models import Shop
from shops.rule_examples import examples


def said(section: str, **rules: object) -> str:
    with translation.override("en"):
        return " ".join(examples(Shop(**rules))[section])


@pytest.mark.parametrize(
    ("section", "rules", "words"),
    [
        ("start", {"lead_time_minutes": 90, "booking_window_days": 14}, "from Friday 15:30 on, up to 14 days ahead"),
        ("start", {"lead_time_minutes": 1440}, "from Saturday 14:00"),
        ("start", {"lead_time_minutes": 10_080}, "from Friday 14:00 (7 days later)"),
        ("start", {"last_start_minutes": 90}, "the last visit starts at 16:30"),
        ("start", {"last_start_minutes": 0}, "as long as its work ends by then"),
        ("bays", {"setup_minutes": 10, "turnaround_minutes": 5}, "takes its bay for 75: 10 before the work, 5 after"),
        ("bays", {"write_up_minutes": 15}, "15 minutes at a service advisor's desk"),
        ("bays", {"online_share_percent": 80}, "online bookings use 3 of them"),
        ("bays", {"online_share_percent": 10}, "online bookings use 1 of them"),
        ("confirmation", {}, "has the visit at once"),
        ("confirmation", {"confirmation": "by_hand", "answer_minutes": 90}, "after 90 minutes"),
        ("confirmation", {"hold_minutes": 10}, "held for 10 minutes"),
        ("fees", {"deposit_percent": 20}, "For a visit of ¥500 the deposit is ¥100."),
        ("fees", {}, "no deposit"),
        (
            "fees",
            {"free_cancel_minutes": 60, "late_cancel_fee_percent": 20},
            "free of charge until Friday 13:00; after that it costs 20 % of the labour: ¥40 of ¥200.",
        ),
        ("fees", {"free_cancel_minutes": 10_080, "late_cancel_fee_percent": 20}, "Friday 14:00 (7 days before)"),
        ("fees", {"late_cancel_fee_percent": 0}, "free of charge until it starts"),
        ("fees", {"no_show_fee_percent": 30}, "pays 30 % of the labour: ¥60 of ¥200."),
        ("pickup", {"pickup_radius_km": 8}, "up to 8 km away"),
        ("pickup", {}, "bring their cars themselves"),
    ],
)
def test_examples_follow_the_rules(section, rules, words):
    assert words in said(section, **rules)
