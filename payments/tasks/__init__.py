"""Celery entry points of payments, a module for each area; queue "money"."""

from payments.tasks import collecting, reconciling, settling, stating

__all__ = ["collecting", "reconciling", "settling", "stating"]
