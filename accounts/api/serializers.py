"""Shapes of the token sign-in."""

from typing import Any

from rest_framework import serializers

from accounts.api.authentication import MAX_TOKEN
from accounts.codes import LIFETIME
from accounts.contacts import MAX_LENGTH


class SignInSerializer(serializers.Serializer[Any]):
    login = serializers.CharField(
        max_length=MAX_LENGTH, help_text="A mobile number (`138 0013 8001`, `+44 7400 123456`) or an e-mail address."
    )


class CodeSentSerializer(serializers.Serializer[Any]):
    flow = serializers.CharField(max_length=MAX_TOKEN, help_text="Names this sign-in; send it back with the code.")
    expires_in = serializers.IntegerField(
        help_text=f"Seconds for which the code is good ({int(LIFETIME.total_seconds())})."
    )


class CodeExchangeSerializer(serializers.Serializer[Any]):
    flow = serializers.CharField(max_length=MAX_TOKEN, help_text="From `POST /api/v1/auth/code/`.")
    code = serializers.CharField(
        max_length=20,
        help_text="The six digits that were sent; after the answer `second_factor_required`, the code of the "
        "authenticator app or a recovery code.",
    )


class PersonSerializer(serializers.Serializer[Any]):
    id = serializers.CharField(source="public_id", help_text="The person's public id.")
    name = serializers.CharField(allow_blank=True)
    email = serializers.EmailField(allow_null=True)
    phone = serializers.CharField(allow_null=True, help_text="E.164")


class TokenSerializer(serializers.Serializer[Any]):
    token = serializers.CharField(
        help_text="Send it as `Authorization: Bearer <token>` (or `X-Session-Token: <token>`)."
    )
    person = PersonSerializer()
