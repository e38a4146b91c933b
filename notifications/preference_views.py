"""The page on which people choose where they read about their visits."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.models import User
from notifications import preferences
from notifications.choices import Channel, Topic
from notifications.forms import PreferenceForm


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def visit_messages(request: HttpRequest) -> HttpResponse:
    """Choose SMS, e-mail or both for messages about visits."""
    user = request.user
    assert isinstance(user, User)  # noqa: S101  (login_required saw to it)
    form = PreferenceForm(request.POST if request.method == "POST" else None, initial=_now(user))
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data["channels"]
        ways = {
            (topic, channel): chosen in (channel, "both")
            for topic in (Topic.VISITS, Topic.MONEY, Topic.REVIEWS)
            for channel in (Channel.SMS, Channel.EMAIL)
        }
        preferences.choose(user=user, choices=ways, at=timezone.now())
        messages.success(request, _("Saved."))
        return redirect("accounts:me")
    context = {
        "form": form,
        "nav_section": "me",
        "has_phone": bool(user.phone and user.phone_verified_at),
        "has_email": bool(user.email),
    }
    return render(request, "notifications/preference.html", context, status=400 if form.errors else 200)


def _now(user: User) -> dict[str, str]:
    """What is in force: the choice, else the channel that is used without one."""
    used = {reach.channel for reach in preferences.channels_for(user)} - {Channel.PUSH}
    return {"channels": "both" if len(used) > 1 else next(iter(used), "")}
