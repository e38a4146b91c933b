"""Loads check points, inspection templates and the evidence that advice compares (`catalog/data/`)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError

from catalog.evidence_shape import check_evidence, services_of
from catalog.models import CheckPoint, InspectionTemplate, Service, TemplatePoint
from core.catalogue import Seeded
from vehicles import fixtures
from vehicles.fixtures import FixtureError, Identity, Tally

POINTS, TEMPLATES, ADVICE = "inspection_points.yaml", "inspection_templates.yaml", "advice.yaml"

_TEXTS = ("name_zh", "name_en", "section", "kind", "direction", "rule_zh", "rule_en", "confidence")
_POINT = ("key", *_TEXTS, "highest", "source")
_PLAIN: dict[str, Any] = {
    "group": "",
    "group_zh": "",
    "group_en": "",
    "unit": "",
    "is_red_at_limit": True,
    "decimals": 0,
    "needs_photo": True,
    "only_gets_worse": False,
    "is_tested_before_winter": False,
    "valid_months": 12,
    "valid_km": 10_000,
}
_POINT_MAYBE = ("red_at", "yellow_at", "lowest", "new_value", "limit_from", "services", *_PLAIN)
_TEMPLATE = ("key", "name_zh", "name_en", "powertrains", "position", "points")

Compared = dict[str, dict[str, Any]]


def load(directory: Path, *, services: dict[str, Service]) -> Tally:
    """Merge points and templates into their tables; services must be there. Raises FixtureError."""
    points, tally = _load_points(fixtures.read(directory / POINTS), services=services)
    return tally + _load_templates(fixtures.read(directory / TEMPLATES), points=points)


def read_advice(directory: Path) -> tuple[Compared, Compared]:
    """What advice compares, by service and by rule. Raises FixtureError for evidence that nothing would understand."""
    services: Compared = {}
    rules: Compared = {}
    for entry in fixtures.read(directory / ADVICE):
        where = f"{ADVICE}: {entry.get('service') or entry.get('rule')}"
        if "service" in entry:
            optional = ("evidence", "also_done_with", "fitment", "counts_engine")
            fixtures.check_keys(entry, where=where, required=("service",), optional=optional)
            found, key = services, entry["service"]
        else:
            fixtures.check_keys(entry, where=where, required=("rule",), optional=("evidence", "powertrains"))
            found, key = rules, entry["rule"]
        if key in found:
            raise FixtureError(f"{where} stands there twice")
        found[key] = {name: value for name, value in entry.items() if name not in ("service", "rule")}
        _check_evidence(found[key].get("evidence", []), where=where)
    return services, rules


def check_named(compared: Compared, *, known: set[str], services: set[str]) -> None:
    """Raise FixtureError where advice.yaml names what is not there."""
    for key, values in compared.items():
        named = services_of(values.get("evidence", [])) | set(values.get("also_done_with", ()))
        if key not in known or named - services:
            missing = ", ".join(sorted({key} - known | named - services))
            raise FixtureError(f"{ADVICE}: {key}: there is no {missing}")


def set_links(row: Seeded, field: str, ids: list[int]) -> None:
    """Link rows unless an admin changed the links; `seed` remembers what the fixture last said."""
    seeded = row.seed.get(field)
    if seeded == ids:
        return
    links = getattr(row, field)
    if seeded is None or sorted(links.values_list("pk", flat=True)) == sorted(seeded):
        links.set(ids)
    row.seed[field] = ids
    row.save(update_fields=["seed"])


def _check_evidence(evidence: Any, *, where: str) -> None:
    try:
        check_evidence(evidence)
    except ValidationError as error:
        raise FixtureError(f"{where}: {error.messages[0]}") from error


def _load_points(entries: list[dict[str, Any]], *, services: dict[str, Service]) -> tuple[dict[str, CheckPoint], Tally]:
    """In two steps where a point takes its limit from another: the others first."""
    for entry in entries:
        where = f"{POINTS}: {entry.get('key')}"
        fixtures.check_keys(entry, where=where, required=_POINT, optional=_POINT_MAYBE)
        if unknown := set(entry.get("services", ())) - set(services):
            raise FixtureError(f"{where}: there is no service {', '.join(sorted(unknown))}")
    by_key = fixtures.unique(entries, lambda entry: (entry["key"],), where=POINTS)
    first = {key: _point_values(entry, {}) for key, entry in by_key.items() if "limit_from" not in entry}
    points, tally = _merge(first)
    second = {key: _point_values(entry, points) for key, entry in by_key.items() if "limit_from" in entry}
    if second:
        more, more_tally = _merge(second)
        points, tally = points | more, tally + more_tally
    for key, point in points.items():
        set_links(point, "services", [services[name].pk for name in by_key[(key,)].get("services", ())])
    return points, tally


def _merge(rows: Mapping[Identity, Mapping[str, Any]]) -> tuple[dict[str, CheckPoint], Tally]:
    merged, tally = fixtures.merge(CheckPoint, rows, identity=["key"], where=f"{POINTS}:")
    return {point.key: point for point in merged.values()}, tally


def _point_values(entry: Mapping[str, Any], points: Mapping[str, CheckPoint]) -> dict[str, Any]:
    where = f"{POINTS}: {entry['key']}"
    values: dict[str, Any] = {name: entry[name] for name in _TEXTS}
    values |= {name: entry.get(name, default) for name, default in _PLAIN.items()}
    values |= {name: _decimal(entry.get(name), where=where) for name in CheckPoint.DECIMALS}
    values["lowest"] = values["lowest"] if values["lowest"] is not None else Decimal(0)
    limit_from = entry.get("limit_from")
    if limit_from is not None and limit_from not in points:
        raise FixtureError(f"{where}: there is no point {limit_from}")
    values["limit_from_id"] = points[limit_from].pk if limit_from else None
    return values | {"source": fixtures.lines(entry["source"])}


def _decimal(value: Any, *, where: str) -> Decimal | None:
    """Exact decimals are written as text: YAML reads 1.6 as a binary fraction."""
    if value is None:
        return None
    try:
        if isinstance(value, str):
            return Decimal(value)
    except InvalidOperation:
        pass
    raise FixtureError(f"{where}: {value} is no number in quotes")


def _load_templates(entries: list[dict[str, Any]], *, points: dict[str, CheckPoint]) -> Tally:
    for entry in entries:
        where = f"{TEMPLATES}: {entry.get('key')}"
        fixtures.check_keys(entry, where=where, required=_TEMPLATE)
        if unknown := set(entry["points"]) - set(points):
            raise FixtureError(f"{where}: there is no point {', '.join(sorted(unknown))}")
        if len(set(entry["points"])) < len(entry["points"]):
            raise FixtureError(f"{where}: a point stands there twice")
    by_key = fixtures.unique(entries, lambda entry: (entry["key"],), where=TEMPLATES)
    rows = {
        key: {name: entry[name] for name in _TEMPLATE if name not in ("key", "points")} for key, entry in by_key.items()
    }
    merged, tally = fixtures.merge(InspectionTemplate, rows, identity=["key"], where=f"{TEMPLATES}:")
    places: dict[Identity, Mapping[str, Any]] = {
        (template.pk, points[key].pk): {"position": position}
        for (name,), template in merged.items()
        for position, key in enumerate(by_key[(name,)]["points"], start=1)
    }
    identity = ["template_id", "point_id"]
    return tally + fixtures.merge(TemplatePoint, places, identity=identity, where=f"{TEMPLATES}: points")[1]
