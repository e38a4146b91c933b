"""Alibaba Cloud SMS (Dysmsapi 2017-05-25), requests signed by version 3 of its signature.

It sends approved templates only. ALIYUN_SMS_TEMPLATE is the general one, with a single variable `content`;
ALIYUN_SMS_TEMPLATES names others by kind, "code=SMS_1:code": the variable `code` gets the six digits alone, as
templates for codes want it. The signature (【…】) is put in front by the gateway, so ours goes.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

import requests
from django.conf import settings
from django.utils import timezone

from notifications.channels import calling
from notifications.channels.base import (
    AddressRefusedError,
    ChannelDownError,
    OutcomeUnknownError,
    RefusedError,
    TryLaterError,
)
from notifications.models import Message

VERSION = "2017-05-25"
_SHANGHAI = ZoneInfo("Asia/Shanghai")
_SIGNATURE = re.compile(r"^\[[^\]]+\]\s*")
_CODE = re.compile(r"(?<!\d)\d{6}(?!\d)")

# Error codes by what is at fault (the API's list of error codes). What is not here and starts with "isv." is the
# message's own; anything else passes.
_ADDRESS = {"isv.MOBILE_NUMBER_ILLEGAL"}
_FOR_NOW = {"isv.BUSINESS_LIMIT_CONTROL", "isp.SYSTEM_ERROR", "isp.GATEWAY_ERROR", "SignatureNonceUsed"}
_EVERYBODY = {
    "isv.AMOUNT_NOT_ENOUGH",
    "isv.OUT_OF_SERVICE",
    "isv.PRODUCT_UN_SUBSCRIPT",
    "isv.PRODUCT_UNSUBSCRIBE",
    "isv.ACCOUNT_NOT_EXISTS",
    "isv.ACCOUNT_ABNORMAL",
    "isv.SECURITY_FROZEN_ACCOUNT",
    "isv.DAY_LIMIT_CONTROL",
    "isv.MONTH_LIMIT_CONTROL",
    "isv.SMS_SIGNATURE_ILLEGAL",
    "isv.SMS_SIGN_ILLEGAL",
    "isv.SMS_SIGNATURE_SCENE_ILLEGAL",
    "isp.RAM_PERMISSION_DENY",
    "SignatureDoesNotMatch",
    "IncompleteSignature",
    "NoPermission",
    "ServiceUnavailable",
}
_EVERYBODY_PREFIXES = ("InvalidAccessKeyId", "InvalidTimeStamp", "Forbidden", "Throttling", "InvalidSecurityToken")


class AliyunGateway:
    """One connection for many texts (ALIYUN_SMS)."""

    def __init__(self) -> None:
        self.session = requests.Session()
        self.options = settings.ALIYUN_SMS

    def send(self, message: Message) -> str:
        """Hand one text over; its number is the BizId. See `gateways.base`."""
        template, values = self._template(message)
        answer = self._call(
            "SendSms",
            {
                "PhoneNumbers": _number(message.recipient),
                "SignName": self.options["sign_name"],
                "TemplateCode": template,
                "TemplateParam": json.dumps(values, ensure_ascii=False),
                "OutId": message.public_id,
            },
        )
        if (code := str(answer.get("Code"))) != "OK":
            raise meaning(code, str(answer.get("Message", "")))
        return str(answer.get("BizId", ""))

    def ask(self, message: Message) -> str | None:
        """Look for the text among those of its number on the day of the attempt, and the day before around midnight.

        A text that was taken is in the list within a minute; we ask after the sender's lease.
        """
        last = (message.claimed_until or timezone.now()).astimezone(_SHANGHAI)
        for day in sorted({(last - timedelta(hours=1)).date(), last.date()}):
            query = {"PhoneNumber": _number(message.recipient), "SendDate": f"{day:%Y%m%d}"}
            try:
                answer = self._call("QuerySendDetails", query | {"PageSize": "50", "CurrentPage": "1"})
            except OutcomeUnknownError as error:  # of the question: it is asked again
                raise ChannelDownError(str(error)) from error
            if (code := str(answer.get("Code"))) != "OK":
                raise ChannelDownError(code)
            found = answer.get("SmsSendDetailDTOs") or {}
            if any(text.get("OutId") == message.public_id for text in found.get("SmsSendDetailDTO") or []):
                return message.public_id
        return None

    def close(self) -> None:
        self.session.close()

    def _template(self, message: Message) -> tuple[str, dict[str, str]]:
        named = self.options["templates"].get(message.kind) or self.options["template"]
        template, _colon, variable = named.partition(":")
        text = _SIGNATURE.sub("", message.body)
        if not template:
            raise RefusedError(f"No template for {message.kind}: set ALIYUN_SMS_TEMPLATE.")
        if variable == "code":
            found = _CODE.search(text)
            if found is None:
                raise RefusedError(f"No code in {message.kind}.")
            return template, {"code": found.group()}
        return template, {variable or "content": text}

    def _call(self, action: str, query: Mapping[str, str]) -> dict[str, Any]:
        key, secret = self.options["access_key_id"], self.options["access_key_secret"]
        if not (key and secret and self.options["sign_name"]):
            raise ChannelDownError("Set ALIYUN_ACCESS_KEY_ID, ALIYUN_ACCESS_KEY_SECRET and ALIYUN_SMS_SIGN_NAME.")
        endpoint = self.options["endpoint"].rstrip("/")
        headers = signed_headers(
            host=urlsplit(endpoint).netloc,
            action=action,
            version=VERSION,
            query=query,
            key=key,
            secret=secret,
            at=timezone.now(),
            nonce=secrets.token_hex(16),
        )
        answer = calling.post(self.session, f"{endpoint}/?{canonical_query(query)}", headers=headers)
        try:
            said = answer.json()
        except requests.JSONDecodeError:
            said = None
        if not isinstance(said, dict) or "Code" not in said:
            raise TryLaterError(f"{answer.status_code} {answer.reason}")
        return said


def meaning(code: str, said: str) -> Exception:
    """The error of `channels.base` that an error code amounts to."""
    text = f"{code} {said}"[:300]
    if code in _ADDRESS:
        return AddressRefusedError(text)
    if code in _EVERYBODY or code.startswith(_EVERYBODY_PREFIXES):
        return ChannelDownError(text)
    if code.startswith("isv.") and code not in _FOR_NOW:
        return RefusedError(text)
    return TryLaterError(text)


def signed_headers(  # noqa: PLR0913  (all that is signed)
    *,
    host: str,
    action: str,
    version: str,
    query: Mapping[str, str],
    key: str,
    secret: str,
    at: datetime,
    nonce: str,
) -> dict[str, str]:
    """Headers of a POST to "/" without a body, signed (ACS3-HMAC-SHA256); `at` is UTC."""
    empty = hashlib.sha256(b"").hexdigest()
    headers = {
        "host": host,
        "x-acs-action": action,
        "x-acs-content-sha256": empty,
        "x-acs-date": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "x-acs-signature-nonce": nonce,
        "x-acs-version": version,
    }
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    request = "\n".join(["POST", "/", canonical_query(query), lines, names, empty])
    to_sign = f"ACS3-HMAC-SHA256\n{hashlib.sha256(request.encode()).hexdigest()}"
    signature = hmac.new(secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    return headers | {"Authorization": f"ACS3-HMAC-SHA256 Credential={key},SignedHeaders={names},Signature={signature}"}


def canonical_query(query: Mapping[str, str]) -> str:
    """Sorted by name, everything but letters, digits and "-_.~" as percent signs."""
    return "&".join(f"{quote(name, safe='~')}={quote(query[name], safe='~')}" for name in sorted(query))


def _number(recipient: str) -> str:
    """A Chinese number without its country, others with it."""
    return recipient.removeprefix("+86").removeprefix("+")
