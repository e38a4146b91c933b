"""Templates that refuse to be filled in with holes: for what people are told, where a hole would be read as a fact.

Settings import this, so it imports nothing.
"""

from __future__ import annotations


class MissingVariableError(LookupError):
    """A template names something that it was not given."""


class Missing(str):
    """Stands for a variable that is not there (an engine's `string_if_invalid`): to write it raises
    MissingVariableError."""

    __slots__ = ()

    def __new__(cls) -> Missing:
        return super().__new__(cls, "%s")

    def __mod__(self, name: object) -> str:
        raise MissingVariableError(str(name))
