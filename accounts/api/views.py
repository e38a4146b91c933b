"""Token sign-in: ask for a code, exchange it for a token, sign out."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import codes
from accounts.api import flows
from accounts.api.authentication import TokenAuthentication
from accounts.api.serializers import (
    CodeExchangeSerializer,
    CodeSentSerializer,
    PersonSerializer,
    SignInSerializer,
    TokenSerializer,
)
from accounts.contacts import parse_login
from core.api import refusals


def _django(request: Request) -> HttpRequest:
    return request._request  # allauth works on Django's own request, which DRF wraps


class CodeView(APIView):
    """Step one of signing in."""

    authentication_classes: list[Any] = []
    permission_classes = [AllowAny]

    @extend_schema(
        tags=["Sign-in"],
        operation_id="auth_code_create",
        summary="Send a code",
        description="Sends a six-digit code to a mobile number or an e-mail address. The answer is the same whether or "
        "not the contact has an account; an account is created when a new contact's code comes back.",
        request=SignInSerializer,
        responses={202: CodeSentSerializer, **refusals(400, 429)},
    )
    def post(self, request: Request) -> Response:
        asked = SignInSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        contact = parse_login(asked.validated_data["login"])
        http = _django(request)
        with flows.session_of(http):
            codes.send(http, contact=contact, at=timezone.now())
            http.session.save()
            flow = http.session.session_key
        lifetime = int(codes.LIFETIME.total_seconds())
        return Response(CodeSentSerializer({"flow": flow, "expires_in": lifetime}).data, status=202)


class TokenView(APIView):
    """Step two of signing in; signing out."""

    authentication_classes = [TokenAuthentication, SessionAuthentication]

    def get_authenticators(self) -> list[Any]:
        return [] if self.request and self.request.method == "POST" else super().get_authenticators()

    def get_permissions(self) -> list[Any]:
        return [AllowAny()] if self.request and self.request.method == "POST" else [IsAuthenticated()]

    @extend_schema(
        tags=["Sign-in"],
        operation_id="auth_token_create",
        summary="Exchange a code for a token",
        description="The token is good for 90 days. The answer 401 `second_factor_required` means: send the same "
        "`flow` again with the code of the authenticator app.",
        auth=[],
        request=CodeExchangeSerializer,
        responses={200: TokenSerializer, **refusals(400, 401, 403, 409, 429)},
    )
    def post(self, request: Request) -> Response:
        asked = CodeExchangeSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        http = _django(request)
        with flows.session_of(http, asked.validated_data["flow"]):
            token = flows.take_code(http, code=asked.validated_data["code"])
            person = PersonSerializer(http.user).data
        return Response({"token": token, "person": person})

    @extend_schema(
        tags=["Sign-in"],
        operation_id="auth_token_destroy",
        summary="Sign out",
        request=None,
        responses={204: OpenApiResponse(description="The token is no longer valid.")},
    )
    def delete(self, request: Request) -> Response:
        session: Any = request.auth or request.session  # a token's session, or the cookie's
        session.flush()
        return Response(status=204)
