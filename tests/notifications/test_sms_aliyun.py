"""The gateway of Alibaba Cloud: a stand-in checks what we sign, and answers with its errors."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from accounts.models import User
from notifications import delivering, kinds, telling
from notifications.channels.base import (
    AddressRefusedError,
    ChannelDownError,
    OutcomeUnknownError,
    RefusedError,
    TryLaterError,
)
from notifications.channels.gateways.aliyun import meaning, signed_headers
from notifications.channels.sms import SmsSender, parts
from notifications.choices import Channel, MessageStatus, Topic
from notifications.kinds import Kind
from notifications.models import Message

SECRET = "testing-secret"
OK = {"Code": "OK", "Message": "OK", "BizId": "9006197469364984^0", "RequestId": "F655A8D5"}


class _Dysms(BaseHTTPRequestHandler):
    """Believes nothing: works the signature out anew from the bytes that came."""

    asked: list[tuple[str, dict[str, str]]] = []
    answers: dict[str, Any] = {}

    def do_POST(self) -> None:
        action = self.headers["x-acs-action"]
        self.asked.append((action, dict(parse_qsl(urlsplit(self.path).query, strict_parsing=True))))
        answer = self.answers[action] if self._is_signed() else {"Code": "SignatureDoesNotMatch", "Message": "no"}
        if answer is None:
            self.close_connection = True
            return
        body = json.dumps(answer).encode()
        self.send_response(200 if answer.get("Code") == "OK" else 400)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _is_signed(self) -> bool:
        scheme, _, rest = self.headers["Authorization"].partition(" ")
        given = dict(part.split("=", 1) for part in rest.split(","))
        names = given["SignedHeaders"].split(";")
        wanted = {"host", *(name.lower() for name in self.headers if name.lower().startswith("x-acs-"))}
        lines = [f"{name}:{self.headers[name].strip()}" for name in names]
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        digest = hashlib.sha256(body).hexdigest()
        request = f"{self.command}\n{path}\n{query}\n" + "\n".join(lines) + f"\n\n{';'.join(names)}\n{digest}"
        to_sign = "ACS3-HMAC-SHA256\n" + hashlib.sha256(request.encode()).hexdigest()
        right = hmac.digest(SECRET.encode(), to_sign.encode(), "sha256").hex()
        return (
            scheme == "ACS3-HMAC-SHA256"
            and names == sorted(wanted)
            and query == "&".join(sorted(query.split("&")))
            and digest == self.headers["x-acs-content-sha256"]
            and given["Credential"] == "testing-id"
            and given["Signature"] == right
        )

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def dysms(settings: Any) -> Iterator[type[_Dysms]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Dysms)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    settings.SMS_GATEWAY = "notifications.channels.gateways.aliyun.AliyunGateway"
    settings.ALIYUN_SMS = {
        "access_key_id": "testing-id",
        "access_key_secret": SECRET,
        "sign_name": "车管家",
        "template": "SMS_100",
        "templates": {"code": "SMS_200:code"},
        "endpoint": f"http://127.0.0.1:{server.server_port}",
    }
    _Dysms.asked, _Dysms.answers = [], {"SendSms": OK}
    yield _Dysms
    server.shutdown()
    server.server_close()


def text(**more: Any) -> Message:
    body = "[车管家] 车已经好了 ~*+ a/b?c=d&e: https://x.example/v/1"
    return Message(**{"channel": "sms", "kind": "t", "recipient": "+8613800138001", "body": body, **more})


def test_the_signature_is_that_of_the_published_example() -> None:
    headers = signed_headers(
        host="ecs.cn-shanghai.aliyuncs.com",
        action="RunInstances",
        version="2014-05-26",
        query={"RegionId": "cn-shanghai", "ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"},
        key="YourAccessKeyId",
        secret="YourAccessKeySecret",
        at=datetime(2023, 10, 26, 10, 22, 32, tzinfo=UTC),
        nonce="3156853299f313e23d1673dc12e1703d",
    )
    signature = "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    assert headers["Authorization"].endswith(f",Signature={signature}")


def test_a_text_is_handed_over_signed_and_as_its_template_wants_it(dysms: type[_Dysms]) -> None:
    message = text()
    with SmsSender() as sender:
        receipt = sender.send(message)
    assert (receipt.reference, receipt.cost_li) == ("9006197469364984^0", 45)
    action, query = dysms.asked[0]
    values = json.loads(query.pop("TemplateParam"))
    assert values == {"content": "车已经好了 ~*+ a/b?c=d&e: https://x.example/v/1"}
    assert (action, query) == (
        "SendSms",
        {"PhoneNumbers": "13800138001", "SignName": "车管家", "TemplateCode": "SMS_100", "OutId": message.public_id},
    )


def test_a_code_goes_by_its_own_template_abroad_too(dysms: type[_Dysms]) -> None:
    with SmsSender() as sender:
        sender.send(text(kind="code", recipient="+85251234567", body="[车管家] 384019 是你的验证码"))
    query = dysms.asked[0][1]
    assert (query["PhoneNumbers"], query["TemplateCode"]) == ("85251234567", "SMS_200")
    assert json.loads(query["TemplateParam"]) == {"code": "384019"}


def test_a_wrong_secret_is_a_channel_that_is_down(dysms: type[_Dysms], settings: Any) -> None:
    settings.ALIYUN_SMS = settings.ALIYUN_SMS | {"access_key_secret": "another"}
    with pytest.raises(ChannelDownError, match="SignatureDoesNotMatch"), SmsSender() as sender:
        sender.send(text())


@pytest.mark.usefixtures("dysms")
@pytest.mark.parametrize(
    ("missing", "error"),
    [("access_key_id", ChannelDownError), ("sign_name", ChannelDownError), ("template", RefusedError)],
)
def test_what_is_not_configured_is_said(settings: Any, missing: str, error: type[Exception]) -> None:
    settings.ALIYUN_SMS = settings.ALIYUN_SMS | {missing: ""}
    with pytest.raises(error), SmsSender() as sender:
        sender.send(text())


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("isv.MOBILE_NUMBER_ILLEGAL", AddressRefusedError),
        ("isv.BUSINESS_LIMIT_CONTROL", TryLaterError),
        ("isp.SYSTEM_ERROR", TryLaterError),
        ("isv.AMOUNT_NOT_ENOUGH", ChannelDownError),
        ("InvalidAccessKeyId.NotFound", ChannelDownError),
        ("Throttling.User", ChannelDownError),
        ("isv.SMS_TEMPLATE_ILLEGAL", RefusedError),
        ("isv.PARAM_LENGTH_LIMIT", RefusedError),
        ("SomethingNew", TryLaterError),
    ],
)
def test_an_error_code_says_who_is_at_fault(code: str, error: type[Exception]) -> None:
    assert type(meaning(code, "x")) is error


def test_silence_after_the_request_is_an_outcome_nobody_knows(dysms: type[_Dysms]) -> None:
    dysms.answers["SendSms"] = None
    with pytest.raises(OutcomeUnknownError), SmsSender() as sender:
        sender.send(text())


@pytest.mark.parametrize(
    ("text", "recipient", "expected"),
    [
        ("车" * 70, "+8613800138001", 1),
        ("车" * 71, "+8613800138001", 2),
        ("a" * 135, "+8613800138001", 3),
        ("a" * 160, "+4915112345678", 1),
        ("a" * 161, "+4915112345678", 2),
        ("€" * 80, "+4915112345678", 1),
        ("€" * 81, "+4915112345678", 2),
        ("ы" * 70, "+4915112345678", 1),
        ("🚗" * 36, "+4915112345678", 2),
    ],
)
def test_a_text_is_paid_by_its_parts(text: str, recipient: str, expected: int) -> None:
    assert parts(text, recipient) == expected


# --- After silence the gateway is asked -------------------------------------------------------------

AT = datetime(2026, 11, 20, 16, 1, tzinfo=UTC)  # a minute past midnight in Shanghai
LATER = AT + delivering.LEASE + timedelta(seconds=1)


@pytest.fixture
def silent(dysms: type[_Dysms], db: None) -> type[_Dysms]:
    """A text told and handed over, and then nothing was heard."""
    kinds.register(Kind("contact_changed", Topic.ACCOUNT, "Test", again=False))
    owner = User.objects.create_user(phone="+8613800138001", phone_verified_at=AT, language="en")
    telling.tell(kind="contact_changed", key="k", to=owner, context={"old": "a", "new": "b"}, at=AT)
    dysms.answers["SendSms"] = None
    assert delivering.deliver(channel=Channel.SMS, clock=lambda: AT) == 0
    assert Message.objects.get().status == MessageStatus.HANDING
    dysms.answers["SendSms"] = OK
    return dysms


def details(*out_ids: str) -> dict[str, Any]:
    texts = [{"OutId": out_id, "SendStatus": 1, "PhoneNum": "13800138001"} for out_id in out_ids]
    return {"Code": "OK", "TotalCount": len(texts), "SmsSendDetailDTOs": {"SmsSendDetailDTO": texts}}


def test_a_text_that_the_gateway_had_is_sent_and_not_repeated(silent: type[_Dysms]) -> None:
    message = Message.objects.get()
    silent.answers["QuerySendDetails"] = details("another", message.public_id)
    assert delivering.deliver(channel=Channel.SMS, clock=lambda: LATER) == 0
    message.refresh_from_db()
    assert (message.status, message.cost_li) == (MessageStatus.SENT, 90)
    assert [action for action, _query in silent.asked] == ["SendSms", "QuerySendDetails"]
    assert silent.asked[1][1]["SendDate"] == "20261120"


def test_a_text_that_the_gateway_never_had_is_sent_again(silent: type[_Dysms]) -> None:
    silent.answers["QuerySendDetails"] = details()
    delivering.deliver(channel=Channel.SMS, clock=lambda: LATER)
    assert delivering.deliver(channel=Channel.SMS, clock=lambda: LATER + delivering.FIRST_PAUSE) == 1
    days = [query["SendDate"] for action, query in silent.asked if action == "QuerySendDetails"]
    assert days == ["20261120", "20261121"]


@pytest.mark.parametrize("answer", [None, {"Code": "isp.SYSTEM_ERROR"}])
def test_a_gateway_that_cannot_say_is_asked_again(silent: type[_Dysms], answer: Any) -> None:
    silent.answers["QuerySendDetails"] = answer
    assert delivering.deliver(channel=Channel.SMS, clock=lambda: LATER) == 0
    assert Message.objects.get().status == MessageStatus.HANDING
