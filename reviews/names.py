"""What readers see of an author's name: enough to tell two people apart, not enough to find one."""

from __future__ import annotations

import unicodedata

from django.utils.translation import gettext as _

from accounts.models import User
from reviews.shown_text import visible

# Family names of two characters that are met today; every other Chinese family name has one.
_TWO_CHARACTERS = (
    "欧阳 司马 上官 诸葛 东方 皇甫 尉迟 公孙 慕容 令狐 宇文 长孙 司徒 司空 夏侯 独孤 南宫 端木 申屠 轩辕 "
    "歐陽 諸葛 東方 尉遲 公孫 長孫 獨孤 南宮 軒轅"
)
# The longest first name that is shown whole.
_LONGEST = 20
_IN_NAMES = "-'’"


def public_name(user: User) -> str:
    """The short name of an author: 林** for 林晓, "Lin S." for "Lin Su", "L." for "Lin". "Former member" once the
    account was erased, "Car owner" for who gave no name, or an address or a number as their name. No query."""
    if (user.email or "").endswith("@erased.invalid"):  # what `accounts.actions.erase` leaves
        return _("Former member")
    name = " ".join(visible(user.name).split())
    if not name or not name[0].isalpha() or "@" in name or sum(char.isdigit() for char in name) > 3:
        return _("Car owner")
    if _is_chinese(name[0]):
        family = name[:2] if name[:2] in _TWO_CHARACTERS.split() else name[0]
        return f"{family}**"
    first, *others = name.split(" ")
    if not others:
        return f"{first[0].upper()}."
    if not all(char.isalpha() or char in _IN_NAMES or unicodedata.category(char) == "Mn" for char in first):
        first = f"{first[0].upper()}."  # an address, an account: nobody has looked at it
    return f"{first[:_LONGEST]} {others[-1][0].upper()}."


def _is_chinese(char: str) -> bool:
    return unicodedata.name(char, "").startswith("CJK")
