"""The living style guide: every primitive on one page, in both themes. Wired under DEBUG only."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.utils import timezone

from core.photo_fields import MultiplePhotosField
from core.photos import GridPhoto

TONES = {
    "brand": ("wrench", "In work"),
    "info": ("calendar-clock", "To arrive"),
    "warn": ("hand", "Waiting for owner"),
    "part": ("package", "Waiting for parts"),
    "qc": ("clipboard-check", "Quality check"),
    "ok": ("circle-check", "Ready"),
    "bad": ("circle-alert", "No-show"),
    "mute": ("check", "Handed over"),
}


@dataclass(frozen=True)
class SampleBand:
    low_fen: int = 24000
    high_fen: int = 33000
    n: int = 42


class SampleForm(forms.Form):
    """One field of every kind."""

    name = forms.CharField(label="Name", help_text="As the shop should call you.")
    phone = forms.CharField(label="Mobile number", widget=forms.TextInput(attrs={"inputmode": "tel"}))
    odometer = forms.IntegerField(label="Odometer", required=False, widget=forms.NumberInput())
    kind = forms.ChoiceField(label="Kind of shop", choices=[("any", "Any"), ("chain", "Chain"), ("4s", "Brand dealer")])
    note = forms.CharField(label="What the shop should know", required=False, widget=forms.Textarea(attrs={"rows": 3}))
    pay = forms.ChoiceField(
        label="How to pay",
        choices=[("shop", "At the shop after the work"), ("now", "Now, held by us until handover")],
        widget=forms.RadioSelect,
        initial="shop",
    )
    agree = forms.BooleanField(label="Tell me when this car is due again", required=False, initial=True)
    document = forms.FileField(label="Document", required=False)
    photos = MultiplePhotosField(label="Photos of the scratch", required=False, help_text="Up to 12, HEIC too.")
    code = forms.CharField(
        label="6-digit code",
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "maxlength": "6"}),
        help_text="Sent to 138 •••• 0957.",
    )


def sample_context(at: datetime) -> dict[str, object]:
    """Everything the page shows; both specimens have forms with ids of their own."""
    typed = {"name": "", "phone": "138 1642", "kind": "chain", "pay": "shop", "code": "4917"}
    return {
        "band": SampleBand(),
        "tones": TONES,
        "specimens": [
            {
                "theme": theme,
                "form": SampleForm(prefix=theme),
                "refused": SampleForm(_prefixed(typed, theme), prefix=f"{theme}2"),
            }
            for theme in ("light", "dark")
        ],
        "slots": [at + timedelta(hours=hours) for hours in (2, 20, 50)],
        "days": [at + timedelta(days=days) for days in range(7)],
        "now": at,
        "expires_at": at + timedelta(seconds=522),
        "bodies": ("sedan", "hatch", "suv", "mpv"),
        "colours": ("silver", "white", "blue", "red", "green", "black"),
        "kinds": ("independent", "chain", "4s", "on_site"),
        "photos": _sample_photos(),
    }


def _sample_photos() -> list[GridPhoto]:
    picture = static("img/favicon.svg")
    captions = ("Front left pad, 2.8 mm", "Disc", "")
    return [GridPhoto(picture, picture, caption or "Tyre", caption) for caption in captions]


def _prefixed(data: dict[str, str], theme: str) -> dict[str, str]:
    return {f"{theme}2-{name}": value for name, value in data.items()}


def styleguide(request: HttpRequest) -> HttpResponse:
    """Show the guide, with one toast and one alert so that they are seen too."""
    messages.success(request, "Moved to Sat 21 Nov, 16:00. Nothing to pay for it.")
    return render(request, "ui/styleguide.html", sample_context(timezone.now()))
