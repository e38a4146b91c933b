"""Fields that several serializers of cars have."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from vehicles.limits import MAX_ODOMETER_KM
from vehicles.record.typed import TypedKmError, kilometres
from vehicles.typed_words import typed_words


class KilometresField(serializers.IntegerField):
    """What an odometer can show, in whole kilometres; as text also with separators and unit. The serializer's context
    may hold `last_km`, the reading before."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"min_value": 0, "max_value": MAX_ODOMETER_KM} | kwargs)

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int | float | str):
            self.fail("invalid")
        whole = int(data) if isinstance(data, float) and data.is_integer() else data
        try:
            return kilometres(str(whole), last_km=self.context.get("last_km"))
        except TypedKmError as error:
            raise serializers.ValidationError(typed_words(error), code=error.fault) from None
