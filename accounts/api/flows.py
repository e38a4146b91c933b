"""The browser's sign-in on a session of its own, named by a token instead of a cookie."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from allauth.account.internal.stagekit import get_pending_stage
from allauth.headless.constants import Client
from allauth.headless.internal import sessionkit
from allauth.headless.internal.authkit import purge_request_user_cache
from allauth.headless.internal.decorators import mark_request_as_headless
from allauth.mfa.base.forms import AuthenticateForm
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import codes, views
from core.errors import InvalidInput, Refusal


class SecondFactorRequired(Refusal):
    """The code was right; the person has set up a second factor."""

    code = "second_factor_required"
    status = 401
    message = _("Enter the code of your authenticator app.")


class ClosedAccountError(Refusal):
    code = "account_closed"
    status = 403
    message = _("This account is closed.")


@contextmanager
def session_of(request: HttpRequest, key: str = "") -> Iterator[None]:
    """Work on the session named `key` (a new one if empty) instead of the cookie's; saved afterwards.

    Raises codes.NoCodeError if there is no such session.
    """
    before = request.session
    session = sessionkit.lookup_session(key) if key else sessionkit.new_session()
    if session is None:
        raise codes.NoCodeError
    request.session = session
    mark_request_as_headless(request, Client.APP)
    purge_request_user_cache(request)
    vars(request)["allauth"].headless._pre_user = request.user  # allauth compares it with who signs in
    try:
        yield
    finally:
        if request.session.modified and not request.session.is_empty():
            request.session.save()
        request.session = before
        purge_request_user_cache(request)
        request.META["CSRF_COOKIE_NEEDS_UPDATE"] = False


def take_code(request: HttpRequest, *, code: str) -> str:
    """Inside `session_of`: take the code that this sign-in waits for and return the token of the signed-in session.

    Raises SecondFactorRequired, ClosedAccountError, and what `codes.check` raises.
    """
    stage = get_pending_stage(request)
    if stage is not None:
        form = AuthenticateForm(data={"code": code}, user=stage.login.user)
        if not form.is_valid():
            raise InvalidInput(form.errors["code"][0], field="code")
        form.save()
        stage.exit()
    else:
        views.sign_in(request, codes.check(request, code=code, at=timezone.now()))
    if not request.user.is_authenticated:
        raise SecondFactorRequired if get_pending_stage(request) else ClosedAccountError
    request.session.save()
    return str(request.session.session_key)
