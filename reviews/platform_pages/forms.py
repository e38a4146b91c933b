"""What platform admins type on the pages about reviews. Shape of the input only; nothing is saved here."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from reviews.choices import Act, ReasonCode
from reviews.limits import MAX_APPEAL_TEXT, MAX_CONTACT_TEXT, MAX_VERSIONS
from reviews.models import ModerationPolicy

MAX_NOTE = 500
MAX_SEARCH = 100


class SeenForm(forms.Form):
    """Which version the moderator looked at."""

    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=MAX_VERSIONS)


class NoteForm(forms.Form):
    """A note for the log, if there is something to say."""

    note = forms.CharField(label=_("Note for the log"), max_length=MAX_NOTE, required=False)


class ReasonForm(SeenForm):
    """Why a text is not shown: the code the author reads, and a note for the log."""

    reason = forms.ChoiceField(
        label=_("Reason"),
        choices=ReasonCode.choices,
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Choose a reason: the author reads it."),
            "invalid_choice": _("Choose a reason."),
        },
    )
    note = forms.CharField(label=_("Note for the log"), max_length=MAX_NOTE, required=False)


class SecondLookForm(NoteForm):
    """What the second person says about a removal."""

    decision = forms.ChoiceField(
        choices=[("remove", _("Remove")), ("keep", _("Keep"))], error_messages={"required": _("Remove or keep?")}
    )


class StepInForm(forms.Form):
    """What the platform says to owner and shop of a follow-up."""

    text = forms.CharField(
        label=_("Your words to owner and shop"),
        max_length=MAX_CONTACT_TEXT,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": _("Write something.")},
    )


class AppealForm(forms.Form):
    """The answer to an appeal."""

    decision = forms.ChoiceField(
        choices=[("uphold", _("Uphold")), ("dismiss", _("Dismiss"))],
        error_messages={"required": _("Uphold or dismiss?")},
    )
    answer = forms.CharField(
        label=_("Answer"),
        max_length=MAX_APPEAL_TEXT,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Who appealed reads it."),
        error_messages={"required": _("Write an answer: who appealed reads it.")},
    )


class FoundForm(forms.Form):
    """What somebody found out about a pattern."""

    note = forms.CharField(
        label=_("What you found"), max_length=MAX_NOTE, error_messages={"required": _("Say what you found.")}
    )
    is_harmless = forms.BooleanField(label=_("It is harmless: votes left out for it count again"), required=False)


class SearchForm(forms.Form):
    """Words to look for: a visit's number, a shop, an author, a review."""

    q = forms.CharField(label=_("Search"), max_length=MAX_SEARCH, required=False)


class LogForm(forms.Form):
    """Which lines of the log are shown."""

    by = forms.CharField(
        label=_("Moderator"), max_length=MAX_SEARCH, required=False, help_text=_("Part of a name or address.")
    )
    shop = forms.CharField(label=_("Shop"), max_length=MAX_SEARCH, required=False, help_text=_("Part of its name."))
    act = forms.ChoiceField(
        label=pgettext_lazy("moderation", "What"), choices=[("", _("Everything")), *Act.choices], required=False
    )


class PolicyForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """The next version of the policy. What is typed; `moderation.policy.change` writes it."""

    class Meta:
        model = ModerationPolicy
        fields = (
            "auto_publish",
            "max_risk",
            "min_visits",
            "min_published",
            "max_rejected",
            "sample_percent",
            "replies_at_once",
            "note",
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["note"].required = True
        self.fields["note"].widget = forms.Textarea(attrs={"rows": 3})
        self.fields["note"].error_messages["required"] = _("Say why you change it.")
