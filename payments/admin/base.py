"""What the admin pages of money have in common: rows are read, nothing is written, and amounts are shown as money."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Model
from unfold.decorators import display

from catalog.admin import ReadOnlyAdmin
from core.money import CURRENCY_SYMBOLS, format_fen_exact


def shown_fen(fen: int | None, currency: str) -> str:
    """An amount as money; in a currency that has no sign of ours with its three letters."""
    if fen is None:
        return ""
    if currency in CURRENCY_SYMBOLS:
        return format_fen_exact(fen, currency=currency)
    return f"{format_fen_exact(fen).replace('¥', '')} {currency}"


def _money(field: str, description: Any) -> Callable[[Any, Any], str]:
    @display(description=description, ordering=field)  # type: ignore[untyped-decorator]
    def shown(_admin: Any, row: Any) -> str:
        return shown_fen(getattr(row, field), getattr(row, "currency", "CNY"))

    return shown  # type: ignore[no-any-return]


class MoneyAdmin(ReadOnlyAdmin):
    """A list to be read. Of `amounts` (field: heading) each is a column `<field>_shown` in place of its fen."""

    amounts: ClassVar[Mapping[str, Any]] = {}
    hidden: ClassVar[frozenset[str]] = frozenset()
    list_filter_submit = True
    list_per_page = 50
    show_full_result_count = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for field, heading in cls.amounts.items():
            setattr(cls, f"{field}_shown", _money(field, heading))

    def __init__(self, model: type[Model], site: admin.AdminSite) -> None:
        super().__init__(model, site)
        names = [field.name for field in model._meta.fields if field.name not in self.hidden | {"id"}]
        self.fields = [f"{name}_shown" if name in self.amounts else name for name in names]
        self.fields += [name for name in self.extra_fields if name not in self.fields]
        self.readonly_fields = self.fields

    extra_fields: ClassVar[tuple[str, ...]] = ()
