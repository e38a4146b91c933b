"""The one function that decides: car, record, measurements, proposal, today → verdict, rule, numbers, change.

Pure and total: the same facts give the same advice, and no believable facts make it fail. The rules in words and with
their boundaries: docs/rules/advice.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from catalog.advice import evidence, measured, schedule, statute, warranty
from catalog.advice.belief import Story, believe
from catalog.advice.evidence import Found
from catalog.advice.facts import CarFacts, Item, Measure, Measurement, Proposal, RecordFacts
from catalog.advice.verdict import Advice, Change, Numbers
from catalog.choices import AdviceChange, AdviceRule, AdviceVerdict, OverMaintenanceVerdict, Trigger


def decide(
    car: CarFacts, record: RecordFacts, measurements: Iterable[Measurement], proposal: Proposal, today: date
) -> Advice:
    """Whether a proposal is needed on the car on `today` (the local day)."""
    return judge(proposal, believe(car, record, measurements, today))


def judge(proposal: Proposal, story: Story) -> Advice:
    """The advice on a proposal from facts that are believed already."""
    subject = proposal.subject
    if subject is None:
        change = (Change(AdviceChange.MEASURE), Change(AdviceChange.EVIDENCE))
        return Advice("", AdviceVerdict.UNKNOWN, AdviceRule.FREE_TEXT, change=change)
    if isinstance(subject, Measure):
        return _of_measure(subject, proposal, story)
    return warranty.with_payer(_of_item(subject, proposal, story), subject, story)


def _of_item(item: Item, proposal: Proposal, story: Story) -> Advice:
    """By what makes it due; a measurement at its limit and evidence that is there come before any interval."""
    if story.car.powertrain not in item.powertrains:
        return _plain(item, AdviceVerdict.NOT_NEEDED, AdviceRule.NOT_ON_THIS_CAR)
    if item.trigger == Trigger.WISH:
        return _plain(item, AdviceVerdict.NOT_NEEDED, AdviceRule.WISH)
    if not item.is_measured and (at_limit := measured.at_limit(item, story)) is not None:
        return at_limit
    found = evidence.find(item.evidence, proposal, story, _of_item)
    if found is not None:
        return _with_evidence(item, found, story)
    if item.is_measured or (item.schedule.is_condition_based and item.points):
        return measured.decide(item, story)
    if item.trigger == Trigger.SYMPTOM:
        return _plain(item, AdviceVerdict.MOSTLY_UNNECESSARY, AdviceRule.NO_SYMPTOM, evidence.wanted(item.evidence))
    return statute.decide(item, story) if item.trigger == Trigger.STATUTE else schedule.decide(item, story)


def _of_measure(measure: Measure, proposal: Proposal, story: Story) -> Advice:
    """From the over-maintenance list: justified with its evidence only, and harmful ones never."""
    if measure.powertrains and story.car.powertrain not in measure.powertrains:
        return _plain(measure, AdviceVerdict.NOT_NEEDED, AdviceRule.NOT_ON_THIS_CAR)
    is_harmful = measure.verdict == OverMaintenanceVerdict.HARMFUL
    found = None if is_harmful else evidence.find(measure.evidence, proposal, story, _of_item)
    if found is not None:
        return _with_evidence(measure, found, story)
    rule = AdviceRule.HARMFUL if is_harmful else AdviceRule.OVER_MAINTENANCE
    wanted = () if is_harmful else evidence.wanted(measure.evidence)
    return _plain(measure, AdviceVerdict.MOSTLY_UNNECESSARY, rule, wanted, is_harmful=is_harmful)


def _with_evidence(subject: Item | Measure, found: Found, story: Story) -> Advice:
    """Justified by what is there, unless the car has not gone as far as it ever takes."""
    min_km = subject.min_km
    if min_km is not None and story.km is not None and story.km < min_km:
        change = (Change(AdviceChange.KM, km=min_km),)
        early = _plain(subject, AdviceVerdict.MOSTLY_UNNECESSARY, AdviceRule.TOO_EARLY, change)
        return early.with_numbers(min_km=min_km, km=story.km, symptoms=found.symptoms, codes=found.codes)
    advice = _plain(subject, AdviceVerdict.JUSTIFIED, AdviceRule.EVIDENCE)
    if found.due is not None:
        return replace(advice, verdict=found.due.verdict, rule=found.due.rule, numbers=found.due.numbers)
    return advice.with_numbers(symptoms=found.symptoms, codes=found.codes, km=story.km, km_on=story.km_on)


def _plain(
    subject: Item | Measure,
    verdict: AdviceVerdict,
    rule: AdviceRule,
    change: tuple[Change, ...] = (),
    *,
    is_harmful: bool = False,
) -> Advice:
    return Advice(
        subject=subject.key,
        verdict=verdict,
        rule=rule,
        numbers=Numbers(),
        change=change,
        is_harmful=is_harmful,
        source=subject.source,
        confidence=subject.confidence,
        alternative=subject.alternative,
    )
