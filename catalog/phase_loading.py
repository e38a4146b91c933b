"""Loads the phases of services (`phases` in `catalog/data/services.yaml`) and keeps what an admin made of them.

The phases of one service hang together: where an admin's edits and a new fixture would not add up, the admin's stay.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from catalog import stretches
from catalog.models import Service, ServicePhase
from vehicles import fixtures
from vehicles.fixtures import FixtureError, Tally

_PHASE = ("kind", "minutes", "shared_minutes", "bay", "skill", "max_wait_minutes", "confidence", "source")
_PHASE_MAYBE = ("before_minutes", "after_minutes")
# Where a service's `seed` keeps the positions that the fixture last named: one that is missing was taken out by hand.
_LAST = "phases"


def read(entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The phases of a service's entry as field values, in order. Raises FixtureError where they do not add up."""
    where = f"services.yaml: {entry['key']}: phases"
    said = entry.get("phases", [])
    if not isinstance(said, list) or not all(isinstance(phase, dict) for phase in said):
        raise FixtureError(f"{where}: must be a list of mappings")
    rows = [_row(phase, position=number, where=f"{where}: {number}") for number, phase in enumerate(said, start=1)]
    if wrong := stretches.fault(rows, standard_minutes=int(entry["standard_minutes"])):
        raise FixtureError(f"{where}: {wrong.value}")
    names = ("position", *_PHASE, *_PHASE_MAYBE)
    return [{name: getattr(row, name) for name in names} for row in rows]


def _row(phase: Mapping[str, Any], *, position: int, where: str) -> ServicePhase:
    fixtures.check_keys(phase, where=where, required=_PHASE, optional=_PHASE_MAYBE)
    row = ServicePhase(**{**phase, "position": position, "source": fixtures.lines(phase["source"])})
    fixtures.validate(row, where=where)
    return row


def load(said: Mapping[str, list[dict[str, Any]]], *, services: Mapping[str, Service]) -> Tally:
    """Bring the phases of all `services` (by key) in line with what the fixture said.

    One query to read, one to insert, one to remember, one for each changed row. A phase that an admin edited, added
    or took out stays as the admin left it.
    """
    have: dict[int, list[ServicePhase]] = defaultdict(list)
    for row in ServicePhase.objects.order_by("service_id", "position"):
        have[row.service_id].append(row)
    tally = Tally()
    new: list[ServicePhase] = []
    remembered: list[Service] = []
    for key, service in services.items():
        merge = _Merge(service, have[service.pk], said.get(key, []))
        if stretches.fault(merge.result, standard_minutes=service.standard_minutes):
            tally.unchanged += len(have[service.pk])
            continue
        merge.write()
        new += merge.new
        tally += merge.tally
        if service.seed.get(_LAST, []) != merge.positions:
            service.seed[_LAST] = merge.positions
            remembered.append(service)
    ServicePhase.objects.bulk_create(new)
    Service.objects.bulk_update(remembered, ["seed"])
    return tally


class _Merge:
    """What becomes of one service's phases: `result` in all, of which some are `new` or `changed`, and some `gone`."""

    def __init__(self, service: Service, have: Iterable[ServicePhase], said: Sequence[Mapping[str, Any]]) -> None:
        self.result: list[ServicePhase] = []
        self.new: list[ServicePhase] = []
        self.changed: list[ServicePhase] = []
        self.positions = [values["position"] for values in said]
        by_position = {row.position: row for row in have}
        for values in said:
            row = by_position.pop(values["position"], None)
            if row is not None:
                self._keep(row, values)
            elif values["position"] not in service.seed.get(_LAST, []):
                self._add(service, values)
        self.gone = [row for row in by_position.values() if row.seed and not _is_edited(row)]
        self.result += [row for row in by_position.values() if row not in self.gone]

    def _keep(self, row: ServicePhase, values: Mapping[str, Any]) -> None:
        # A row without a seed was made by a person.
        if row.seed and row.merge_seed(values):
            self.changed.append(row)
        self.result.append(row)

    def _add(self, service: Service, values: Mapping[str, Any]) -> None:
        row = ServicePhase(service=service)
        row.merge_seed(values)
        self.new.append(row)
        self.result.append(row)

    @property
    def tally(self) -> Tally:
        touched = len(self.changed) + len(self.gone)
        return Tally(len(self.new), touched, len(self.result) - len(self.new) - len(self.changed))

    def write(self) -> None:
        """Delete and save what is there already. The database allows one phase without minutes at a time."""
        if self.gone:
            ServicePhase.objects.filter(pk__in=[row.pk for row in self.gone]).delete()
        for row in sorted(self.changed, key=lambda row: row.minutes is None):
            row.save()


def _is_edited(row: ServicePhase) -> bool:
    return any(getattr(row, name) != value for name, value in row.seed.items())
