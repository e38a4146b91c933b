"""The person's own page: name, language, appearance, contacts, security, data."""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django.views.i18n import LANGUAGE_QUERY_PARAMETER
from django.views.i18n import set_language as django_set_language

from accounts import actions, codes
from accounts.choices import CodePurpose, ContactKind, Theme
from accounts.contacts import Contact, person_owns_contact
from accounts.forms import ContactForm, NameForm, ThemeForm
from accounts.middleware import THEME_COOKIE
from accounts.models import User
from accounts.views import local_url, next_url
from core.errors import Refusal

COOKIE_AGE = 60 * 60 * 24 * 365


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def me(request: HttpRequest) -> HttpResponse:
    """Shows the account; a POST saves the name."""
    user = _person(request)
    form = NameForm(request.POST or None, initial={"name": user.name})
    if request.method == "POST" and form.is_valid():
        actions.save_name(user=user, name=form.cleaned_data["name"])
        messages.success(request, _("Saved."))
        return redirect("accounts:me")
    return _me_page(request, name_form=form, status=400 if form.errors else 200)


@login_required
@never_cache
@require_POST
def add_contact(request: HttpRequest) -> HttpResponse:
    """Send a code to a new e-mail address or number; the code page saves it once it is proven."""
    form = ContactForm(request.POST)
    if not form.is_valid():
        return _me_page(request, contact_form=form, status=400)
    contact = form.cleaned_data["login"]
    try:
        codes.send(request, contact=contact, at=timezone.now(), purpose=CodePurpose.ADD_CONTACT)
    except Refusal as refusal:
        form.add_error("login", str(refusal.message))
        return _me_page(request, contact_form=form, status=refusal.status)
    return redirect("accounts:code")


@login_required
@require_POST
def remove_contact(request: HttpRequest) -> HttpResponse:
    """Remove the e-mail address or the number (`kind`), as long as another proven contact remains."""
    kind = request.POST.get("kind", "")
    if kind not in ContactKind.values:
        return redirect("accounts:me")
    try:
        actions.remove_contact(user=_person(request), kind=kind)
    except Refusal as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("Removed."))
    return redirect("accounts:me")


@login_required
@never_cache
@require_GET
def export_data(request: HttpRequest) -> HttpResponse:
    """Everything the platform knows of the person, as a JSON file."""
    data = actions.export(user=_person(request), at=timezone.now())
    response = JsonResponse(data, json_dumps_params={"ensure_ascii": False, "indent": 2})
    response["Content-Disposition"] = 'attachment; filename="carkeeper-my-data.json"'
    return response


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def delete_account(request: HttpRequest) -> HttpResponse:
    """Explains what goes and what stays; a POST with the box ticked erases and signs out."""
    refused = ""
    if request.method == "POST" and request.POST.get("understood"):
        try:
            actions.erase(user=_person(request), at=timezone.now())
        except Refusal as refusal:
            refused = str(refusal.message)
        else:
            get_adapter(request).logout(request)
            messages.success(request, _("Your account is deleted."))
            return redirect("home")
    elif request.method == "POST":
        refused = _("Tick the box to confirm that this cannot be undone.")
    return render(request, "accounts/delete.html", {"refused": refused}, status=400 if refused else 200)


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Remember light, dark or the device's choice: in a cookie, and on the account if signed in."""
    form = ThemeForm(request.POST)
    if not form.is_valid():
        return HttpResponse(_("Choose light, dark or like my device."), status=400)
    chosen = form.cleaned_data["theme"]
    if request.user.is_authenticated:
        actions.save_theme(user=request.user, theme=chosen)
    quiet = bool(getattr(request, "htmx", False)) or request.headers.get("Sec-Fetch-Mode") == "cors"
    response = HttpResponse(status=204) if quiet else redirect(_back(request))
    response.set_cookie(THEME_COOKIE, chosen, max_age=COOKIE_AGE, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE)
    return response


def set_language(request: HttpRequest) -> HttpResponseBase:
    """Django's language switch (cookie and way back), which also remembers the choice on the account."""
    language = request.POST.get(LANGUAGE_QUERY_PARAMETER, "")
    if request.method == "POST" and request.user.is_authenticated and language in dict(settings.LANGUAGES):
        actions.save_language(user=request.user, language=language)
    return django_set_language(request)


def _back(request: HttpRequest) -> str:
    referer = request.headers.get("Referer", "")
    host = f"{request.scheme}://{request.get_host()}"
    return next_url(request) or local_url(request, referer.removeprefix(host)) or "/"


def _person(request: HttpRequest) -> User:
    assert request.user.is_authenticated  # login_required saw to it  # noqa: S101
    return request.user


def _me_page(
    request: HttpRequest,
    *,
    name_form: NameForm | None = None,
    contact_form: ContactForm | None = None,
    status: int = 200,
) -> HttpResponse:
    user = _person(request)
    context = {
        "name_form": name_form or NameForm(initial={"name": user.name}),
        "contact_form": contact_form or ContactForm(),
        "email": user.email,
        "email_is_proven": person_owns_contact(user, email=user.email or ""),
        "phone": Contact(ContactKind.PHONE, user.phone).shown if user.phone else "",
        "phone_is_proven": user.phone_verified_at is not None,
        "has_mfa": is_mfa_enabled(user),
        "has_password": user.has_usable_password(),
        "themes": Theme.choices,
        "languages": settings.LANGUAGES,
    }
    return render(request, "accounts/me.html", context, status=status)
