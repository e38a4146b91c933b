"""Loads makes, manufacturer codes, models and variants from `vehicles/data/`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vehicles import fixtures
from vehicles.actions import refresh_search_text
from vehicles.fixtures import FixtureError, Identity, Tally
from vehicles.models import CarModel, Make, Variant, Wmi

DATA = Path(__file__).parent / "data"

_FACT = ("source", "confidence")
_MAKE = ("key", "name_zh", "name_en", "kind", "aliases", *_FACT, "wmis")
_WMI = ("code", "maker_zh", "maker_en", *_FACT)
_MODEL = ("make", "key", "name_zh", "name_en", "segment", "price_class", "aliases", *_FACT, "variants")
_VARIANT = ("slug", "code", "powertrain", *_FACT)
_VARIANT_MAYBE = ("engine", "displacement_l", "oil_l", "oil_confidence", "viscosity", "note_zh", "note_en")
_UNKNOWN_IS_NULL = ("displacement_l", "oil_l")


def load(directory: Path = DATA) -> Tally:
    """Merge the fixture into the tables; the caller holds the transaction. Raises FixtureError."""
    makes, tally = _load_makes(fixtures.read(directory / "makes.yaml"))
    tally += _load_models(fixtures.read(directory / "models.yaml"), makes=makes)
    refresh_search_text()
    return tally


def _load_makes(entries: list[dict[str, Any]]) -> tuple[dict[str, Make], Tally]:
    for entry in entries:
        fixtures.check_keys(entry, where=f"makes.yaml: {entry.get('key')}", required=_MAKE)
    by_key = fixtures.unique(entries, lambda entry: (entry["key"],), where="makes.yaml")
    rows = {key: _without(entry, "key", "wmis") for key, entry in by_key.items()}
    merged, tally = fixtures.merge(Make, rows, identity=["key"], where="makes.yaml:")
    makes = {make.key: make for make in merged.values()}

    codes: dict[Identity, Mapping[str, Any]] = {}
    for entry in entries:
        for wmi in entry["wmis"]:
            where = f"makes.yaml: {entry['key']} {wmi.get('code')}"
            fixtures.check_keys(wmi, where=where, required=_WMI)
            if (key := (wmi["code"], makes[entry["key"]].pk)) in codes:
                raise FixtureError(f"{where} stands there twice")
            codes[key] = _without(wmi, "code")
    return makes, tally + fixtures.merge(Wmi, codes, identity=["code", "make_id"], where="makes.yaml:")[1]


def _load_models(entries: list[dict[str, Any]], *, makes: dict[str, Make]) -> Tally:
    for entry in entries:
        where = f"models.yaml: {entry.get('make')} {entry.get('key')}"
        fixtures.check_keys(entry, where=where, required=_MODEL)
        if entry["make"] not in makes:
            raise FixtureError(f"{where}: there is no such make")
    by_key = fixtures.unique(entries, lambda entry: (makes[entry["make"]].pk, entry["key"]), where="models.yaml")
    rows = {key: _without(entry, "make", "key", "variants") for key, entry in by_key.items()}
    models, tally = fixtures.merge(CarModel, rows, identity=["make_id", "key"], where="models.yaml:")

    variants: dict[Identity, Mapping[str, Any]] = {}
    for key, model in by_key.items():
        for variant in model["variants"]:
            where = f"models.yaml: {model['key']} {variant.get('code')}"
            fixtures.check_keys(variant, where=where, required=_VARIANT, optional=_VARIANT_MAYBE)
            if (slug := (variant["slug"],)) in variants:
                raise FixtureError(f"{where}: {variant['slug']} stands there twice")
            variants[slug] = _variant_values(variant) | {"model_id": models[key].pk}
    return tally + fixtures.merge(Variant, variants, identity=["slug"], where="models.yaml:")[1]


def _variant_values(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Every column of a variant; what the fixture leaves out is unknown: NULL for a number, empty for a text."""
    values = {name: entry.get(name, None if name in _UNKNOWN_IS_NULL else "") for name in _VARIANT_MAYBE}
    if bool(values["oil_confidence"]) != (values["oil_l"] is not None):
        raise FixtureError(f"models.yaml: {entry['slug']}: oil volume and its confidence go together")
    return values | {name: entry[name] for name in _VARIANT if name != "slug"}


def _without(entry: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key not in keys}
