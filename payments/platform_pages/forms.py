"""What platform admins type on the pages about money. Shape of the input only; nothing is saved here."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from catalog.models import Service
from catalog.offer_forms import YuanField
from payments.bank_files import ANSWER_COLUMNS
from payments.choices import CouponFunder, ProviderKey
from payments.commission import RuleDraft
from payments.coupons import CouponDraft
from payments.models import MAX_COMMISSION_BP, MAX_PROCESSING_BP
from payments.payout_accounts import CHANNELS
from payments.reconciliation.comparing import MAX_NOTE
from shops.choices import ShopKind
from shops.models import Shop

# At the edges of the calendar there is no day after, and no UTC.
_FIRST_DAY, _LAST_DAY = date(2020, 1, 1), date(2100, 12, 31)
MAX_RULES = 40
SPARE_RULES = 3


def midnight(day: date) -> datetime:
    """The first instant of a day in the platform's zone, in UTC."""
    return datetime.combine(day, time.min, tzinfo=timezone.get_default_timezone()).astimezone(UTC)


class _DayField(forms.DateField):
    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
        super().__init__(error_messages={"invalid": _("Enter a day.")}, **kwargs)

    def clean(self, value: Any) -> date | None:
        day: date | None = super().clean(value)
        if day is not None and not _FIRST_DAY <= day <= _LAST_DAY:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return day


class _OptionalYuanField(YuanField):
    """Yuan, or nothing for 0."""

    def clean(self, value: Any) -> int:
        return super().clean(value) if str(value or "").strip() else 0


class _ShopField(forms.CharField):
    """A shop by the last part of its page's address."""

    def clean(self, value: Any) -> Shop | None:
        text = super().clean(value).strip().strip("/").rpartition("/")[2]
        if not text:
            return None
        shop = Shop.objects.select_related("city").filter(slug=text).first()
        if shop is None:
            raise forms.ValidationError(_("There is no such shop."), code="invalid")
        return shop

    def prepare_value(self, value: Any) -> Any:
        return value.slug if isinstance(value, Shop) else value


class NoteForm(forms.Form):
    """What somebody found out."""

    note = forms.CharField(
        label=_("What you found"), max_length=MAX_NOTE, error_messages={"required": _("Say what you found.")}
    )


class ChannelForm(forms.Form):
    """Through what a batch is paid."""

    channel = forms.ChoiceField(
        label=_("Through"), choices=[(channel, ProviderKey(channel).label) for channel in CHANNELS]
    )


class AnswerFileForm(forms.Form):
    """The bank's answer to a batch."""

    file = forms.FileField(
        label=_("The bank's answer"),
        help_text=format_lazy(_("A CSV file with the columns {columns}."), columns=", ".join(ANSWER_COLUMNS)),
        error_messages={"required": _("Choose the file that the bank gave you.")},
    )


class CouponForm(forms.Form):
    """A new coupon."""

    code = forms.CharField(
        label=pgettext_lazy("coupon", "Code"), max_length=30, help_text=_("4 to 30 capital letters and digits.")
    )
    name_zh = forms.CharField(label=_("Name (Chinese)"), max_length=60)
    name_en = forms.CharField(label=_("Name (English)"), max_length=60)
    funder = forms.ChoiceField(label=_("Paid for by"), choices=CouponFunder.choices)
    shop = _ShopField(
        label=_("Shop"),
        required=False,
        max_length=200,
        help_text=_("The last part of the address of its page. Empty: every shop."),
    )
    shop_percent = forms.IntegerField(
        label=_("The shop bears"),
        required=False,
        min_value=0,
        max_value=100,
        help_text=_("Only where both pay: 1 to 99 percent."),
    )
    value_fen = YuanField(label=_("Worth"), help_text=_("Of a percentage: at most this."))
    percent = forms.IntegerField(
        label=_("Percent of the price"),
        required=False,
        min_value=1,
        max_value=100,
        help_text=_("Empty: a fixed amount."),
    )
    min_total_fen = _OptionalYuanField(label=_("From a price of"), required=False)
    first_day = _DayField(label=_("First day"))
    last_day = _DayField(label=_("Last day"))
    limit_total = forms.IntegerField(
        label=_("Uses in all"), required=False, min_value=1, max_value=10_000_000, help_text=_("Empty: no limit.")
    )
    limit_per_person = forms.IntegerField(label=_("Uses by one person"), min_value=1, max_value=1000, initial=1)

    def draft(self) -> CouponDraft:
        """The coupon that was asked for. Only of a valid form."""
        data = self.cleaned_data
        funder = CouponFunder(data["funder"])
        whole = {CouponFunder.PLATFORM: 0, CouponFunder.SHOP: 100}
        return CouponDraft(
            code=data["code"],
            name_zh=data["name_zh"],
            name_en=data["name_en"],
            funder=funder,
            value_fen=data["value_fen"],
            starts_at=midnight(data["first_day"]),
            ends_at=midnight(data["last_day"] + timedelta(days=1)),
            shop=data["shop"],
            shop_percent=whole.get(funder, data["shop_percent"] or 0),
            percent=data["percent"],
            min_total_fen=data["min_total_fen"],
            limit_total=data["limit_total"],
            limit_per_person=data["limit_per_person"],
        )

    # What the action calls its fields, where the form calls them otherwise.
    FIELD_OF = {"starts_at": "first_day", "ends_at": "last_day"}

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        return code.strip()


class VersionForm(forms.Form):
    """From when a new version of the rules holds, and why."""

    valid_from = _DayField(
        label=_("For visits booked from"), help_text=_("Rules change from tomorrow on at the earliest.")
    )
    note = forms.CharField(label=_("What changes"), max_length=300)


class RuleForm(forms.Form):
    """One rule; a row without a commission is no rule."""

    shop = _ShopField(label=_("Shop"), required=False, max_length=200)
    shop_kind = forms.ChoiceField(
        label=_("Kind of shop"), required=False, choices=[("", _("every kind")), *ShopKind.choices]
    )
    service = forms.ModelChoiceField(
        label=_("Service"),
        required=False,
        queryset=Service.objects.order_by("name_en", "pk"),
        empty_label=_("every service"),
    )
    min_volume_fen = _OptionalYuanField(label=_("From a turnover of"), required=False)
    commission = forms.DecimalField(
        label=_("Commission, %"),
        required=False,
        min_value=0,
        max_value=MAX_COMMISSION_BP // 100,
        max_digits=4,
        decimal_places=2,
    )
    processing = forms.DecimalField(
        label=_("Payment fee, %"),
        required=False,
        min_value=0,
        max_value=MAX_PROCESSING_BP // 100,
        max_digits=4,
        decimal_places=2,
    )

    def draft(self) -> RuleDraft | None:
        """The rule, None where the row was left empty. Only of a valid form."""
        data = self.cleaned_data
        if data.get("commission") is None:
            return None
        return RuleDraft(
            commission_bp=_bp(data["commission"]),
            processing_bp=_bp(data["processing"] or Decimal(0)),
            shop=data["shop"],
            shop_kind=data["shop_kind"],
            service=data["service"],
            min_volume_fen=data["min_volume_fen"],
        )


def _bp(percent: Decimal) -> int:
    """Hundredths of a percent."""
    return int(percent * 100)


RuleFormSet = forms.formset_factory(
    RuleForm, extra=SPARE_RULES, max_num=MAX_RULES, absolute_max=MAX_RULES, validate_max=True
)
