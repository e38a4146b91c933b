"""What people type about messages. Shape only; never saves."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.forms.boundfield import BoundField
from django.utils.translation import gettext_lazy as _

from notifications import browsers, choosing
from notifications.choices import Channel
from notifications.choosing import Chosen, Row
from notifications.quiet import Quiet

TOPIC = "topic_"
_PLAIN = re.compile(r"https://[!-~]+")
_BASE64URL = re.compile(r"[A-Za-z0-9_-]+={0,2}")


class MessagesForm(forms.Form):
    """A field of channels for each topic that concerns the person, and when they are left alone."""

    quiet_from = forms.TimeField(
        label=_("From"), widget=forms.TimeInput(format="%H:%M", attrs={"type": "time", "required": True})
    )
    quiet_until = forms.TimeField(
        label=_("Until"), widget=forms.TimeInput(format="%H:%M", attrs={"type": "time", "required": True})
    )
    zone = forms.ChoiceField(label=_("Time zone"), widget=forms.Select(attrs={"data-zone": ""}))

    def __init__(self, data: Any = None, *, chosen: Chosen) -> None:
        initial = {
            "quiet_from": chosen.quiet.start,
            "quiet_until": chosen.quiet.end,
            "zone": chosen.quiet.zone or settings.TIME_ZONE,
            **{f"{TOPIC}{row.topic}": sorted(row.on) for row in chosen.rows},
        }
        super().__init__(data, initial=initial)
        self.rows = chosen.rows
        for row in chosen.rows:
            self.fields[f"{TOPIC}{row.topic}"] = forms.MultipleChoiceField(
                label=row.topic.label, choices=Channel.choices, required=False, widget=forms.CheckboxSelectMultiple
            )
        zone = self.fields["zone"]
        assert isinstance(zone, forms.ChoiceField)  # noqa: S101
        zone.choices = _zone_choices()

    def topics(self) -> Iterable[tuple[Row, BoundField]]:
        """Each topic with its field."""
        return [(row, self[f"{TOPIC}{row.topic}"]) for row in self.rows]

    def chosen_topics(self) -> dict[str, list[str]]:
        """The channels by topic, as they were sent."""
        return {row.topic.value: self.cleaned_data[f"{TOPIC}{row.topic}"] for row in self.rows}

    def quiet(self) -> Quiet:
        """The quiet hours, as they were sent. Who names the platform's zone goes with it should it change."""
        zone = self.cleaned_data["zone"]
        return Quiet(
            "" if zone == settings.TIME_ZONE else zone,
            self.cleaned_data["quiet_from"],
            self.cleaned_data["quiet_until"],
        )


class BrowserForm(forms.Form):
    """What a browser gives to be told by (PushSubscription.toJSON): an address of a known push service and two keys."""

    endpoint = forms.CharField(max_length=1000)
    p256dh = forms.CharField(max_length=120)
    auth = forms.CharField(max_length=40)

    def clean_endpoint(self) -> str:
        endpoint: str = self.cleaned_data["endpoint"]
        try:
            parts = urlsplit(endpoint)
            is_plain = bool(_PLAIN.fullmatch(endpoint)) and parts.port in (None, 443) and "@" not in parts.netloc
        except ValueError:
            is_plain = False
        host = f".{parts.hostname}" if is_plain else ""
        # We post there: only to push services, never to a host of somebody's choosing.
        if not host.endswith(tuple(f".{service}" for service in browsers.PUSH_SERVICES)):
            raise forms.ValidationError(_("This is no push service that we know."))
        return endpoint

    def clean_p256dh(self) -> str:
        key: str = self.cleaned_data["p256dh"]
        # A point of P-256, not compressed (RFC 8291).
        if not ((plain := _decoded(key)) and len(plain) == 65 and plain[0] == 4):
            raise forms.ValidationError(_("This is not a browser’s key."))
        return key

    def clean_auth(self) -> str:
        secret: str = self.cleaned_data["auth"]
        if len(_decoded(secret)) != 16:
            raise forms.ValidationError(_("This is not a browser’s key."))
        return secret


def _decoded(text: str) -> bytes:
    """Bytes of base64url, with or without padding; none if it is something else."""
    if not _BASE64URL.fullmatch(text):
        return b""
    bare = text.rstrip("=")
    try:
        return base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4))
    except ValueError:
        return b""


def _zone_choices() -> list[Any]:
    """All places by continent."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for name in sorted(choosing.zones() | {settings.TIME_ZONE}):
        continent, _slash, place = name.partition("/")
        groups.setdefault(continent, []).append((name, (place or name).replace("_", " ")))
    return list(groups.items())
