"""Profile, hours, rules, closures and the list of changes."""

from __future__ import annotations

from copy import copy

from django.contrib import messages
from django.core.paginator import Paginator
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from core.errors import Refusal
from shops.access import SignInRequired, get_staff_shop
from shops.actions import settings as actions
from shops.actions.asking import VisitsInTheWayError
from shops.choices import ChangeKind, Permission
from shops.context import shop_nav
from shops.forms.hours import HoursForm
from shops.forms.rules import RulesForm
from shops.forms.settings import ClosureForm, ProfileForm
from shops.models import Closure, Shop, ShopMember
from shops.opening import Opening
from shops.views.pages import Question, is_answered, member, question, settings_page, show

CHANGES_A_PAGE = 30


@require_safe
def my_shops(request: HttpRequest) -> HttpResponse:
    """The shops at which the person works; with one, straight to its first page."""
    if not isinstance(request.user, User):
        raise SignInRequired
    memberships = ShopMember.objects.filter(user=request.user).select_related("shop__city").order_by("shop__name_en")
    entries = [(row, shop_nav(_seen_as(row), request.user, "")[0]["url"]) for row in memberships]
    if len(entries) == 1:
        return redirect(entries[0][1])
    return render(request, "shops/my_shops.html", {"memberships": entries})


def _seen_as(row: ShopMember) -> Shop:
    row.shop.viewer_role = row.role
    return row.shop


@require_http_methods(["GET", "POST"])
def profile(request: HttpRequest, slug: str) -> HttpResponse:
    """What owners read about the shop."""
    shop = get_staff_shop(request, slug, Permission.SETTINGS)
    form = ProfileForm(request.POST or None, instance=copy(shop))
    if request.method == "POST" and form.is_valid():
        actions.save_profile(shop=shop, by=member(request), at=timezone.now(), values=form.cleaned_data)
        return _saved(request, "shops:settings", shop)
    status = 422 if form.errors else 200
    return settings_page(request, shop, "settings", "shops/settings_profile.html", {"form": form}, status=status)


@require_http_methods(["GET", "POST"])
def rules(request: HttpRequest, slug: str) -> HttpResponse:
    """How and when owners can book."""
    shop = get_staff_shop(request, slug, Permission.SETTINGS)
    form = RulesForm(request.POST or None, instance=copy(shop))
    asked: Question | None = None
    if request.method == "POST" and form.is_valid():
        try:
            actions.save_rules(
                shop=shop,
                by=member(request),
                at=timezone.now(),
                values=form.cleaned_data,
                despite_visits=is_answered(request),
            )
            return _saved(request, "shops:rules", shop)
        except VisitsInTheWayError as refusal:
            asked = _ask_before_shutting(request, shop, refusal)
        except Refusal as refusal:  # the last advisor or driver has just gone
            show(refusal, form)
    context = {"form": form, "question": asked}
    return settings_page(request, shop, "rules", "shops/settings_rules.html", context, status=_status(form, asked))


@require_http_methods(["GET", "POST"])
def hours(request: HttpRequest, slug: str) -> HttpResponse:
    """The week's hours. The button named `copy` copies one day to others on the page; nothing is saved by it.

    Visits outside the new hours are listed and asked about, never moved.
    """
    shop = get_staff_shop(request, slug, Permission.SETTINGS)
    form = HoursForm(request.POST or None, initial=HoursForm.initial_of(Opening.of(shop).hours))
    if request.method == "POST" and "copy" in request.POST:
        form.is_valid()
        copied = HoursForm(form.copied())
        return settings_page(request, shop, "hours", "shops/settings_hours.html", {"form": copied, "is_copied": True})
    asked: Question | None = None
    if request.method == "POST" and form.is_valid():
        try:
            actions.save_hours(
                shop=shop,
                by=member(request),
                at=timezone.now(),
                hours=form.cleaned_data["rows"],
                despite_visits=is_answered(request),
            )
            return _saved(request, "shops:hours", shop)
        except VisitsInTheWayError as refusal:
            asked = _ask_before_new_hours(request, shop, refusal)
    context = {"form": form, "question": asked}
    return settings_page(request, shop, "hours", "shops/settings_hours.html", context, status=_status(form, asked))


@require_http_methods(["GET", "POST"])
def closures(request: HttpRequest, slug: str) -> HttpResponse:
    """Closures to come, and a new one. Visits in the way are listed and asked about, never moved."""
    shop = get_staff_shop(request, slug, Permission.SETTINGS)
    at = timezone.now()
    today = at.astimezone(shop.zone).date()
    form = ClosureForm(request.POST or None, today=today)
    asked: Question | None = None
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                actions.add_closure(
                    shop=shop, by=member(request), at=at, despite_visits=is_answered(request), **form.cleaned_data
                )
                return _saved(request, "shops:closures", shop)
            except VisitsInTheWayError as refusal:
                asked, status = _ask_before_closing(request, shop, refusal), refusal.status
            except Refusal as refusal:
                status = show(refusal, form)
    rows = Closure.objects.filter(shop=shop, last_date__gte=today).select_related("created_by")
    context = {"form": form, "question": asked, "closures": rows, "today": today}
    return settings_page(request, shop, "closures", "shops/settings_closures.html", context, status=status)


@require_POST
def remove_closure(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Open again on the days of a closure."""
    shop = get_staff_shop(request, slug, Permission.SETTINGS)
    closure = get_object_or_404(Closure, shop=shop, pk=pk)
    actions.remove_closure(closure=closure, by=member(request), at=timezone.now())
    messages.success(request, _("The closure is removed."))
    return redirect("shops:closures", shop.slug)


@require_safe
def changes(request: HttpRequest, slug: str) -> HttpResponse:
    """Who changed what, newest first."""
    shop = get_staff_shop(request, slug, Permission.SETTINGS)
    page = Paginator(shop.changes.select_related("by"), CHANGES_A_PAGE).get_page(request.GET.get("page"))
    ids = [change.subject for change in page if change.kind == ChangeKind.MEMBER]
    names = {person.public_id: person.display_name for person in User.objects.filter(public_id__in=ids)}
    entries = [(change, names.get(change.subject, change.subject)) for change in page]
    context = {"page": page, "entries": entries}
    return settings_page(request, shop, "changes", "shops/settings_changes.html", context)


def _ask_before_closing(request: HttpRequest, shop: Shop, refusal: VisitsInTheWayError) -> Question:
    n = len(refusal.visits)
    return question(
        request,
        refusal,
        title=ngettext("%(n)d visit is booked on these days", "%(n)d visits are booked on these days", n) % {"n": n},
        consequence=_(
            "Nothing was changed. You can close all the same: the visits stay booked, and you move or cancel them one "
            "by one on the board."
        ),
        yes=_("Close and keep the visits"),
        no=_("Stay open"),
        no_url=reverse("shops:closures", args=[shop.slug]),
    )


def _ask_before_new_hours(request: HttpRequest, shop: Shop, refusal: VisitsInTheWayError) -> Question:
    n = len(refusal.visits)
    title = ngettext("%(n)d visit lies outside these hours", "%(n)d visits lie outside these hours", n) % {"n": n}
    return question(
        request,
        refusal,
        title=title,
        consequence=_(
            "Nothing was changed. You can save the hours all the same: the visits stay booked, and you move or cancel "
            "them one by one on the board."
        ),
        yes=_("Save and keep the visits"),
        no=_("Leave the hours as they are"),
        no_url=reverse("shops:hours", args=[shop.slug]),
    )


def _ask_before_shutting(request: HttpRequest, shop: Shop, refusal: VisitsInTheWayError) -> Question:
    n = len(refusal.visits)
    title = ngettext(
        "%(n)d visit is booked when you would be closed", "%(n)d visits are booked when you would be closed", n
    )
    return question(
        request,
        refusal,
        title=title % {"n": n},
        consequence=_(
            "Nothing was changed. You can save the rules all the same: the visits stay booked, and you move or cancel "
            "them one by one on the board."
        ),
        yes=_("Save and keep the visits"),
        no=_("Leave the rules as they are"),
        no_url=reverse("shops:rules", args=[shop.slug]),
    )


def _status(form: BaseForm, asked: Question | None) -> int:
    """What a page with a form answers with: a question is a conflict with visits."""
    if asked is not None:
        return VisitsInTheWayError.status
    return 422 if form.errors else 200


def _saved(request: HttpRequest, name: str, shop: Shop) -> HttpResponse:
    messages.success(request, _("Your changes are saved."))
    return redirect(name, shop.slug)
