"""Bays, mobile units, technicians, certificates."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from shops.access import get_staff_shop
from shops.actions import resources as actions
from shops.actions.settings import VisitsInTheWayError
from shops.choices import Permission, ResourceKind
from shops.forms.resources import BayForm, CertificateForm, TechnicianForm
from shops.models import Certificate, Resource, Shop
from shops.planned import PlannedVisit
from shops.querysets import ResourceQuerySet
from shops.views.pages import member, settings_page


def _bays(shop: Shop) -> ResourceQuerySet:
    rows = Resource.objects.filter(shop=shop).exclude(kind=ResourceKind.TECHNICIAN)
    return rows.order_by("-is_active", "position", "pk")


def _technicians(shop: Shop) -> ResourceQuerySet:
    rows = Resource.objects.filter(shop=shop, kind=ResourceKind.TECHNICIAN).select_related("shop__city")
    return (
        rows.select_related("technician__user")
        .prefetch_related("technician__certificates")
        .order_by("-is_active", "position", "pk")
    )


@require_safe
def bays(request: HttpRequest, slug: str) -> HttpResponse:
    """Bays and mobile units, those in use first."""
    shop = get_staff_shop(request, slug, Permission.SETTINGS)
    return settings_page(request, shop, "bays", "shops/settings_bays.html", {"bays": _bays(shop)})


@require_http_methods(["GET", "POST"])
def bay(request: HttpRequest, slug: str, public_id: str = "") -> HttpResponse:
    """A new bay or mobile unit, or an existing one."""
    shop = get_staff_shop(request, slug, Permission.SETTINGS)
    row = get_object_or_404(_bays(shop), public_id=public_id) if public_id else None
    form = BayForm(request.POST or None, instance=row, shop=shop)
    if request.method == "POST" and form.is_valid():
        saved = actions.save_bay(shop=shop, by=member(request), at=timezone.now(), values=form.cleaned_data, bay=row)
        messages.success(request, _("%(name)s is saved.") % {"name": saved.name})
        return redirect("shops:bays", shop.slug)
    context = {"form": form, "resource": row}
    status = 422 if form.errors else 200
    return settings_page(request, shop, "bays", "shops/settings_bay.html", context, status=status)


@require_safe
def technicians(request: HttpRequest, slug: str) -> HttpResponse:
    """Technicians, those in use first."""
    shop = get_staff_shop(request, slug, Permission.SETTINGS)
    context = {"technicians": _technicians(shop), "today": timezone.now().astimezone(shop.zone).date()}
    return settings_page(request, shop, "technicians", "shops/settings_technicians.html", context)


@require_http_methods(["GET", "POST"])
def technician(request: HttpRequest, slug: str, public_id: str = "") -> HttpResponse:
    """A new technician, or an existing one with their certificates."""
    shop = get_staff_shop(request, slug, Permission.SETTINGS)
    row = get_object_or_404(_technicians(shop), public_id=public_id) if public_id else None
    at = timezone.now()
    form = TechnicianForm(
        request.POST or None, instance=row, shop=shop, this_year=at.year, initial=_profile(row) if row else None
    )
    if request.method == "POST" and form.is_valid():
        saved = actions.save_technician(shop=shop, by=member(request), at=at, values=form.cleaned_data, person=row)
        messages.success(request, _("%(name)s is saved.") % {"name": saved.name})
        return redirect("shops:technician", shop.slug, saved.public_id)
    return _technician_page(request, shop, row, form, CertificateForm(), status=422 if form.errors else 200)


@require_POST
def add_certificate(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """Enter a certificate; the platform checks it before owners see it."""
    shop = get_staff_shop(request, slug, Permission.SETTINGS)
    row = get_object_or_404(_technicians(shop), public_id=public_id)
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
    """Take a bay or technician out of use; visits in the way are listed and asked about."""
    shop = get_staff_shop(request, slug, Permission.SETTINGS)
    row = get_object_or_404(Resource.objects.select_related("shop__city"), shop=shop, public_id=public_id)
    try:
        actions.retire(
            resource=row, by=member(request), at=timezone.now(), despite_visits="despite_visits" in request.POST
        )
    except VisitsInTheWayError as refusal:
        return _ask_about(request, shop, row, refusal.visits)
    messages.success(request, _("%(name)s is out of use.") % {"name": row.name})
    return redirect(_list_of(row), shop.slug)


@require_POST
def restore(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """Put a retired bay or technician to use again."""
    shop = get_staff_shop(request, slug, Permission.SETTINGS)
    row = get_object_or_404(Resource.objects.select_related("shop__city"), shop=shop, public_id=public_id)
    actions.restore(resource=row, by=member(request), at=timezone.now())
    messages.success(request, _("%(name)s is in use again.") % {"name": row.name})
    return redirect(_list_of(row), shop.slug)


def _ask_about(request: HttpRequest, shop: Shop, row: Resource, visits: list[PlannedVisit]) -> HttpResponse:
    section = _list_of(row).removeprefix("shops:")
    context = {"resource": row, "visits": visits}
    return settings_page(request, shop, section, "shops/settings_retire.html", context, status=409)


def _list_of(row: Resource) -> str:
    return "shops:technicians" if row.kind == ResourceKind.TECHNICIAN else "shops:bays"


def _profile(row: Resource) -> dict[str, object]:
    person = row.technician
    return {
        "title_zh": person.title_zh,
        "title_en": person.title_en,
        "works_since_year": person.works_since_year,
        "user": person.user.public_id if person.user else None,
    }


def _technician_page(
    request: HttpRequest,
    shop: Shop,
    row: Resource | None,
    form: TechnicianForm,
    certificate_form: CertificateForm,
    *,
    status: int,
) -> HttpResponse:
    context = {"form": form, "resource": row, "certificate_form": certificate_form}
    return settings_page(request, shop, "technicians", "shops/settings_technician.html", context, status=status)
