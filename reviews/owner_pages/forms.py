"""The shape of what an author sends; nothing here saves. The fields refuse control characters and overlong texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django import forms
from django.core.validators import MaxLengthValidator
from django.forms.boundfield import BoundField
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.photo_fields import MultiplePhotosField
from reviews.answering import MAX_WORDS
from reviews.choices import Dimension
from reviews.limits import MAX_APPEAL_TEXT, MAX_PHOTOS, MAX_TEXT
from reviews.models import ReviewPhoto, ReviewVersion
from reviews.writing import Draft

STARS = (
    ("1", pgettext_lazy("stars", "Bad")),
    ("2", pgettext_lazy("stars", "Poor")),
    ("3", pgettext_lazy("stars", "Fair")),
    ("4", pgettext_lazy("stars", "Good")),
    ("5", pgettext_lazy("stars", "Very good")),
)
_YES, _NO = "yes", "no"
_ASKED = {
    Dimension.WORKMANSHIP: _("Was the work done well, and does it hold?"),
    Dimension.HONESTY: _("Did they offer only what you needed?"),
    Dimension.COMMUNICATION: _("Did they explain, ask before, and answer?"),
    Dimension.WAITING: _("Was the car ready when they said?"),
    Dimension.PRICE: _("Did you pay what you were told?"),
}
_ONE_TO_FIVE = _("Give one to five stars.")


class WordsField(forms.CharField):
    """A text of some lines. A browser sends each line break as two characters, which counts as one here."""

    def __init__(self, *, max_length: int, rows: int, **kwargs: Any) -> None:
        box = forms.Textarea(attrs={"rows": rows, "maxlength": max_length, "dir": "auto", "data-counted": max_length})
        super().__init__(widget=box, **kwargs)
        self.validators.append(MaxLengthValidator(max_length))

    def to_python(self, value: Any) -> str:
        return str(super().to_python(value)).replace("\r\n", "\n").strip()


def _stars(label: Any, hint: Any = "", *, required: bool = False) -> forms.ChoiceField:
    choices = STARS if required else (*STARS, ("", _("Not rated")))
    return forms.ChoiceField(
        label=label,
        help_text=hint,
        choices=choices,
        required=required,
        widget=forms.RadioSelect,
        error_messages={"required": _ONE_TO_FIVE, "invalid_choice": _ONE_TO_FIVE},
    )


class ReviewForm(forms.Form):
    """What an author says about a visit. `photos_of` are those of the version that is changed."""

    stars = _stars(_("How was it, all in all?"), required=True)
    would_return = forms.ChoiceField(
        label=_("Would you come back?"),
        choices=[
            (_YES, pgettext_lazy("would return", "Yes")),
            (_NO, pgettext_lazy("would return", "No")),
            ("", _("Not said")),
        ],
        required=False,
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": _("Choose yes or no.")},
    )
    text = WordsField(
        label=_("In your words"),
        max_length=MAX_TEXT,
        rows=6,
        required=False,
        help_text=_("What helped you, what did not? Leave out names, numbers and addresses of others."),
    )
    photos = MultiplePhotosField(label=_("Photos"), required=False, max_count=MAX_PHOTOS)
    keep = forms.MultipleChoiceField(
        label=_("Photos that stay"), required=False, widget=forms.CheckboxSelectMultiple, choices=[]
    )
    shows_facts = forms.BooleanField(label=_("Show the visit's facts beside my review"), required=False)
    seen = forms.IntegerField(min_value=1, max_value=1000, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, photos_of: Sequence[ReviewPhoto] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.photos_of = photos_of
        self.fields["keep"].choices = [(photo.public_id, photo.public_id) for photo in photos_of]  # type: ignore[attr-defined]
        for dimension in Dimension:
            self.fields[dimension.value] = _stars(dimension.label, _ASKED[dimension])

    @property
    def dimensions(self) -> Iterator[BoundField]:
        """The fields of the ratings beside the total."""
        return (self[dimension.value] for dimension in Dimension)

    @property
    def kept_photos(self) -> Iterator[tuple[ReviewPhoto, bool]]:
        """Each photo there was, and whether it is ticked to stay."""
        ticked = self["keep"].value() or []
        return ((photo, photo.public_id in ticked) for photo in self.photos_of)

    @property
    def lost_photos(self) -> bool:
        """Whether photos were sent with a form that comes back: a browser forgets which."""
        return bool(self.errors and self.files)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if len(data.get("keep") or []) + len(data.get("photos") or []) > MAX_PHOTOS:
            self.add_error("photos", _("Add six photos at most."))
        return data

    def draft(self) -> Draft:
        """What the valid form says."""
        data = self.cleaned_data
        given = {dimension: data[dimension.value] for dimension in Dimension}
        return Draft(
            stars=int(data["stars"]),
            ratings={dimension: int(stars) for dimension, stars in given.items() if stars},
            would_return={_YES: True, _NO: False}.get(data["would_return"]),
            text=data["text"],
            shows_facts=data["shows_facts"],
            kept=data["keep"],
            added=data["photos"],
        )


def initial_of(version: ReviewVersion) -> dict[str, Any]:
    """A version as the form shows it; needs `photos` at hand."""
    ratings = {dimension.value: str(version.rating(dimension) or "") for dimension in Dimension}
    return {
        **ratings,
        "stars": str(version.stars),
        "would_return": {True: _YES, False: _NO, None: ""}[version.would_return],
        "text": version.text,
        "shows_facts": version.shows_facts,
        "keep": [photo.public_id for photo in version.photos.all()],
        "seen": version.number,
    }


class AnswerForm(forms.Form):
    """Happy or not, and words where one was not."""

    happy = forms.ChoiceField(
        choices=[(_YES, ""), (_NO, "")],
        error_messages={"required": _("Choose yes or no."), "invalid_choice": _("Choose yes or no.")},
    )
    words = WordsField(
        label=pgettext_lazy("an answer", "What was not right?"),
        max_length=MAX_WORDS,
        rows=4,
        required=False,
        help_text=_("The shop reads it. It is not public."),
    )

    @property
    def is_happy(self) -> bool:
        return bool(self.cleaned_data["happy"] == _YES)


class AppealForm(forms.Form):
    """Why a decision was wrong."""

    text = WordsField(
        label=_("Why was the decision wrong?"),
        max_length=MAX_APPEAL_TEXT,
        rows=6,
        help_text=_("Somebody else than before reads it together with your review, and decides."),
        error_messages={"required": _("Write something.")},
    )
