"""Turns a kind of message and its facts into words for each channel.

An SMS is `templates/sms/<kind>.txt`. An e-mail is `templates/emails/<kind>_subject.txt`, `<kind>.txt` and, if there is
one, `<kind>.html`; without it the text is set in the common letter with a button to `path`. The inbox and a push
message show the subject and `templates/inbox/<kind>.txt`, else the SMS without its signature and address.

Templates are strict: a variable that is missing raises instead of leaving a hole in what somebody reads.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.template import TemplateDoesNotExist, engines
from django.utils import translation

from core.strict_templates import MissingVariableError

_ADDRESS = re.compile(r"\s*https?://\S+")
_SIGNATURE = re.compile(r"^[\[【][^\]】]+[\]】]\s*")
_STOPS = {":": ".", "：": "。"}
ENGINE = "messages"


@dataclass(frozen=True, slots=True)
class Words:
    """A message in one language. `subject`, `html` are empty where the channel has none."""

    subject: str
    body: str
    html: str = ""


def sms(kind: str, context: Mapping[str, Any], language: str) -> Words:
    """The text message. Raises MissingVariableError, TemplateDoesNotExist."""
    with translation.override(language):
        return Words("", _line(f"sms/{kind}.txt", _values(context)))


def email(kind: str, context: Mapping[str, Any], language: str, *, unsubscribe: str = "") -> Words:
    """The letter; `unsubscribe`: a full address that ends such letters, empty for those that cannot be ended. Raises
    MissingVariableError, TemplateDoesNotExist."""
    with translation.override(language):
        values = {**_values(context), "unsubscribe_url": unsubscribe}
        values["subject"] = _line(f"emails/{kind}_subject.txt", values)
        values["paragraphs"] = text = _render(f"emails/{kind}.txt", values).strip() + "\n"
        if unsubscribe:
            text += "\n" + _line("emails/unsubscribe.txt", values) + "\n"
        return Words(values["subject"], text, _html(kind, values))


def inbox(kind: str, context: Mapping[str, Any], language: str) -> Words:
    """Title and text as the inbox and a push message show them. Raises MissingVariableError."""
    with translation.override(language):
        values = _values(context)
        try:
            text = _line(f"inbox/{kind}.txt", values)
        except TemplateDoesNotExist:
            text = _without_address(_line(f"sms/{kind}.txt", values))
        try:
            return Words(_line(f"emails/{kind}_subject.txt", values), text)
        except TemplateDoesNotExist:
            return Words(text[:60], text)


def _without_address(text: str) -> str:
    """An SMS as a line that stands above its link: "Say yes or no: https://…" is "Say yes or no."."""
    text = _SIGNATURE.sub("", _ADDRESS.sub("", text)).strip()
    return text[:-1].rstrip() + _STOPS[text[-1]] if text[-1:] in _STOPS else text


def _values(context: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "site_name": str(settings.SITE_NAME),
        "site_url": settings.SITE_URL.rstrip("/"),
        "action_url": "",
        "action_words": "",
        **context,
    }


def _html(kind: str, values: dict[str, Any]) -> str:
    try:
        return _render(f"emails/{kind}.html", values)
    except TemplateDoesNotExist:
        # The button says where it goes on; the bare address is for those who read the text.
        lines = values["paragraphs"].splitlines()
        kept = [line for line in lines if line.strip() != values["action_url"]] if values["action_url"] else lines
        return _render("emails/plain.html", {**values, "paragraphs": "\n".join(kept).strip()})


def _line(template: str, values: dict[str, Any]) -> str:
    return " ".join(_render(template, values).split())


def _render(template: str, values: dict[str, Any]) -> str:
    try:
        return engines[ENGINE].get_template(template).render(values)
    except MissingVariableError as error:
        raise MissingVariableError(f"{template}: {error}") from None
