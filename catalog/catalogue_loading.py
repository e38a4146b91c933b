"""Loads services and their phases, example prices, makers' schedules, over-maintenance rules and inspections
(`catalog/data/`)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from catalog import inspection_loading, phase_loading
from catalog.inspection_loading import Compared
from catalog.models import MakerSchedule, OverMaintenanceRule, PriceGuide, Service
from vehicles import catalogue_loading as vehicles_loading
from vehicles import fixtures
from vehicles.fixtures import FixtureError, Identity, Tally
from vehicles.models import Make, Variant

DATA = Path(__file__).parent / "data"
FEN_PER_YUAN = 100

_BOTH = ("summary_zh", "summary_en", "when_due_zh", "when_due_en")
_LISTS = ("includes_zh", "includes_en", "excludes_zh", "excludes_en")
_SERVICE = (
    *("key", "name_zh", "name_en", "category", "icon", "position", "trigger", "powertrains", "standard_minutes"),
    *("bay", "skill", "can_be_on_site", "is_per_piece", "interval_km", "interval_months", "interval_confidence"),
    *(*_BOTH, *_LISTS, "aliases", "source", "confidence", "price_examples"),
)
_SERVICE_MAYBE = ("phases",)
_SCHEDULE = ("make", "service", "confidence", "source")
_SCHEDULE_NUMBERS = ("interval_km", "interval_months", "first_km", "first_months")
_SCHEDULE_MAYBE = ("variant", "powertrain", *_SCHEDULE_NUMBERS, "is_condition_based", "note_zh", "note_en")
_RULE = ("key", "name_zh", "name_en", "verdict", "sold_with", "why_zh", "why_en", "confidence", "source")
_RULE_MAYBE = ("service", "alternative", "justified_if_zh", "justified_if_en", "min_km")
# What advice compares, with what stands where advice.yaml says nothing.
_ADVICE: dict[str, Any] = {"evidence": [], "also_done_with": [], "fitment": "", "counts_engine": False}
_RULE_ADVICE: dict[str, Any] = {"evidence": [], "powertrains": []}


@transaction.atomic
def load_all(*, vehicles_data: Path = vehicles_loading.DATA, catalog_data: Path = DATA) -> Tally:
    """Load the whole catalogue, vehicles first, all or nothing; a second load at the same time waits its turn.

    Raises FixtureError. What the fixture never does: overwrite a field that an admin edited, delete a row.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('load_catalogue'))")
    return vehicles_loading.load(vehicles_data) + load(catalog_data)


def load(directory: Path = DATA) -> Tally:
    """Merge the fixture into the tables; makes and variants must be there. Raises FixtureError."""
    of_services, of_rules = inspection_loading.read_advice(directory)
    services, tally = _load_services(fixtures.read(directory / "services.yaml"), compared=of_services)
    tally += _load_schedules(fixtures.read(directory / "schedules.yaml"), services=services)
    tally += _load_rules(fixtures.read(directory / "over_maintenance.yaml"), services=services, compared=of_rules)
    return tally + inspection_loading.load(directory, services=services)


def _load_services(entries: list[dict[str, Any]], *, compared: Compared) -> tuple[dict[str, Service], Tally]:
    for entry in entries:
        where = f"services.yaml: {entry.get('key')}"
        fixtures.check_keys(entry, where=where, required=_SERVICE, optional=_SERVICE_MAYBE)
    by_key = fixtures.unique(entries, lambda entry: (entry["key"],), where="services.yaml")
    keys = {key for (key,) in by_key}
    inspection_loading.check_named(compared, known=keys, services=keys)
    merged, tally = fixtures.merge(
        Service,
        {key: _service_values(entry) | _compared(compared, entry["key"], _ADVICE) for key, entry in by_key.items()},
        identity=["key"],
        where="services.yaml:",
    )
    services = {service.key: service for service in merged.values()}
    phases = {key: phase_loading.read(entry) for (key,), entry in by_key.items()}
    tally += phase_loading.load(phases, services=services)
    guides: dict[Identity, Mapping[str, Any]] = {}
    for entry in entries:
        guides |= _price_guides(entry, service=services[entry["key"]])
    identity = ["service_id", "price_class", "shop_kind"]
    return services, tally + fixtures.merge(PriceGuide, guides, identity=identity, where="services.yaml: prices")[1]


def _service_values(entry: Mapping[str, Any]) -> dict[str, Any]:
    values = {name: entry[name] for name in _SERVICE if name not in ("key", "price_examples")}
    return values | {name: fixtures.lines(values[name]) for name in (*_LISTS, "source")}


def _compared(compared: Compared, key: str, defaults: Mapping[str, Any]) -> dict[str, Any]:
    return {name: compared.get(key, {}).get(name, default) for name, default in defaults.items()}


def _price_guides(entry: Mapping[str, Any], *, service: Service) -> dict[Identity, Mapping[str, Any]]:
    examples, where = entry["price_examples"], f"services.yaml: {entry['key']}: price_examples"
    fixtures.check_keys(examples, where=where, required=("confidence", "yuan"))
    guides: dict[Identity, Mapping[str, Any]] = {}
    for price_class, kinds in examples["yuan"].items():
        for kind, (low, high) in kinds.items():
            if low > high:
                raise FixtureError(f"{where}: {price_class} {kind} goes down")
            guides[(service.pk, price_class, kind)] = {
                "low_fen": low * FEN_PER_YUAN,
                "high_fen": high * FEN_PER_YUAN,
                "confidence": examples["confidence"],
                "source": fixtures.lines(entry["source"]),
            }
    return guides


def _load_schedules(entries: list[dict[str, Any]], *, services: dict[str, Service]) -> Tally:
    makes = dict(Make.objects.values_list("key", "pk"))
    variants = dict(Variant.objects.values_list("slug", "pk"))
    rows: dict[Identity, Mapping[str, Any]] = {}
    for entry in entries:
        where = f"schedules.yaml: {entry.get('make')} {entry.get('service')}"
        fixtures.check_keys(entry, where=where, required=_SCHEDULE, optional=_SCHEDULE_MAYBE)
        slug = entry.get("variant")
        if entry["make"] not in makes or entry["service"] not in services or (slug and slug not in variants):
            raise FixtureError(f"{where}: there is no such make, service or variant")
        key = (
            makes[entry["make"]],
            variants[slug] if slug else None,
            entry.get("powertrain", ""),
            services[entry["service"]].pk,
        )
        if key in rows:
            raise FixtureError(f"{where} stands there twice")
        rows[key] = _schedule_values(entry, where=where)
    identity = ["make_id", "variant_id", "powertrain", "service_id"]
    return fixtures.merge(MakerSchedule, rows, identity=identity, where="schedules.yaml:")[1]


def _schedule_values(entry: Mapping[str, Any], *, where: str) -> dict[str, Any]:
    values: dict[str, Any] = {name: entry.get(name) for name in _SCHEDULE_NUMBERS}
    values["is_condition_based"] = entry.get("is_condition_based", False)
    if values["is_condition_based"] == (values["interval_km"] is not None or values["interval_months"] is not None):
        raise FixtureError(f"{where}: either an interval or is_condition_based")
    values |= {name: entry.get(name, "") for name in ("note_zh", "note_en", "confidence")}
    return values | {"source": fixtures.lines(entry["source"])}


def _load_rules(entries: list[dict[str, Any]], *, services: dict[str, Service], compared: Compared) -> Tally:
    for entry in entries:
        where = f"over_maintenance.yaml: {entry.get('key')}"
        fixtures.check_keys(entry, where=where, required=_RULE, optional=_RULE_MAYBE)
        named = {*entry["sold_with"], entry.get("service"), entry.get("alternative")} - {None}
        if unknown := named - set(services):
            raise FixtureError(f"{where}: there is no service {', '.join(sorted(unknown))}")
    by_key = fixtures.unique(entries, lambda entry: (entry["key"],), where="over_maintenance.yaml")
    inspection_loading.check_named(compared, known={key for (key,) in by_key}, services=set(services))
    rows = {
        key: _rule_values(entry, services=services) | _compared(compared, entry["key"], _RULE_ADVICE)
        for key, entry in by_key.items()
    }
    merged, tally = fixtures.merge(OverMaintenanceRule, rows, identity=["key"], where="over_maintenance.yaml:")
    for key, rule in merged.items():
        inspection_loading.set_links(rule, "sold_with", [services[name].pk for name in by_key[key]["sold_with"]])
    return tally


def _rule_values(entry: Mapping[str, Any], *, services: dict[str, Service]) -> dict[str, Any]:
    values = {name: entry[name] for name in _RULE if name not in ("key", "sold_with")}
    values |= {name: fixtures.lines(entry.get(name)) for name in ("justified_if_zh", "justified_if_en")}
    values["min_km"] = entry.get("min_km")
    for name in ("service", "alternative"):
        values[f"{name}_id"] = services[entry[name]].pk if entry.get(name) else None
    return values
