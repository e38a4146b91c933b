"""Finding a car: make → model → variant, by typing, or by VIN. All three narrow down to a list of variants."""

from __future__ import annotations

from dataclasses import dataclass, field

from vehicles import vin
from vehicles.models import CarModel, Make, Variant
from vehicles.vin import DecodedVin

MAX_RESULTS = 24


@dataclass
class Findings:
    """What the finder shows: makes to pick from, then models, then variants, or what typing found."""

    makes: list[Make] = field(default_factory=list)
    make: Make | None = None
    models: list[CarModel] = field(default_factory=list)
    model: CarModel | None = None
    variants: list[Variant] = field(default_factory=list)
    results: list[Variant] | None = None
    decoded: DecodedVin | None = None


def look(*, make: str = "", model: str = "", text: str = "") -> Findings:
    """What there is under a make and model (by key), and what the text finds. Unknown keys are as good as none."""
    findings = Findings(makes=list(Make.objects.listed()))
    if text:
        findings.results = list(Variant.objects.listed().with_names().found_by(text)[:MAX_RESULTS])
    findings.make = next((row for row in findings.makes if row.key == make), None)
    if findings.make is not None:
        findings.models = list(
            CarModel.objects.filter(make=findings.make, variants__is_listed=True).distinct().select_related("make")
        )
        findings.model = next((row for row in findings.models if row.key == model), None)
    if findings.model is not None:
        findings.variants = list(Variant.objects.listed().with_names().filter(model=findings.model))
    return findings


def look_by_vin(text: str, *, this_year: int, make: str = "", model: str = "") -> Findings:
    """Like `look`, with the makes narrowed to those that the VIN's builder builds. Raises VinError."""
    decoded = vin.decode(text, this_year=this_year)
    if len(decoded.makes) == 1:
        make = decoded.makes[0].key
    findings = look(make=make, model=model)
    findings.decoded = decoded
    if decoded.makes:
        ours = {row.key for row in decoded.makes}
        findings.makes = [row for row in findings.makes if row.key in ours]
    return findings
