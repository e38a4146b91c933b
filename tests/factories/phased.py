"""A visit in several parts: an advisor writes it up, it stands on a lift, then on the alignment rig."""

from typing import Any

from bookings.engine.jobs import Job
from catalog.models import Offer, ServicePhase
from shops.choices import ResourceKind
from tests.factories.jobs import lavida, minor_service
from tests.factories.shops import BayFactory, TechnicianResourceFactory, open_shop


def phased_job(*, lifts: int = 2, with_loaner: bool = False, **shop_fields: Any) -> Job:
    """A job of three phases, 15 + 40 + 30 minutes, at a new shop with two people for each part of it.

    "Lift 1"…, "Rig 1", "Rig 2"; "Wang Lei" and "Li Qiang" do the lift work, "Zhou Hai" and "Zhao Min" the alignment;
    "Advisor Ma", "Advisor Xu"; one loaner car, "Loaner 1".
    """
    shop = open_shop(bays=0, technicians=0, **{"write_up_minutes": 15, **shop_fields})
    for n in range(1, lifts + 1):
        BayFactory(shop=shop, name_zh=f"Lift {n}", name_en=f"Lift {n}", capabilities=["lift"], position=n)
    for n in (1, 2):
        BayFactory(shop=shop, name_zh=f"Rig {n}", name_en=f"Rig {n}", capabilities=["alignment"], position=10 + n)
    for n, name in enumerate(("Wang Lei", "Li Qiang", "Zhou Hai", "Zhao Min")):
        skill = "maintenance" if n < 2 else "alignment"
        TechnicianResourceFactory(shop=shop, name_zh=name, name_en=name, capabilities=[skill], position=n)
    for name in ("Advisor Ma", "Advisor Xu"):
        BayFactory(shop=shop, name_zh=name, name_en=name, kind=ResourceKind.ADVISOR, capabilities=[])
    BayFactory(shop=shop, name_zh="Loaner 1", name_en="Loaner 1", kind=ResourceKind.LOANER, capabilities=[])
    service = minor_service(key="chassis_check", name_zh="底盘检查", name_en="Chassis check", standard_minutes=70)
    ServicePhase.objects.get_or_create(
        service=service, position=0, defaults={"kind": "work", "bay": "lift", "skill": "maintenance"}
    )
    ServicePhase.objects.get_or_create(
        service=service,
        position=1,
        defaults={
            "kind": "alignment",
            "bay": "alignment",
            "skill": "alignment",
            "minutes": 30,
            "max_wait_minutes": 60,
        },
    )
    Offer.objects.create(shop=shop, service=service, scope="all", labour_fen=20_000, parts_fen=0, minutes=70)
    return Job(shop=shop, service=service, variant=lavida(), with_loaner=with_loaner)
