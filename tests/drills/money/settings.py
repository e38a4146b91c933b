"""Settings of the processes in the drill of money: sweeps come every few seconds, points are armed by a file."""

from pathlib import Path

from celery.schedules import schedule

from tests.drills.money.arming import ArmedPoint, Mark
from tests.drills.settings import *  # noqa: F403  (settings modules refine one another by star import)
from tests.drills.settings import CELERY_BEAT_SCHEDULE, PAYMENT_PROVIDERS, env

_FOLDER = Path(env.str("DRILL_FOLDER"))

ROOT_URLCONF = "tests.drills.money.urls"
FAULT_POINT = ArmedPoint(_FOLDER)
FAULT_MARK = Mark(_FOLDER)
# Shorter than the sandbox's silences, so that they are time-outs.
PAYMENT_PROVIDERS = {key: {**options, "read_timeout": "2"} for key, options in PAYMENT_PROVIDERS.items()}
_EVERY_SECONDS = {
    "core-dispatch-outbox": 2,
    "payments-sweep": 2,
    "payments-settle-due": 2,
    "payments-make-payouts": 4,
    "payments-send-payouts": 2,
}
CELERY_BEAT_SCHEDULE = {
    name: {**CELERY_BEAT_SCHEDULE[name], "schedule": schedule(seconds)} for name, seconds in _EVERY_SECONDS.items()
}
