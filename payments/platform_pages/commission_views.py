"""The commission rules: the present ones in words, every version, and a new one with a look at whom it concerns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from core.errors import Refusal
from core.money import format_fen
from payments import commission
from payments.commission import RuleDraft
from payments.models import FeeRule, FeeSchedule
from payments.platform_pages.access import admin_of, platform_page, show_page
from payments.platform_pages.forms import RuleFormSet, VersionForm, midnight
from shops.choices import ShopKind
from shops.models import Shop


@dataclass(frozen=True, slots=True)
class Concerned:
    """A rule to be published, in words, and how many shops it is for."""

    words: str
    rates: str
    shops: int


@require_GET
@platform_page
def commission_page(request: HttpRequest) -> HttpResponse:
    """Every version of the rules, the one in force first, in words."""
    versions = list(
        FeeSchedule.objects.select_related("published_by").prefetch_related("rules__shop", "rules__service")
    )
    at = timezone.now()
    in_force = next((version for version in _newest_first(versions) if version.valid_from <= at), None)
    context = {
        "in_force": in_force,
        "versions": [(version, [_in_words(rule) for rule in version.rules.all()]) for version in versions],
    }
    return show_page(request, "payments/platform/commission.html", context, section="commission")


def _newest_first(versions: Sequence[FeeSchedule]) -> list[FeeSchedule]:
    return sorted(versions, key=lambda version: (version.valid_from, version.version), reverse=True)


@require_http_methods(["GET", "POST"])
@platform_page
def new_version(request: HttpRequest) -> HttpResponse:
    """Write a new version: `action=preview` shows whom each rule concerns, `action=publish` publishes it."""
    if request.method == "GET":
        tomorrow = timezone.localdate() + timedelta(days=1)
        return _form_page(request, VersionForm(initial={"valid_from": tomorrow}), RuleFormSet(initial=_present()))
    form, rows = VersionForm(request.POST), RuleFormSet(request.POST)
    if not (form.is_valid() and rows.is_valid()):
        return _form_page(request, form, rows, status=422)
    drafts = [draft for draft in (row.draft() for row in rows) if draft is not None]
    if request.POST.get("action") != "publish":
        return _form_page(request, form, rows, preview=[_concerned(draft) for draft in drafts])
    data = form.cleaned_data
    try:
        version = commission.publish(
            rules=drafts,
            note=data["note"],
            valid_from=midnight(data["valid_from"]),
            by=admin_of(request),
            at=timezone.now(),
        )
    except Refusal as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal.message))
        return _form_page(request, form, rows, status=422)
    messages.success(request, _("Version %(number)d is published.") % {"number": version.version})
    return redirect("platform_money:commission")


def _form_page(
    request: HttpRequest, form: VersionForm, rows: Any, *, preview: list[Concerned] | None = None, status: int = 200
) -> HttpResponse:
    context = {"form": form, "rows": rows, "preview": preview}
    return show_page(request, "payments/platform/commission_form.html", context, section="commission", status=status)


def _present() -> list[dict[str, Any]]:
    """The newest version as the form shows it, to begin with."""
    newest = FeeSchedule.objects.order_by("-version").first()
    rules = newest.rules.select_related("shop", "service") if newest else []
    return [
        {
            "shop": rule.shop,
            "shop_kind": rule.shop_kind,
            "service": rule.service_id,
            "min_volume_fen": rule.min_volume_fen or None,
            "commission": percent(rule.commission_bp),
            "processing": percent(rule.processing_bp),
        }
        for rule in rules
    ]


def percent(bp: int) -> str:
    """Hundredths of a percent as people write percent: 800 → 8, 60 → 0.6."""
    whole, rest = divmod(bp, 100)
    return f"{whole}.{rest:02d}".rstrip("0").rstrip(".")


def _in_words(rule: FeeRule | RuleDraft) -> Concerned:
    return Concerned(_whom(rule), _rates(rule), 0)


def _concerned(draft: RuleDraft) -> Concerned:
    shops = Shop.objects.all()
    if draft.shop:
        shops = shops.filter(pk=draft.shop.pk)
    if draft.shop_kind:
        shops = shops.filter(kind=draft.shop_kind)
    if draft.service:
        shops = shops.filter(offers__service=draft.service, offers__is_active=True)
    return Concerned(_whom(draft), _rates(draft), shops.distinct().count())


def _whom(rule: FeeRule | RuleDraft) -> str:
    parts = [
        rule.shop.name if rule.shop else str(ShopKind(rule.shop_kind).label) if rule.shop_kind else _("Every shop"),
        rule.service.name if rule.service else _("every service"),
    ]
    if rule.min_volume_fen:
        parts.append(_("from a turnover of %(amount)s a month") % {"amount": format_fen(rule.min_volume_fen)})
    return _(", ").join(parts)


def _rates(rule: FeeRule | RuleDraft) -> str:
    shown = {"commission": percent(rule.commission_bp), "processing": percent(rule.processing_bp)}
    if rule.processing_bp:
        return _("%(commission)s%% commission, %(processing)s%% of what is paid online") % shown
    return _("%(commission)s%% commission") % shown
