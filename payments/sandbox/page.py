"""The payer's page: what is paid, and buttons for everything that a payer or their bank may do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from sqlite3 import Row
from urllib.parse import urlsplit

from payments.sandbox import money, words
from payments.sandbox.books import CHINA, Books
from payments.sandbox.http import Answer, Asked
from payments.sandbox.money import Account
from payments.sandbox.shapes import Refused

STYLE = (Path(__file__).parent / "style.css").read_bytes()
_SIGNS = {"CNY": "¥"}
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none';"
    " require-trusted-types-for 'script'"
)
_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": _POLICY,
    # Not "no-referrer": browsers would send the page's own form with "Origin: null" then.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class PayerPage:
    """Answers the payer's browser. Who has the page's address may pay: it holds a secret token."""

    def __init__(self, books: Books, account: Account, public_url: str, wake: Callable[[], None]) -> None:
        self._books, self._account, self._public_url, self._wake = books, account, public_url, wake

    def answer(self, asked: Asked) -> Answer:
        """The page, or what a button does and then the page."""
        lang = words.language(asked.query("lang"), asked.headers.get("Accept-Language", ""))
        if asked.method not in {"GET", "POST"}:
            raise Refused(405, "method", "GET or POST only.")
        if asked.path == "/":
            return _whole(lang, asked.path, f"<p>{words.word('home', lang)}</p>", 200)
        try:
            if asked.method == "POST":
                return self._chosen(asked, lang)
            with self._books.transaction() as db:
                payment = money.find_payment(db, _token(asked), by="token")
        except Refused as refused:
            return _whole(lang, asked.path, f"<p>{words.word('missing', lang)}</p>", refused.status)
        return _whole(lang, asked.path, _payment(payment, lang), 200)

    def _chosen(self, asked: Asked, lang: str) -> Answer:
        """Do what was chosen, unless the payment is over already; the page says how it stands then."""
        if asked.headers.get("Origin", self._public_url) not in {self._public_url, _origin(asked)}:
            raise Refused(403, "origin", "Sent from another site.")
        choice = asked.form("choice")
        with self._books.transaction() as db:
            payment = money.find_payment(db, _token(asked), by="token")
            if payment["state"] == "pending":
                if choice == "decline":
                    money.decline(db, self._account, payment)
                elif choice == "later":
                    money.pay_later(db, payment)
                elif choice in {"once", "twice", "unordered"}:
                    money.pay(db, self._account, payment, how=choice)
                else:
                    raise Refused(400, "choice", "No such choice.")
        self._wake()
        return Answer(303, b"", {"Location": f"{asked.path}?lang={lang}"})


def amount_text(amount_fen: int, currency: str) -> str:
    """An amount as people read it: ¥1,234.50."""
    return f"{_SIGNS.get(currency, currency + ' ')}{amount_fen // 100:,}.{amount_fen % 100:02d}"


def _payment(row: Row, lang: str) -> str:
    amount = amount_text(row["paid_fen"] or row["amount_fen"], row["paid_currency"] or row["currency"])
    until = datetime.fromtimestamp(row["expires_at"] / 1000, UTC).astimezone(CHINA)
    facts = [("pays_for", row["subject"]), ("number", row["request_no"])]
    if row["state"] == "pending":
        facts.append(("pay_until", until.strftime("%Y-%m-%d %H:%M (UTC+8)")))
    listed = "".join(f"<dt>{words.word(name, lang)}</dt><dd>{escape(value)}</dd>" for name, value in facts)
    state = "later" if row["pay_at"] else row["state"]
    return (
        f"<h1>{words.word('title', lang)}</h1>"
        f'<p class="sum">{escape(amount)}</p>'
        f'<dl>{listed}</dl><p class="state" role="status">{words.word(f"state_{state}", lang)}</p>'
        f"{_choices(amount, lang) if state == 'pending' else _again(lang) if state == 'later' else ''}"
        f"{_way_back(row, lang, is_first=state not in {'pending', 'later'})}"
    )


def _choices(amount: str, lang: str) -> str:
    def button(choice: str, name: str, *, is_first: bool = False) -> str:
        style = ' class="first"' if is_first else ""
        label = escape(words.word(name, lang).format(amount=amount))
        return f'<button name="choice" value="{choice}"{style}>{label}</button>'

    return (
        f'<form method="post" action="?lang={lang}"><h2>{words.word("what", lang)}</h2>'
        f"{button('once', 'pay', is_first=True)}{button('decline', 'decline')}{button('later', 'later')}"
        f"<h2>{words.word('odd', lang)}</h2>{button('twice', 'twice')}{button('unordered', 'unordered')}</form>"
    )


def _again(lang: str) -> str:
    return f'<p><a class="button first" href="?lang={lang}">{words.word("again", lang)}</a></p>'


def _way_back(row: Row, lang: str, *, is_first: bool) -> str:
    style = "button first" if is_first else "link"
    return f'<p><a class="{style}" href="{escape(row["return_url"])}">{words.word("back", lang)}</a></p>'


def _whole(lang: str, path: str, content: str, status: int) -> Answer:
    other = "zh" if lang == "en" else "en"
    address, label = f"{escape(path)}?lang={other}", words.word("other_language", lang)
    switch = f'<a href="{address}" lang="{other}" hreflang="{other}">{label}</a>'
    page = (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{words.word('title', lang)} · {words.word('provider', lang)}</title>"
        '<link rel="icon" href="data:,"><link rel="stylesheet" href="/style.css"></head><body>'
        f'<header><p class="test">{words.word("test_money", lang)}</p>'
        f'<p class="name"><span>{words.word("provider", lang)}</span>{switch}</p></header>'
        f"<main>{content}</main></body></html>"
    )
    return Answer(status, page.encode(), _HEADERS)


def _token(asked: Asked) -> str:
    return asked.path.removeprefix("/pay/")


def _origin(asked: Asked) -> str:
    """Where the browser believes to be: the machine may be known by several names."""
    scheme = urlsplit(asked.headers.get("Origin", "")).scheme
    return f"{scheme}://{asked.headers.get('Host', '')}"
