"""WeChat Pay's bills of a day: CSV with a backtick before every value, a summary at the end."""

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from typing import Any

from payments.providers import amounts
from payments.providers.base import BillRow, ProviderUnavailableError, Subject
from payments.providers.payloads import china_instant, understood

_TRADE_COLUMNS = (
    "交易时间",
    "微信订单号",
    "商户订单号",
    "交易状态",
    "货币种类",
    "微信退款单号",
    "商户退款单号",
    "手续费",
    "订单金额",
    "申请退款金额",
)
_SHARE_COLUMNS = ("分账时间", "微信分账/回退单号", "商户分账/回退单号", "分账金额", "业务类型")
# Fees are written with five decimals; we are charged whole fen.
_FEE_PADDING = 3


def check(content: bytes, answer: Mapping[str, Any]) -> None:
    """Raise ProviderUnavailableError unless the bill has the checksum that WeChat gave for it."""
    # SHA-1 is what WeChat offers; the answer that names the sum is itself signed.
    found = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    if answer.get("hash_type") != "SHA1" or not hmac.compare_digest(found, str(answer.get("hash_value")).lower()):
        raise ProviderUnavailableError("wechat bill: the checksum is wrong")


def trades(content: bytes | None) -> Iterator[BillRow]:
    """Payments, refunds and their fees. None: nothing happened."""
    for row in _rows(content, _TRADE_COLUMNS):
        with understood("wechat bill"):
            yield from _trade(row)


def _trade(row: Mapping[str, str]) -> Iterator[BillRow]:
    is_refund = row["交易状态"] == "REFUND"
    if not is_refund and row["交易状态"] != "SUCCESS":
        raise ValueError(f"a trade in the state {row['交易状态'][:20]}")
    at, currency = china_instant(row["交易时间"]), row["货币种类"]
    if is_refund:
        subject, number, ref = Subject.REFUND, row["商户退款单号"], row["微信退款单号"]
        amount = -amounts.from_text(row["申请退款金额"])
    else:
        subject, number, ref = Subject.PAYMENT, row["商户订单号"], row["微信订单号"]
        amount = amounts.from_text(row["订单金额"])
    yield BillRow(subject, number, ref, amount, currency, at)
    # A fee is positive for a payment and negative where a refund gives it back: seen from WeChat.
    fee = -amounts.from_text(row["手续费"], signed=True, padding=_FEE_PADDING)
    if fee:
        yield BillRow(Subject.FEE, number, ref, fee, currency, at)


def shares(content: bytes | None) -> Iterator[BillRow]:
    """Splits (out) and splits that were taken back (in)."""
    for row in _rows(content, _SHARE_COLUMNS):
        with understood("wechat bill"):
            sign = 1 if "回退" in row["业务类型"] else -1
            amount = sign * amounts.from_text(row["分账金额"])
            at = china_instant(row["分账时间"])
            yield BillRow(Subject.PAYOUT, row["商户分账/回退单号"], row["微信分账/回退单号"], amount, "CNY", at)


def _rows(content: bytes | None, columns: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """Rows by the names of their columns, up to the summary. Raises ProviderUnavailableError."""
    if content is None:
        return
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise ProviderUnavailableError("wechat bill: cannot be read") from None
    names = [name.strip() for name in lines[0].split(",")] if lines else []
    if not set(columns) <= set(names):
        raise ProviderUnavailableError("wechat bill: other columns than expected")
    for line in lines[1:]:
        # Every value of a row has a backtick before it, so that a comma in a name ends none; the summary's heading has
        # none.
        if not line.startswith("`"):
            return
        cells = [cell.strip() for cell in line.removeprefix("`").split(",`")]
        if len(cells) != len(names):
            raise ProviderUnavailableError("wechat bill: a row of another length")
        yield dict(zip(names, cells, strict=True))
