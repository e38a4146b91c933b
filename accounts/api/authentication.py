"""Token sign-in of the API: allauth's session token, in either of two headers."""

from __future__ import annotations

from typing import Any

from allauth.headless.contrib.rest_framework.authentication import XSessionTokenAuthentication
from django.http import HttpRequest
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.exceptions import AuthenticationFailed

BEARER = "Bearer "
MAX_TOKEN = 64


class TokenAuthentication(XSessionTokenAuthentication):  # type: ignore[misc]
    """`Authorization: Bearer <token>` or `X-Session-Token: <token>`, from POST /api/v1/auth/token/.

    A token that is unknown or signed out is refused (401), not taken for an anonymous request.
    """

    def authenticate(self, request: HttpRequest) -> tuple[Any, Any] | None:
        token = self.get_session_token(request)
        if token is None:
            return None
        found: tuple[Any, Any] | None = None
        if "\x00" not in token and len(token) <= MAX_TOKEN:
            found = super().authenticate(request)
        if found is None:
            raise AuthenticationFailed
        return found

    def get_session_token(self, request: HttpRequest) -> str | None:
        bearer = request.headers.get("Authorization", "")
        if bearer.startswith(BEARER):
            return bearer.removeprefix(BEARER).strip()
        return request.headers.get("X-Session-Token")

    def authenticate_header(self, request: HttpRequest) -> str:  # noqa: ARG002
        return "Bearer"


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The two headers in the OpenAPI document."""

    target_class = "accounts.api.authentication.TokenAuthentication"
    name = ["bearerToken", "sessionToken"]

    def get_security_requirement(self, auto_schema: Any) -> list[dict[str, list[Any]]]:  # noqa: ARG002
        return [{"bearerToken": []}, {"sessionToken": []}]  # either, not both

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, Any]]:  # noqa: ARG002
        how = "The token from `POST /api/v1/auth/token/`."
        return [
            {"type": "http", "scheme": "bearer", "description": how},
            {"type": "apiKey", "in": "header", "name": "X-Session-Token", "description": how},
        ]
