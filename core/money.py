"""Money as integers: everything is stored and computed in fen, and becomes text only at the edge."""

import re

CURRENCY_SYMBOLS = {"CNY": "¥"}
MINUS = "\N{MINUS SIGN}"
_YUAN = re.compile(r"([0-9]{1,3}(?:,[0-9]{3}){1,2}|[0-9]{1,9})(?:\.([0-9]{1,2}))?")


def format_fen(fen: int, *, currency: str = "CNY") -> str:
    """Money for lists: `26800` → `¥268`, `26850` → `¥268.50`, `-2000` → `−¥20`; thousands by comma."""
    text = format_fen_exact(fen, currency=currency)
    return text.removesuffix(".00")


def format_fen_exact(fen: int, *, currency: str = "CNY") -> str:
    """Money for bills, always with both decimals: `26800` → `¥268.00`, `-169320` → `−¥1,693.20`."""
    yuan, rest = divmod(abs(fen), 100)
    sign = MINUS if fen < 0 else ""
    return f"{sign}{CURRENCY_SYMBOLS[currency]}{yuan:,}.{rest:02d}"


def format_yuan_plain(fen: int) -> str:
    """The amount as a person types it into a field or a CSV file: `26800` → `268`, `26850` → `268.50`."""
    yuan, rest = divmod(abs(fen), 100)
    sign = "-" if fen < 0 else ""
    return f"{sign}{yuan}.{rest:02d}" if rest else f"{sign}{yuan}"


def parse_yuan(text: str) -> int:
    """Fen from a typed amount of yuan: `268`, `268.5`, `¥1,268.50`. Never goes through a float.

    Raises ValueError for anything else: negative, more than two decimals, a billion yuan or more.
    """
    match = _YUAN.fullmatch(text.strip().removeprefix("¥").removeprefix("￥").strip())
    if match is None:
        raise ValueError("not an amount of money")
    yuan = int(match[1].replace(",", ""))
    return yuan * 100 + int((match[2] or "0").ljust(2, "0"))
