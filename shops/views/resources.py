"""Bays, mobile units, loaner cars, technicians, service advisors, certificates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from shops.access import get_staff_shop
from shops.actions import resources as actions
from shops.actions.asking import VisitsInTheWayError
from shops.choices import PEOPLE, PLACES, Permission, ResourceKind
from shops.forms.resources import AdvisorForm, BayForm, CertificateForm, LoanerForm, TechnicianForm
from shops.models import Certificate, Resource, Shop
from shops.querysets import ResourceQuerySet
from shops.views.pages import Question, is_answered, member, question, settings_page


def rows_of(shop: Shop, *kinds: ResourceKind) -> ResourceQuerySet:
    """The shop's resources of these kinds, those in use first, with what the pages show."""
    rows = Resource.objects.filter(shop=shop, kind__in=kinds).select_related("shop__city", "technician__user")
    return rows.prefetch_related("technician__certificates").order_by("-is_active", "position", "pk")


@require_safe
def bays(request: HttpRequest, slug: str) -> HttpResponse:
    """Bays, mobile units and loaner cars."""
    shop = get_staff_shop(request, slug, Permission.SETTINGS)
    rows = Resource.objects.filter(shop=shop, kind__in=[*PLACES, ResourceKind.LOANER])
    found = list(rows.order_by("-is_active", "position", "pk"))
    context = {
        "bays": [row for row in found if row.kind in PLACES],
        "loaners": [row for row in found if row.kind == ResourceKind.LOANER],
    }
    return settings_page(request, shop, "bays", "shops/settings_bays.html", context)


@require_http_methods(["GET", "POST"])
def bay(request: HttpRequest, slug: str, public_id: str = "") -> HttpResponse:
    """A new bay or mobile unit, or an existing one. Visits that need what is taken away are asked about."""
    shop = get_staff_shop(request, slug, Permission.SETTINGS)
    row = get_object_or_404(rows_of(shop, *PLACES), public_id=public_id) if public_id else None
    form = BayForm(request.POST or None, instance=row, shop=shop)
    asked, status = None, 422 if form.errors else 200
    if request.method == "POST" and form.is_valid():
        try:
            saved = actions.save_bay(
                shop=shop,
                by=member(request),
                at=timezone.now(),
                values=form.cleaned_data,
                bay=row,
                despite_visits=is_answered(request),
            )
            return _saved(request, shop, saved)
        except VisitsInTheWayError as refusal:
            asked, status = _ask_before_taking_away(request, shop, refusal, form.instance), refusal.status
    context = {"form": form, "resource": row, "question": asked}
    return settings_page(request, shop, "bays", "shops/settings_bay.html", context, status=status)


@require_safe
def technicians(request: HttpRequest, slug: str) -> HttpResponse:
    """The team: technicians and service advisors."""
    shop = get_staff_shop(request, slug, Permission.SETTINGS)
    found = list(rows_of(shop, *PEOPLE))
    context = {
        "technicians": [row for row in found if row.kind == ResourceKind.TECHNICIAN],
        "advisors": [row for row in found if row.kind == ResourceKind.ADVISOR],
        "today": timezone.now().astimezone(shop.zone).date(),
    }
    return settings_page(request, shop, "technicians", "shops/settings_technicians.html", context)


@require_http_methods(["GET", "POST"])
def technician(request: HttpRequest, slug: str, public_id: str = "") -> HttpResponse:
    """A new technician, or an existing one with their certificates. Visits that need a lost skill are asked about."""
    shop = get_staff_shop(request, slug, Permission.SETTINGS)
    row = _technician(shop, public_id) if public_id else None
    at = timezone.now()
    form = TechnicianForm(
        request.POST or None, instance=row, shop=shop, this_year=at.year, initial=_profile(row) if row else None
    )
    asked, status = None, 422 if form.errors else 200
    if request.method == "POST" and form.is_valid():
        try:
            saved = actions.save_technician(
                shop=shop,
                by=member(request),
                at=at,
                values=form.cleaned_data,
                person=row,
                despite_visits=is_answered(request),
            )
            return _saved(request, shop, saved, "shops:technician", saved.public_id)
        except VisitsInTheWayError as refusal:
            asked, status = _ask_before_taking_away(request, shop, refusal, form.instance), refusal.status
    return _technician_page(request, shop, row, form, CertificateForm(), asked=asked, status=status)


@require_http_methods(["GET", "POST"])
def advisor(request: HttpRequest, slug: str, public_id: str = "") -> HttpResponse:
    """A new service advisor, or an existing one."""
    shop = get_staff_shop(request, slug, Permission.SETTINGS)
    row = get_object_or_404(rows_of(shop, ResourceKind.ADVISOR), public_id=public_id) if public_id else None

    def save(values: Mapping[str, Any]) -> Resource:
        return actions.save_advisor(shop=shop, by=member(request), at=timezone.now(), values=values, advisor=row)

    return _named_page(request, shop, "technicians", AdvisorForm(request.POST or None, instance=row), row, save)


@require_http_methods(["GET", "POST"])
def loaner(request: HttpRequest, slug: str, public_id: str = "") -> HttpResponse:
    """A new loaner car, or an existing one."""
    shop = get_staff_shop(request, slug, Permission.SETTINGS)
    row = get_object_or_404(rows_of(shop, ResourceKind.LOANER), public_id=public_id) if public_id else None

    def save(values: Mapping[str, Any]) -> Resource:
        return actions.save_loaner(shop=shop, by=member(request), at=timezone.now(), values=values, loaner=row)

    return _named_page(request, shop, "bays", LoanerForm(request.POST or None, instance=row), row, save)


@require_POST
def add_certificate(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """Enter a certificate; the platform checks it before owners see it."""
    shop = get_staff_shop(request, slug, Permission.SETTINGS)
    row = _technician(shop, public_id)
    at = timezone.now()
    form = CertificateForm(request.POST)
    if form.is_valid():
        actions.add_certificate(person=row, by=member(request), at=at, values=form.cleaned_data)
        messages.success(request, _("The certificate is entered. Owners see it once the platform has checked it."))
        return redirect("shops:technician", shop.slug, row.public_id)
    about = TechnicianForm(instance=row, shop=shop, this_year=at.year, initial=_profile(row))
    return _technician_page(request, shop, row, about, form, status=422)


@require_POST
def remove_certificate(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Remove a certificate."""
    shop = get_staff_shop(request, slug, Permission.SETTINGS)
    rows = Certificate.objects.select_related("technician__resource__shop__city")
    certificate = get_object_or_404(rows, technician__resource__shop=shop, pk=pk)
    actions.remove_certificate(certificate=certificate, by=member(request), at=timezone.now())
    messages.success(request, _("The certificate is removed."))
    return redirect("shops:technician", shop.slug, certificate.technician.resource.public_id)


@require_POST
def retire(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """Take something or somebody out of use; visits in the way and rules that need it are asked about."""
    shop = get_staff_shop(request, slug, Permission.SETTINGS)
    row = get_object_or_404(Resource.objects.select_related("shop__city"), shop=shop, public_id=public_id)
    try:
        actions.retire(resource=row, by=member(request), at=timezone.now(), despite_visits=is_answered(request))
    except VisitsInTheWayError as refusal:
        return _ask_before_retiring(request, shop, row, refusal)
    messages.success(request, _("%(name)s is out of use.") % {"name": row.name})
    return redirect(_list_of(row), shop.slug)


@require_POST
def restore(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """Put to use again what was retired."""
    shop = get_staff_shop(request, slug, Permission.SETTINGS)
    row = get_object_or_404(Resource.objects.select_related("shop__city"), shop=shop, public_id=public_id)
    actions.restore(resource=row, by=member(request), at=timezone.now())
    messages.success(request, _("%(name)s is in use again.") % {"name": row.name})
    return redirect(_list_of(row), shop.slug)


def _ask_before_retiring(request: HttpRequest, shop: Shop, row: Resource, refusal: VisitsInTheWayError) -> HttpResponse:
    asked = question(
        request,
        refusal,
        title=_booked(refusal, row),
        consequence=_(
            "Nothing was changed. You can take it out of use all the same: the visits stay booked there until you "
            "move them."
        )
        if refusal.visits
        else _("Nothing was changed."),
        yes=_("Take out of use and keep the visits") if refusal.visits else _("Take out of use all the same"),
        no=_("Leave it in use"),
        no_url=reverse(_list_of(row), args=[shop.slug]),
    )
    section = _list_of(row).removeprefix("shops:")
    context = {"resource": row, "question": asked}
    return settings_page(request, shop, section, "shops/settings_retire.html", context, status=refusal.status)


def _ask_before_taking_away(request: HttpRequest, shop: Shop, refusal: VisitsInTheWayError, row: Resource) -> Question:
    page = "shops:bay" if row.kind in PLACES else "shops:technician"
    n = len(refusal.visits)
    needing = ngettext("%(n)d visit needs what you take away", "%(n)d visits need what you take away", n) % {"n": n}
    return question(
        request,
        refusal,
        title=needing if n else _("Your booking rules need this"),
        consequence=_(
            "Nothing was changed. You can save all the same: the visits stay booked there until you move them."
        )
        if n
        else _("Nothing was changed."),
        yes=_("Save and keep the visits") if n else _("Save all the same"),
        no=_("Leave it as it is"),
        no_url=reverse(page, args=[shop.slug, row.public_id]),
    )


def _booked(refusal: VisitsInTheWayError, row: Resource) -> str:
    n = len(refusal.visits)
    if not n:
        return _("Your booking rules need %(name)s") % {"name": row.name}
    return ngettext("%(n)d visit is booked there", "%(n)d visits are booked there", n) % {"n": n}


def _list_of(row: Resource) -> str:
    return "shops:technicians" if row.kind in PEOPLE else "shops:bays"


def _saved(request: HttpRequest, shop: Shop, row: Resource, page: str = "", *page_args: str) -> HttpResponse:
    messages.success(request, _("%(name)s is saved.") % {"name": row.name})
    return redirect(page or _list_of(row), shop.slug, *page_args)


def _technician(shop: Shop, public_id: str) -> Resource:
    return get_object_or_404(rows_of(shop, ResourceKind.TECHNICIAN), public_id=public_id)


def _profile(row: Resource) -> dict[str, object]:
    person = row.technician
    return {
        "title_zh": person.title_zh,
        "title_en": person.title_en,
        "works_since_year": person.works_since_year,
        "user": person.user.public_id if person.user else None,
    }


def _named_page(
    request: HttpRequest,
    shop: Shop,
    section: str,
    form: AdvisorForm | LoanerForm,
    row: Resource | None,
    save: Callable[[Mapping[str, Any]], Resource],
) -> HttpResponse:
    """A resource that has names and a position, and nothing else."""
    if request.method == "POST" and form.is_valid():
        return _saved(request, shop, save(form.cleaned_data))
    context = {"form": form, "resource": row, "is_person": section == "technicians"}
    status = 422 if form.errors else 200
    return settings_page(request, shop, section, "shops/settings_named.html", context, status=status)


def _technician_page(  # noqa: PLR0913  (two forms and a question)
    request: HttpRequest,
    shop: Shop,
    row: Resource | None,
    form: TechnicianForm,
    certificate_form: CertificateForm,
    *,
    asked: Question | None = None,
    status: int,
) -> HttpResponse:
    context = {"form": form, "resource": row, "certificate_form": certificate_form, "question": asked}
    return settings_page(request, shop, "technicians", "shops/settings_technician.html", context, status=status)
