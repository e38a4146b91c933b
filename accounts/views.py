"""Signing in: one field, one code, and on to where the person wanted to go."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from allauth.account.views import LoginView
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.generic import View

from accounts import actions, codes
from accounts.choices import CodePurpose
from accounts.forms import CodeForm, ContactForm
from core.errors import Refusal

NEXT = "next"
MAX_NEXT = 2000


def local_url(request: HttpRequest, url: str) -> str:
    """`url` if it is an address on this site, else an empty string."""
    if len(url) > MAX_NEXT or not url.startswith("/"):
        return ""
    return url if url_has_allowed_host_and_scheme(url, allowed_hosts={request.get_host()}) else ""


def next_url(request: HttpRequest) -> str:
    """Where the person wants to go after this, from the form or the address; empty if nowhere on this site."""
    return local_url(request, request.POST.get(NEXT) or request.GET.get(NEXT) or "")


@method_decorator(never_cache, name="dispatch")
class ContinueView(View):
    """Asks for a mobile number or an e-mail address and sends a code there. Sign-in and sign-up are the same."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if request.user.is_authenticated:
            return redirect(next_url(request) or "home")
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(request, ContactForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = ContactForm(request.POST)
        if not form.is_valid():
            return self._page(request, form, status=400)
        try:
            codes.send(request, contact=form.cleaned_data["login"], at=timezone.now())
        except Refusal as refusal:
            form.add_error("login", str(refusal.message))
            return self._page(request, form, status=refusal.status)
        return redirect(codes.page(next_url(request)))

    @staticmethod
    def _page(request: HttpRequest, form: ContactForm, status: int = 200) -> HttpResponse:
        return render(request, "accounts/continue.html", {"form": form, "next": next_url(request)}, status=status)


@method_decorator(never_cache, name="dispatch")
class CodeView(View):
    """Takes the code. Right: signed in, or the new contact is saved. `action=resend` sends another one."""

    pending: codes.PendingCode

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        pending = codes.pending(request, at=timezone.now())
        signed_in = request.user.is_authenticated
        if pending is None or signed_in != (pending.purpose == CodePurpose.ADD_CONTACT):
            return redirect("accounts:me" if signed_in else "accounts:continue")
        self.pending = pending
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(request, CodeForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        if request.POST.get("action") == "resend":
            return self._resend(request)
        form = CodeForm(request.POST)
        if not form.is_valid():
            return self._page(request, form, status=400)
        try:
            proven = codes.check(request, code=form.cleaned_data["code"], at=timezone.now())
            return self._proceed(request, proven)
        except Refusal as refusal:
            form.add_error("code", str(refusal.message))
            return self._page(request, form, status=refusal.status)

    def _proceed(self, request: HttpRequest, proven: codes.PendingCode) -> HttpResponse:
        if proven.purpose == CodePurpose.ADD_CONTACT:
            return save_contact(request, proven)
        return sign_in(request, proven, then=next_url(request))

    def _resend(self, request: HttpRequest) -> HttpResponse:
        waiting = self.pending.wait_seconds(at=timezone.now())
        try:
            codes.send(
                request,
                contact=self.pending.contact,
                at=timezone.now(),
                purpose=self.pending.purpose,
            )
        except Refusal as refusal:
            messages.error(request, str(refusal.message))
        else:
            said = _("Please wait %(seconds)d seconds before asking for another code.") % {"seconds": waiting}
            messages.info(request, said if waiting else _("A new code is on its way."))
        return redirect(codes.page(next_url(request)))

    def _page(self, request: HttpRequest, form: CodeForm, status: int = 200) -> HttpResponse:
        context = {
            "form": form,
            "pending": self.pending,
            "next": next_url(request),
            "wait_seconds": self.pending.wait_seconds(at=timezone.now()),
            "is_sign_in": self.pending.purpose == CodePurpose.SIGN_IN,
        }
        return render(request, "accounts/code.html", context, status=status)


def sign_in(request: HttpRequest, proven: codes.PendingCode, *, then: str = "") -> HttpResponse:
    """Sign in the person who proved a contact, through allauth's stages (second factor, closed accounts), and go on to
    `then`, an address on this site.

    What the anonymous session held (a visitor's hold) stays in the session.
    """
    user, created = actions.sign_up_or_in(
        contact=proven.contact,
        at=timezone.now(),
        language=get_language() or "",
        theme=getattr(request, "theme", ""),
    )
    record_authentication(request, user, method="code", **{proven.kind: proven.value})
    response: HttpResponse = perform_login(request, user, redirect_url=then or reverse("home"), signup=created)
    return response


def save_contact(request: HttpRequest, proven: codes.PendingCode) -> HttpResponse:
    """Give the signed-in person the contact they proved; the one it replaces is told."""
    from allauth.account.adapter import get_adapter

    assert request.user.is_authenticated  # CodeView saw to it  # noqa: S101
    old = actions.set_contact(user=request.user, contact=proven.contact, at=timezone.now())
    if old is not None:
        get_adapter(request).send_contact_changed(old=old, new=proven.contact)
    messages.success(request, _("%(contact)s is confirmed.") % {"contact": proven.contact.shown})
    return HttpResponseRedirect(reverse("accounts:me"))


class PasswordLoginView(LoginView):  # type: ignore[misc]
    """For people who set a password; everybody else signs in by code."""

    template_name = "accounts/password_login.html"
