"""Forms of a shop's pages about reviews. They check the shape of what was typed; what it means the actions check."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.contacts import Contact, parse_login
from accounts.models import User
from bookings.floor import warranty
from bookings.models import Line
from catalog.offer_forms import YuanField
from core.errors import Refusal
from core.money import format_fen_exact
from payments.models import OrderLine
from reviews.affiliations import MAX_NOTE
from reviews.choices import AffiliationKind, OfferKind, ReasonCode
from reviews.follow_ups.matters import OfferDraft
from reviews.limits import MAX_APPEAL_TEXT, MAX_CONTACT_TEXT, MAX_REPLY_TEXT

# Who worked here is known when they leave.
DECLARED_KINDS = (AffiliationKind.RELATIVE, AffiliationKind.PROPRIETOR, AffiliationKind.SUPPLIER)


class SeenForm(forms.Form):
    """A form about a review that carries the number of the version that was on the page."""

    seen = forms.IntegerField(min_value=0, max_value=32767)


class ReplyForm(SeenForm):
    """The shop's public answer."""

    text = forms.CharField(
        label=_("Your reply"),
        help_text=_(
            "Everybody reads it. No phone numbers or names of customers, and nothing offered for a change of stars."
        ),
        max_length=MAX_REPLY_TEXT,
        widget=forms.Textarea(attrs={"rows": 5, "maxlength": MAX_REPLY_TEXT}),
    )


class AppealForm(SeenForm):
    """Why a review should not be shown."""

    reason = forms.ChoiceField(
        label=_("What is wrong with it?"), choices=ReasonCode.choices, widget=forms.RadioSelect, initial=None
    )
    text = forms.CharField(
        label=_("What happened?"),
        help_text=_("Say what the record of the visit shows. The platform reads it, the author does not."),
        max_length=MAX_APPEAL_TEXT,
        widget=forms.Textarea(attrs={"rows": 5, "maxlength": MAX_APPEAL_TEXT}),
    )


class AffiliationForm(forms.Form):
    """Somebody who belongs to the shop."""

    contact = forms.CharField(
        label=_("Mobile number or e-mail address"),
        help_text=_("with which they sign in, or would"),
        max_length=254,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    kind = forms.ChoiceField(
        label=_("How they belong to the shop"), choices=[(kind.value, kind.label) for kind in DECLARED_KINDS]
    )
    note = forms.CharField(label=_("Note"), max_length=MAX_NOTE, required=False)

    def clean_contact(self) -> Contact:
        try:
            return parse_login(self.cleaned_data["contact"])
        except Refusal as refusal:
            raise forms.ValidationError(str(refusal.message)) from refusal

    def clean_kind(self) -> AffiliationKind:
        return AffiliationKind(self.cleaned_data["kind"])


class WordsForm(forms.Form):
    """Words to the owner of a visit."""

    text = forms.CharField(
        label=_("Your words"),
        max_length=MAX_CONTACT_TEXT,
        widget=forms.Textarea(attrs={"rows": 4, "maxlength": MAX_CONTACT_TEXT}),
    )


class ContactForm(WordsForm):
    """Getting in touch: words that go to the owner, or what was said on the phone."""

    way = forms.ChoiceField(
        label=_("How?"),
        choices=[("message", _("Write to the owner")), ("phone", _("I have called the owner"))],
        widget=forms.RadioSelect,
        initial="message",
    )

    field_order = ["way", "text"]

    def words_for(self, owner: User) -> str:
        """What is written down; of a call it says that it was one, in the owner's language."""
        text: str = self.cleaned_data["text"]
        if self.cleaned_data["way"] != "phone":
            return text
        with translation.override(owner.language or settings.LANGUAGE_CODE):
            return gettext("By phone: %(words)s") % {"words": text}


class OfferForm(forms.Form):
    """How the shop puts it right; the words with it may be left out."""

    text = forms.CharField(
        label=_("Your words with it"),
        max_length=MAX_CONTACT_TEXT,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": MAX_CONTACT_TEXT}),
    )


class ComebackForm(OfferForm):
    """Which work is done again, free of charge."""

    lines = forms.MultipleChoiceField(
        label=_("What is put right?"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose what is put right.")},
    )
    field_order = ["lines", "text"]

    def __init__(self, *args: Any, done: Sequence[Line], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [
            (line.public_id, warranty.in_words(line) if line.warranty_until else line.current.name) for line in done
        ]
        self.fields["lines"].choices = choices  # type: ignore[attr-defined]

    def draft(self) -> OfferDraft:
        return OfferDraft(OfferKind.COMEBACK, self.cleaned_data["text"], lines=self.cleaned_data["lines"])


class RefundForm(OfferForm):
    """How much of a line goes back."""

    order_line = forms.ChoiceField(
        label=_("Of which line?"), widget=forms.RadioSelect, error_messages={"required": _("Choose the line.")}
    )
    amount = YuanField(label=_("Amount"))
    field_order = ["order_line", "amount", "text"]

    def __init__(self, *args: Any, refundable: Sequence[tuple[OrderLine, int]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lines = {str(line.pk): line for line, _most in refundable}
        said = _("%(line)s, at most %(most)s")
        choices = [
            (str(line.pk), said % {"line": line.title, "most": format_fen_exact(fen)}) for line, fen in refundable
        ]
        self.fields["order_line"].choices = choices  # type: ignore[attr-defined]

    def draft(self) -> OfferDraft:
        data = self.cleaned_data
        line = self.lines[data["order_line"]]
        return OfferDraft(OfferKind.REFUND, data["text"], order_line=line, amount_fen=data["amount"])


class VoucherForm(OfferForm):
    """What a voucher is worth."""

    amount = YuanField(label=_("Worth"))
    field_order = ["amount", "text"]

    def draft(self) -> OfferDraft:
        return OfferDraft(OfferKind.VOUCHER, self.cleaned_data["text"], amount_fen=self.cleaned_data["amount"])
