"""The migration that masks links in messages kept by earlier versions."""

from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection

from core.secret_addresses import mask
from notifications.models import Message

pytestmark = pytest.mark.django_db
migration = import_module("notifications.migrations.0003_mask_links_of_kept_messages")
SECRET = "k3v9m2x7-c4q8t5zb_n6w"
WITH_SECRETS = [
    f"Your car: https://carkeeper.example/v/{SECRET}/ opens for three days, and /r/{SECRET}/ for a week",
    f"看车：http://x/live/{SECRET}:1a~b/，三天内有效",
    f"看车：http://x/v/{SECRET}三天内有效",
    f"HTTPS://X/V/{SECRET}",
    f"/me/continue/?next=%2Fcars%2ftake-over%2F{SECRET}%3D%2F",
    f"/calendar/{SECRET}.ics",
]
WITHOUT = [
    "Your code is 123456, it's 100% good",
    "/bookings/k3v9m2x7c4q8t5zb/ and /me/calendar/",
    "",
    mask(WITH_SECRETS[0]),
]


def kept(subject: str, body: str, error: str) -> Message:
    return Message.objects.create(
        channel="email", kind="t", recipient="a@example.com", subject=subject, body=body, error=error, status="sent"
    )


def run() -> None:
    with connection.schema_editor() as editor:
        migration.mask_links(apps, editor)


@pytest.mark.parametrize("text", WITH_SECRETS)
def test_secrets_of_kept_messages_are_masked_in_every_text(text: str) -> None:
    rows = [kept(text, "b", ""), kept("s", text, ""), kept("s", "b", text)]
    run()
    for row in rows:
        row.refresh_from_db()
    masked = mask(text)
    assert masked != text
    assert [(row.subject, row.body, row.error) for row in rows] == [
        (masked, "b", ""),
        ("s", masked, ""),
        ("s", "b", masked),
    ]


@pytest.mark.parametrize("text", WITHOUT)
def test_what_has_no_secret_stays(text: str) -> None:
    row = kept(text, text, text)
    run()
    row.refresh_from_db()
    assert (row.subject, row.body, row.error) == (text, text, text)


def test_a_subject_that_grows_by_its_mask_still_fits() -> None:
    row = kept("/v/a/" * 40, "", "")
    run()
    row.refresh_from_db()
    assert row.subject == mask("/v/a/" * 40)[:200]
