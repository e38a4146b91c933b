"""What advice says: the verdict, the rule, the numbers it stands on and what would change it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from types import UnionType
from typing import Any, NamedTuple, Union, get_args, get_origin, get_type_hints

from catalog.choices import AdviceChange, AdviceRule, AdviceVerdict, Payer


class Numbers(NamedTuple):
    """What a verdict stands on (a named tuple, for many are made); what does not apply is None or empty.

    `last_*`: when it was last done. `from_*`: where counting begins (then, or at delivery; `is_from_new`,
    `is_new_estimated` where only the model year is known). `used`: the fraction of the interval that is used, by
    `used_by` (km or months). `due_*`: where the interval ends. `projected_on`: when `due_km` is reached at the car's
    own rate. `until_*`: until when it can wait. `km`, `km_on`: the last believed odometer reading.
    `engine_percent`: the interval is counted on combustion kilometres, so much of what the car drives;
    `lacks_engine_km`: it should be, and they are not known.
    """

    last_on: date | None = None
    last_km: int | None = None
    from_on: date | None = None
    from_km: int | None = None
    is_from_new: bool = False
    is_new_estimated: bool = False
    interval_km: int | None = None
    interval_months: int | None = None
    used: Fraction | None = None
    used_by: str = ""
    km: int | None = None
    km_on: date | None = None
    due_km: int | None = None
    due_on: date | None = None
    projected_on: date | None = None
    until_km: int | None = None
    until_on: date | None = None
    point: str = ""
    value: Decimal | None = None
    unit: str = ""
    limit: Decimal | None = None
    measured_on: date | None = None
    unmeasured: tuple[str, ...] = ()
    symptoms: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    min_km: int | None = None
    warranty_shop: str = ""
    warranty_until_on: date | None = None
    warranty_until_km: int | None = None
    engine_percent: int | None = None
    lacks_engine_km: bool = False

    @property
    def is_from_about(self) -> bool:
        """Whether nobody said what the odometer showed when it was last done, and other readings tell."""
        return self.from_km is not None and self.last_km is None and not self.is_from_new


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that would change the verdict: its kind, and the keys, kilometres or day that it names."""

    kind: str
    keys: tuple[str, ...] = ()
    km: int | None = None
    on: date | None = None


@dataclass(frozen=True, slots=True)
class Advice:
    """The answer to a proposal. `subject` is the service's or measure's key, empty for free text."""

    subject: str
    verdict: str
    rule: str
    numbers: Numbers = field(default_factory=Numbers)
    change: tuple[Change, ...] = ()
    who_pays: str = Payer.OWNER
    is_harmful: bool = False
    source: str = ""
    confidence: str = ""
    alternative: str = ""

    def as_json(self) -> dict[str, Any]:
        """Strings, integers, booleans, null, lists and objects only; `from_json` reads it back."""
        result: dict[str, Any] = _json(self)
        return result

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Advice:
        """The advice as `as_json` wrote it, for words in the reader's language later. Raises ValueError, KeyError or
        TypeError for anything else."""
        values = dict(data)
        values["numbers"] = _read(Numbers, values["numbers"])
        values["change"] = tuple(_read(Change, entry) for entry in values["change"])
        advice = cls(**values)
        AdviceVerdict(advice.verdict), AdviceRule(advice.rule), Payer(advice.who_pays)
        for change in advice.change:
            AdviceChange(change.kind)
        return advice

    def with_numbers(self, **values: Any) -> Advice:
        return replace(self, numbers=self.numbers._replace(**values))


def _json(value: Any) -> Any:
    if isinstance(value, Numbers):
        return {name: _json(entry) for name, entry in value._asdict().items()}
    if hasattr(value, "__dataclass_fields__"):
        return {entry.name: _json(getattr(value, entry.name)) for entry in fields(value)}
    if isinstance(value, tuple):
        return [_json(part) for part in value]
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        # Not by `normalize`, which rounds what has more digits than the context.
        text = format(value, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    if isinstance(value, Fraction | str) and not isinstance(value, bool):
        return str(value)
    return value


_READERS: dict[Any, Any] = {date: date.fromisoformat, Decimal: Decimal, Fraction: Fraction}


def _read(kind: type[Any], data: Mapping[str, Any]) -> Any:
    hints = get_type_hints(kind)
    return kind(**{name: _value(hints[name], value) for name, value in data.items()})


def _value(hint: Any, value: Any) -> Any:
    if value is None:
        return None
    if get_origin(hint) in (Union, UnionType):
        (hint,) = (part for part in get_args(hint) if part is not type(None))
    if get_origin(hint) is tuple:
        return tuple(value)
    return _READERS[hint](value) if hint in _READERS else value
