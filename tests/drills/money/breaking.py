"""The mistake that the drill has to find: after a time-out a refund gets a new number instead of being asked about."""

from __future__ import annotations

from datetime import datetime

from django.apps import AppConfig


class BreakingConfig(AppConfig):
    """Takes the guard away in every process that has this app."""

    name = "tests.drills.money"
    label = "breaking"

    def ready(self) -> None:
        # Models cannot be imported before all apps are there.
        from core.ids import new_public_id
        from payments import refund_sending
        from payments.models import Refund

        claim = refund_sending._claim

        def claim_under_a_new_number(refund_id: int, at: datetime) -> tuple[Refund, bool] | None:
            claimed = claim(refund_id, at)
            if claimed is None or not claimed[1]:
                return claimed
            refund = claimed[0]
            refund.request_no = new_public_id()
            refund.save(update_fields=["request_no"])
            return refund, False

        refund_sending._claim = claim_under_a_new_number
