"""The policy of moderation: the form, and every version there was. Only views read the clock."""

from __future__ import annotations

from django.contrib import messages
from django.forms.models import model_to_dict
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.platform_access import admin_of, platform_page
from core.errors import Refusal
from reviews.models import ModerationPolicy
from reviews.moderation import policy
from reviews.platform_pages.access import show_page
from reviews.platform_pages.forms import PolicyForm

_HISTORY = 50


@require_http_methods(["GET", "POST"])
@platform_page
def policy_page(request: HttpRequest) -> HttpResponse:
    """The policy in force, its next version, and those before it."""
    holds, status = policy.current(), 200
    initial = {**model_to_dict(holds, fields=PolicyForm.Meta.fields), "note": ""}
    form = PolicyForm(request.POST or None, initial=initial)
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                policy.change(by=admin_of(request), at=timezone.now(), **form.cleaned_data)
            except Refusal as refusal:
                form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal.message))
            else:
                messages.success(request, _("The new policy holds from now on."))
                return redirect("platform_reviews:policy")
    versions = ModerationPolicy.objects.select_related("set_by")[:_HISTORY]
    context = {"form": form, "holds": holds, "versions": versions}
    return show_page(request, "reviews/platform/policy.html", context, section="policy", status=status)
