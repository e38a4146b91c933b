"""Evidence: symptoms, fault codes and facts of the record that would justify what no interval asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from catalog.advice import schedule
from catalog.advice.belief import Story
from catalog.advice.facts import Clause, Item, Proposal
from catalog.advice.verdict import Advice, Change
from catalog.choices import AdviceChange, AdviceVerdict

Decide = Callable[[Item, Proposal, Story], Advice]


@dataclass(frozen=True, slots=True)
class Found:
    """The evidence that is there."""

    symptoms: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    due: Advice | None = None


def find(clauses: Iterable[Clause], proposal: Proposal, story: Story, decide: Decide) -> Found | None:
    """The first clause of which everything holds; None where there is none. `decide` says whether an item is due."""
    for clause in clauses:
        found = _holds(clause, proposal, story, decide)
        if found is not None:
            return found
    return None


def _holds(clause: Clause, proposal: Proposal, story: Story, decide: Decide) -> Found | None:
    symptoms = tuple(key for key in clause.symptoms if key in proposal.symptoms)
    codes = tuple(sorted(code for code in proposal.fault_codes if any(is_code(code, span) for span in clause.codes)))
    if (clause.symptoms and not symptoms) or (clause.codes and not codes):
        return None
    if clause.over_km is not None and (story.km is None or story.km <= clause.over_km):
        return None
    if clause.skipped and not any(schedule.is_skipped(item, story) for item in clause.skipped):
        return None
    if not all(schedule.is_fresh(item, story) for item in clause.fresh):
        return None
    if not clause.due:
        return Found(symptoms, codes)
    due = next((advice for item in clause.due if (advice := decide(item, proposal, story)).verdict in _DUE), None)
    return None if due is None else Found(symptoms, codes, due)


_DUE = (AdviceVerdict.DUE_NOW, AdviceVerdict.JUSTIFIED)


def is_code(code: str, span: str) -> bool:
    """Whether a fault code is the one, or in the range, that `span` names: "P0300" in "P0300-P0304".

    What a scanner writes behind the five characters (the kind of failure, "P0300-11") does not count.
    """
    first, _, last = span.partition("-")
    code = code.upper()[: len(first)]
    return len(code) == len(first) and first <= code <= (last or first)


def wanted(clauses: Iterable[Clause]) -> tuple[Change, ...]:
    """What would count as evidence, each thing named once."""
    changes: dict[Change, None] = {}
    for clause in clauses:
        for change in _wanted(clause):
            changes.setdefault(change)
    return tuple(changes)


def _wanted(clause: Clause) -> Iterable[Change]:
    if clause.fresh:
        yield Change(AdviceChange.FIRST, keys=tuple(item.key for item in clause.fresh))
    if clause.symptoms:
        yield Change(AdviceChange.SYMPTOM, keys=clause.symptoms, km=clause.over_km)
    if clause.codes:
        yield Change(AdviceChange.CODE, keys=clause.codes, km=clause.over_km)
    if clause.skipped:
        yield Change(AdviceChange.EVIDENCE, keys=tuple(item.key for item in clause.skipped))
    for item in clause.due:
        if item.points:
            yield Change(AdviceChange.MEASURE, keys=tuple(point.key for point in item.points))
        yield from wanted(item.evidence)
