"""The second step of signing in."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from allauth.mfa.stages import AuthenticateStage
from django.contrib.auth import REDIRECT_FIELD_NAME


class SecondFactorStage(AuthenticateStage):  # type: ignore[misc]
    """allauth's, but where the person goes on to is carried by the address of the page, not kept with the sign-in in
    the session: some addresses open something, and sessions are rows that stay for months."""

    def handle(self) -> tuple[Any, bool]:
        """The answer that asks for the second factor, if the person has one; and whether the sign-in goes on."""
        response, goes_on = super().handle()
        if response is not None and self.login.redirect_url:
            response["Location"] += "?" + urlencode({REDIRECT_FIELD_NAME: self.login.redirect_url})
            self.login.redirect_url = None
        return response, goes_on
