"""Finding a car, and the owner's garage."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import User
from core.errors import Refusal
from vehicles import actions, finding, selection, vin
from vehicles.choices import PLUG_INS
from vehicles.forms import CarForm, ChoiceForm, NameForm, NewCarForm, OdometerForm, VinForm
from vehicles.models import Car, Variant
from vehicles.vin import VinError

READINGS_SHOWN = 12


@require_GET
def find(request: HttpRequest) -> HttpResponse:
    """Make → model → variant, by typing or by VIN; ends in choosing a variant and going to `?next=`."""
    name_form = NameForm(request.GET if "q" in request.GET else None)
    vin_form = VinForm(request.GET if "vin" in request.GET else None)
    make, model = request.GET.get("make", ""), request.GET.get("model", "")
    text = name_form.cleaned_data["q"] if name_form.is_valid() else ""
    findings = None
    if vin_form.is_valid():
        try:
            findings = finding.look_by_vin(
                vin_form.cleaned_data["vin"], this_year=timezone.now().year, make=make, model=model
            )
        except VinError as error:
            vin_form.add_error("vin", str(error.message))
    if vin_form.errors:  # the field stands below the makes: a phone is led to what is wrong
        vin_form.fields["vin"].widget.attrs["autofocus"] = True
    context = {
        "name_form": name_form,
        "vin_form": vin_form,
        "findings": findings or finding.look(make=make, model=model, text=text),
        "next": _next(request, default=""),
    }
    return render(request, "vehicles/car_find.html", context)


@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """Remember a variant (with the VIN and year it was found by) for this session and go on to `next`."""
    form = ChoiceForm(request.POST)
    form.full_clean()
    variant = get_object_or_404(Variant.objects.listed(), slug=form.cleaned_data.get("variant", ""))
    selection.remember_variant(request, variant)
    try:
        number = vin.validate(form.cleaned_data.get("vin", ""))
        years = vin.candidate_years(number, this_year=timezone.now().year)
        request.session[selection.DRAFT_KEY] = {"vin": number, "model_year": years[0] if years else None}
    except VinError:
        request.session.pop(selection.DRAFT_KEY, None)
    return HttpResponseRedirect(_next(request, default=reverse("vehicles:garage")))


@require_GET
def garage(request: HttpRequest) -> HttpResponse:
    """The cars of a signed-in owner; for a visitor the remembered one and an invitation to sign in."""
    own = Car.objects.visible_to(request.user) if request.user.is_authenticated else Car.objects.none()
    cars = own.with_names().select_related("record")
    context = {"cars": list(cars), "variant": selection.remembered_variant(request)}
    return render(request, "vehicles/car_list.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """Put the chosen variant into the garage as a car; without a chosen one, look for it first."""
    variant = selection.remembered_variant(request)
    if variant is None:
        return redirect(f"{reverse('vehicles:find')}?{urlencode({'next': reverse('vehicles:add')})}")
    form = NewCarForm(request.POST or None, initial=request.session.get(selection.DRAFT_KEY))
    if request.method == "POST" and form.is_valid():
        try:
            car = actions.add_car(
                owner=_person(request),
                variant=variant,
                details=form.details(),
                odometer_km=form.cleaned_data["odometer_km"],
                at=timezone.now(),
            )
        except Refusal as refusal:
            _show(refusal, form)
        else:
            selection.forget(request)
            selection.remember_car(request, car)
            messages.success(request, _("%(car)s is in your garage.") % {"car": variant.short_name})
            return HttpResponseRedirect(_next(request, default=reverse("vehicles:car_detail", args=[car.public_id])))
    context = {"form": form, "variant": variant, "next": _next(request, default="")}
    return render(request, "vehicles/car_form.html", context, status=422 if form.errors else 200)


@login_required
@require_GET
def car_detail(request: HttpRequest, public_id: str) -> HttpResponse:
    """Facts of a car, its readings, and what makes sense for it."""
    car = _own_car(request, public_id)
    return _car_page(request, car, OdometerForm(car=car))


@login_required
@require_POST
def odometer(request: HttpRequest, public_id: str) -> HttpResponse:
    """Enter an odometer reading."""
    car = _own_car(request, public_id)
    form = OdometerForm(request.POST, car=car)
    if form.is_valid():
        try:
            actions.record_readings(
                car=car,
                km=form.cleaned_data["odometer_km"],
                engine_km=form.cleaned_data.get("engine_km"),
                by=_person(request),
                at=timezone.now(),
                is_correction=form.cleaned_data["is_correction"],
            )
        except Refusal as refusal:
            form.refused(refusal)
        else:
            messages.success(request, _("The reading is saved."))
            return redirect("vehicles:car_detail", public_id=car.public_id)
    return _car_page(request, car, form, status=422)


@login_required
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, public_id: str) -> HttpResponse:
    """Correct what a car is. With `?chosen=1` the variant just chosen in the finder replaces the old one."""
    car = _own_car(request, public_id)
    chosen = selection.remembered_variant(request) if "chosen" in request.GET else None
    variant = chosen or car.variant
    form = CarForm(request.POST or None, initial=CarForm.initial_of(car))
    if request.method == "POST" and form.is_valid():
        try:
            actions.edit_car(car=car, variant=variant, details=form.details(), at=timezone.now())
        except Refusal as refusal:
            _show(refusal, form)
        else:
            selection.forget(request)
            selection.remember_car(request, car)
            messages.success(request, _("Your changes are saved."))
            return redirect("vehicles:car_detail", public_id=car.public_id)
    return render(
        request,
        "vehicles/car_form.html",
        {"form": form, "car": car, "variant": variant},
        status=422 if form.errors else 200,
    )


@login_required
@require_http_methods(["GET", "POST"])
def remove(request: HttpRequest, public_id: str) -> HttpResponse:
    """Ask, then take a car out of the garage. Its past visits stay."""
    car = _own_car(request, public_id)
    if request.method == "GET":
        return render(request, "vehicles/car_remove.html", {"car": car})
    actions.remove_car(car=car, at=timezone.now())
    selection.forget(request)
    messages.success(request, _("%(car)s is no longer in your garage.") % {"car": car.variant.short_name})
    return redirect("vehicles:garage")


def _own_car(request: HttpRequest, public_id: str) -> Car:
    cars = Car.objects.visible_to(_person(request)).with_names()
    return get_object_or_404(cars, public_id=public_id)


def _car_page(request: HttpRequest, car: Car, form: OdometerForm, *, status: int = 200) -> HttpResponse:
    readings = list(car.readings.order_by("-read_at", "-pk")[:READINGS_SHOWN])
    context = {
        "car": car,
        "car_query": f"car={car.public_id}",
        "variant": car.variant,
        "form": form,
        "readings": readings,
        "engine": car.engine_readings.first() if car.variant.powertrain in PLUG_INS else None,
        "vin": vin.masked(car.vin),
    }
    return render(request, "vehicles/car_detail.html", context, status=status)


def _show(refusal: Refusal, form: Form) -> None:
    """Put a refusal beside the field at fault, or on top of the form if none is named."""
    form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal.message))


def _next(request: HttpRequest, *, default: str) -> str:
    """Where to go afterwards, if it is an address of this site."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}, require_https=False)
    return target if is_ours else default


def _person(request: HttpRequest) -> User:
    """Who is signed in; the endpoint lets nobody else in."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user
