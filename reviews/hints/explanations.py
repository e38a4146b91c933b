"""Every hint in words, for moderators: what was noticed and what it means, in the reader's language.

A kind without an explanation cannot exist: the table below has each, and a test walks over all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from core.templatetags.ui import money
from reviews.choices import HintKind, SignalKind
from reviews.hints import copies
from reviews.models import Hint, ReviewVersion, Signal
from reviews.shown_text import visible

_LONGEST_QUOTE = 60


@dataclass(frozen=True, slots=True)
class Explanation:
    """A hint as a card shows it: `tone` is one of ok, warn, bad, info; `icon` a Lucide name."""

    title: str
    text: str
    tone: str
    icon: str


@dataclass(frozen=True, slots=True)
class Check:
    """A link or likeness that was looked for: fine, or found."""

    is_ok: bool
    text: str


@dataclass(frozen=True, slots=True)
class _Looks:
    tone: str
    icon: str
    say: Callable[[Mapping[str, Any], str], str]


def explain(hint: Hint) -> Explanation:
    """What a hint means. Needs the version or reply at hand (it comes with a prefetch from there)."""
    kind = HintKind(hint.kind)
    looks = _KINDS[kind]
    return Explanation(_title(kind, hint.data), looks.say(hint.data, _quoted(hint)), looks.tone, looks.icon)


def checks(version: ReviewVersion) -> list[Check]:
    """What was looked for between author and shop, found or not. Needs `hints` and `review` at hand. One query; two
    where the text is like another and the review has earlier versions."""
    found = {hint.kind: hint for hint in version.hints.all()}
    told = [
        _check(
            found, HintKind.SAME_DEVICE, _("No device shared with the shop's staff"), _("Shares a device with staff")
        ),
        _check(found, HintKind.MONEY_LINK, _("No money between them"), _("Has a coupon that the shop paid for")),
        _check(found, HintKind.SHOP_LINK, _("Not known to the shop otherwise"), _("Known to the shop")),
        _check(found, HintKind.RECIPROCAL, _("No reviews in return"), _("Reviews in return")),
    ]
    return [*told, _copy_check(version, found)]


def _check(found: Mapping[str, Hint], kind: HintKind, fine: str, wrong: str) -> Check:
    return Check(kind not in found, wrong if kind in found else fine)


def _copy_check(version: ReviewVersion, found: Mapping[str, Hint]) -> Check:
    if HintKind.COPIED in found:
        percent = found[HintKind.COPIED].data["percent"]
        return Check(False, _("Text like another one (%(percent)d %%)") % {"percent": percent})
    match = copies.best_match(version)
    if match is None:
        return Check(True, _("Text not copied (nothing alike)"))
    return Check(True, _("Text not copied (best match %(percent)d %%)") % {"percent": match.percent})


def _quoted(hint: Hint) -> str:
    """The stretch of text that a hint is about, short and without what cannot be seen."""
    if hint.start is None:
        return ""
    about = hint.version if hint.version_id else hint.reply
    text = visible(about.text[hint.start : hint.end]) if about else ""
    return text if len(text) <= _LONGEST_QUOTE else text[: _LONGEST_QUOTE - 1] + "…"


def explain_signal(signal: Signal) -> str:
    """What a pattern over many reviews or votes means, in words."""
    data, people = signal.data, len({*signal.data.get("users", []), *signal.data.get("authors", [])})
    if signal.kind == SignalKind.BURST:
        said = _("%(count)d reviews of the shop within a week; usually %(usual)s.")
        return said % {"count": data["count"], "usual": data["usual"]}
    if signal.kind == SignalKind.RECIPROCAL:
        return _("%(people)d people of two shops reviewed each other's shop.") % {"people": people}
    if signal.kind == SignalKind.SHARED_DEVICE:
        return _("%(people)d reviewers of the shop signed in on one browser. It may be the tablet at the counter.") % {
            "people": people
        }
    if data["users"] == data["authors"]:
        return _("%(people)d people vote for each other's reviews. Their votes do not count.") % {"people": people}
    return _("%(people)d people vote for hardly anybody but one author. Their votes do not count.") % {
        "people": len(data["users"])
    }


# --- Titles that depend on what was found --------------------------------------------------------------------

_TITLES: dict[str, Promise] = {
    "phone": gettext_lazy("Phone number"),
    "landline": gettext_lazy("Phone number"),
    "wechat": gettext_lazy("WeChat account"),
    "qq": gettext_lazy("QQ number"),
    "email": gettext_lazy("E-mail address"),
    "link": gettext_lazy("Link"),
    "identity": gettext_lazy("Identity number"),
    "plate": gettext_lazy("Number plate"),
    "vin": gettext_lazy("VIN"),
    "card": gettext_lazy("Bank card number"),
}


def _title(kind: HintKind, data: Mapping[str, Any]) -> str:
    return str(_TITLES.get(data.get("what", ""), kind.label))


# --- One function for each kind ------------------------------------------------------------------------------


def _contact(data: Mapping[str, Any], _quote: str) -> str:
    count = data["digits"]
    if not count:
        return _("Hidden from readers, whatever you decide.")
    said = ngettext("%(count)d digit in the text.", "%(count)d digits in the text.", count) % {"count": count}
    return said + " " + _("Hidden from readers, whatever you decide.")


def _insult(data: Mapping[str, Any], quote: str) -> str:
    if data["quoted"]:
        return _("“%(words)s” stands in quotation marks: perhaps somebody else's words. Mask it, do not reject.") % {
            "words": quote
        }
    return _("“%(words)s” is hidden from readers. The rest may still be worth reading.") % {"words": quote}


_ADVERTISING: dict[str, Promise] = {
    "promotion": gettext_lazy("“%(words)s” sounds like an offer, not like a visit."),
    "own_voice": gettext_lazy("“%(words)s”: the text speaks as a business does."),
    "slogan": gettext_lazy("“%(words)s” is said %(times)d times."),
    "other_shop": gettext_lazy("It sends readers to another shop: %(shop)s."),
}


def _advertising(data: Mapping[str, Any], quote: str) -> str:
    return str(_ADVERTISING[data["what"]]) % {"words": quote, **data}


def _paid(_data: Mapping[str, Any], quote: str) -> str:
    return _("“%(words)s”: praise was asked or paid for. The author may be complaining of it: read the whole text.") % {
        "words": quote
    }


def _copied(data: Mapping[str, Any], _quote: str) -> str:
    said = {"percent": data["percent"], "review": data["review"]}
    if data["same_author"]:
        return _("%(percent)d %% the same as an earlier text by the author: review %(review)s.") % said
    return _("%(percent)d %% the same as somebody else's earlier text: review %(review)s.") % said


_HIDDEN: dict[str, Promise] = {
    "turning": gettext_lazy("%(count)d characters that turn text around. Readers do not get them."),
    "invisible": gettext_lazy("%(count)d characters that cannot be seen. Readers do not get them."),
    "lookalikes": gettext_lazy("Letters of another alphabet that look like Latin ones, in %(count)d words."),
}


def _hidden(data: Mapping[str, Any], _quote: str) -> str:
    return str(_HIDDEN[data["what"]]) % {"count": data["count"]}


def _threat(_data: Mapping[str, Any], quote: str) -> str:
    return _("“%(words)s” may be a threat.") % {"words": quote}


def _personal(_data: Mapping[str, Any], quote: str) -> str:
    return _("“%(words)s” is hidden from readers. The rest may still be worth reading.") % {"words": quote}


def _no_content(data: Mapping[str, Any], _quote: str) -> str:
    if data["what"] == "marks":
        return _("There are signs, but no words.")
    return _("The same words again and again.")


def _burst(data: Mapping[str, Any], _quote: str) -> str:
    said = {"count": data["count"], "usual": data["usual"]}
    if data["span"] == "day":
        return _("%(count)d reviews of this shop within a day; usually %(usual)s.") % said
    return _("%(count)d reviews of this shop within a week; usually %(usual)s.") % said


def _same_device(_data: Mapping[str, Any], _quote: str) -> str:
    return _("Author and staff of the shop signed in on one browser. It may be the tablet at the counter.")


_HOW: dict[str, Promise] = {
    "shop_phone": gettext_lazy("the number is the shop's"),
    "member_contact": gettext_lazy("the contact is that of somebody who works there"),
    "invited": gettext_lazy("they were invited to work there"),
    "affiliation_over": gettext_lazy("they belonged to the shop before"),
    "affiliation_later": gettext_lazy("the shop named them after the visit was booked"),
    "member_car": gettext_lazy("the car was that of somebody who works there"),
}


def _shop_link(data: Mapping[str, Any], _quote: str) -> str:
    how = "; ".join(str(_HOW[part]) for part in data["how"])
    return _("The author is known to the shop: %(how)s.") % {"how": how}


def _money_link(data: Mapping[str, Any], _quote: str) -> str:
    return _("The author has a coupon that the shop paid for, worth up to %(worth)s, made before the review.") % {
        "worth": money(data["fen"])
    }


def _reciprocal(data: Mapping[str, Any], _quote: str) -> str:
    return _("The author works at %(shop)s, and somebody of this shop reviewed that one lately.") % {
        "shop": data["shop"]
    }


def _vote_ring(data: Mapping[str, Any], _quote: str) -> str:
    return _("The author is one of %(people)d people who vote for each other's reviews.") % {"people": data["people"]}


def _new_account(data: Mapping[str, Any], _quote: str) -> str:
    days = data["days"]
    if not days:
        return _("Signed up on the day of the review.")
    said = ngettext("Signed up %(days)d day before the review.", "Signed up %(days)d days before the review.", days)
    return said % {"days": days}


_CLAIMS: dict[str, Promise] = {
    "late": gettext_lazy("The text says %(said)d minutes late; the visit log says %(minutes)d."),
    "waited": gettext_lazy("The text says %(said)d minutes of waiting; by the visit log it was up to %(minutes)d."),
    "on_time": gettext_lazy("The text says on time; the visit log says %(minutes)d minutes late."),
    "dearer": gettext_lazy("The text says dearer than quoted; quoted %(agreed)s, paid %(final)s."),
    "as_quoted": gettext_lazy("The text says as quoted; quoted %(agreed)s, paid %(final)s."),
}


def _record(data: Mapping[str, Any], _quote: str) -> str:
    amounts = {name: money(data[f"{name}_fen"]) for name in ("agreed", "final") if f"{name}_fen" in data}
    return str(_CLAIMS[data["claim"]]) % {**data, **amounts}


_KINDS: dict[HintKind, _Looks] = {
    HintKind.CONTACT: _Looks("bad", "phone", _contact),
    HintKind.INSULT: _Looks("bad", "message-square-warning", _insult),
    HintKind.ADVERTISING: _Looks("warn", "megaphone", _advertising),
    HintKind.PAID: _Looks("bad", "banknote", _paid),
    HintKind.COPIED: _Looks("bad", "copy", _copied),
    HintKind.HIDDEN_TEXT: _Looks("warn", "eye-off", _hidden),
    HintKind.THREAT: _Looks("bad", "shield-alert", _threat),
    HintKind.PERSONAL_DATA: _Looks("warn", "id-card", _personal),
    HintKind.NO_CONTENT: _Looks("warn", "message-square-off", _no_content),
    HintKind.BURST: _Looks("warn", "activity", _burst),
    HintKind.SAME_DEVICE: _Looks("bad", "monitor-smartphone", _same_device),
    HintKind.SHOP_LINK: _Looks("bad", "link", _shop_link),
    HintKind.MONEY_LINK: _Looks("warn", "coins", _money_link),
    HintKind.RECIPROCAL: _Looks("warn", "arrow-left-right", _reciprocal),
    HintKind.VOTE_RING: _Looks("warn", "users", _vote_ring),
    HintKind.NEW_ACCOUNT: _Looks("info", "user-plus", _new_account),
    HintKind.CONTRADICTS: _Looks("warn", "scale", _record),
    HintKind.AGREES: _Looks("ok", "badge-check", _record),
}
