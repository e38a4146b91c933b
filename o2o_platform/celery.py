"""The Celery application. Tasks are only a wake-up: rows in PostgreSQL are the truth (docs/architecture.md)."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "o2o_platform.settings.local")

app = Celery("o2o_platform")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
