"""Alipay's bills of a day: a ZIP of CSV files in a Chinese encoding, with remarks before and after the rows."""

import csv
import io
import zipfile
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from payments.providers import amounts
from payments.providers.base import BillRow, ProviderUnavailableError, Subject
from payments.providers.options import is_local
from payments.providers.payloads import china_instant, understood

MAX_FILES = 20
MAX_UNPACKED_BYTES = 512 * 1024 * 1024
# GB 18030 reads everything that is GBK, and does not stop at a rare character in a name.
_ENCODING = "gb18030"
_TRADE_COLUMNS = (
    "支付宝交易号",
    "商户订单号",
    "业务类型",
    "完成时间",
    "订单金额（元）",
    "退款批次号/请求号",
    "服务费（元）",
)
_ACCOUNT_COLUMNS = ("账务流水号", "商户订单号", "发生时间", "收入金额（+元）", "支出金额（-元）", "业务类型")
# What the bill of trades says with more detail: payments, refunds and the fees of both.
_IN_TRADES = ("在线支付", "交易付款", "交易退款", "退款", "收费", "退费", "服务费")


def checked_address(address: str, hosts: frozenset[str]) -> str:
    """The address of a bill, by https at one of the known hosts: Alipay names it, and the name could be anything.

    Raises ProviderUnavailableError. Plain http, which Alipay still writes, is raised to https.
    """
    try:
        parts = urlsplit(address)
        is_known = parts.hostname in hosts and not parts.username and not parts.password
        if is_known and is_local(address):
            return address
        if is_known and parts.scheme in {"http", "https"} and parts.port in {None, 443}:
            return parts._replace(scheme="https").geturl()
    except ValueError:
        pass
    raise ProviderUnavailableError("bill: an address that is not Alipay's")


def trades(content: bytes | None) -> Iterator[BillRow]:
    """Payments, refunds and fees of the bill of trades ("trade"). None: nothing happened."""
    for row in _rows(content, _TRADE_COLUMNS):
        with understood("alipay bill"):
            yield from _trade(row)


def _trade(row: Mapping[str, str]) -> Iterator[BillRow]:
    is_refund = row["业务类型"] == "退款"
    if not is_refund and row["业务类型"] != "交易":
        raise ValueError(f"a trade of the kind {row['业务类型'][:20]}")
    sign = -1 if is_refund else 1
    request_no = row["退款批次号/请求号"] if is_refund else row["商户订单号"]
    at, ref = china_instant(row["完成时间"]), row["支付宝交易号"]
    # The signs of the file differ between its versions; what they mean does not.
    amount = sign * abs(amounts.from_text(row["订单金额（元）"], signed=True))
    yield BillRow(Subject.REFUND if is_refund else Subject.PAYMENT, request_no, ref, amount, "CNY", at)
    fee = -sign * abs(amounts.from_text(row["服务费（元）"] or "0", signed=True))
    if fee:
        yield BillRow(Subject.FEE, request_no, ref, fee, "CNY", at)


def movements(content: bytes | None) -> Iterator[BillRow]:
    """What else moved on the account ("signcustomer"): transfers, withdrawals, and whatever we know nothing of."""
    for row in _rows(content, _ACCOUNT_COLUMNS):
        kind = row["业务类型"]
        if kind in _IN_TRADES:
            continue
        with understood("alipay bill"):
            coming = abs(amounts.from_text(row["收入金额（+元）"] or "0", signed=True))
            going = abs(amounts.from_text(row["支出金额（-元）"] or "0", signed=True))
            at, ref = china_instant(row["发生时间"]), row["账务流水号"]
            yield BillRow(_movement(kind), row["商户订单号"], ref, coming - going, "CNY", at)


def _movement(kind: str) -> Subject:
    if "转账" in kind:
        return Subject.PAYOUT
    return Subject.WITHDRAWAL if "提现" in kind else Subject.OTHER


def _rows(content: bytes | None, columns: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """The rows of the one file that has these columns; the others are summaries. Raises ProviderUnavailableError."""
    if content is None:
        return
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if len(members) > MAX_FILES or sum(member.file_size for member in members) > MAX_UNPACKED_BYTES:
                raise ProviderUnavailableError("bill: too large")
            has_rows = False
            for member in members:
                with archive.open(member) as stream:
                    lines = io.TextIOWrapper(stream, encoding=_ENCODING, errors="strict", newline="")
                    names = _heading(csv.reader(lines), columns)
                    if names:
                        has_rows = True
                        yield from _read(csv.reader(lines), names)
    except (zipfile.BadZipFile, UnicodeDecodeError, csv.Error, NotImplementedError, RuntimeError, EOFError, OSError):
        raise ProviderUnavailableError("bill: cannot be read") from None
    if not has_rows:
        raise ProviderUnavailableError("bill: other columns than expected")


def _heading(lines: Iterator[list[str]], columns: tuple[str, ...]) -> list[str]:
    """Skip the remarks, return the names of the columns; nothing if these are not among them."""
    for cells in lines:
        names = [cell.strip() for cell in cells]
        if set(columns) <= set(names):
            return names
    return []


def _read(lines: Iterator[list[str]], names: list[str]) -> Iterator[dict[str, str]]:
    for cells in lines:
        # The remarks after the rows: "#…", or dashes.
        if not cells or cells[0].lstrip().startswith(("#", "-")):
            return
        if len(cells) < len(names):
            raise ProviderUnavailableError("bill: a row is cut off")
        yield dict(zip(names, (cell.strip() for cell in cells), strict=False))
