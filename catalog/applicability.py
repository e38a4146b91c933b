"""Why a service does not apply to a car, in words."""

from __future__ import annotations

from django.utils.translation import gettext as _

from catalog.models import Service
from vehicles.choices import Powertrain
from vehicles.models import Variant

_ENGINES = {Powertrain.ICE, Powertrain.HEV, Powertrain.PHEV, Powertrain.EREV}
_HIGH_VOLTAGE = {Powertrain.PHEV, Powertrain.EREV, Powertrain.BEV}


def reason_against(service: Service, variant: Variant) -> str:
    """Why this service makes no sense on this car; empty when it does."""
    if service.suits(variant):
        return ""
    needed = {Powertrain(value) for value in service.powertrains}
    if variant.powertrain == Powertrain.BEV and needed <= _ENGINES:
        return _("A battery car has no engine or gearbox for this.")
    if variant.powertrain == Powertrain.ICE and needed <= _HIGH_VOLTAGE:
        return _("Only for cars with a high-voltage battery.")
    names = _(", ").join(str(Powertrain(value).label) for value in service.powertrains)
    return _("Not for a %(powertrain)s. For: %(others)s.") % {
        "powertrain": variant.get_powertrain_display(),
        "others": names,
    }
