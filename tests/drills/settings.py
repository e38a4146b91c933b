"""Settings of the servers in a drill: those of the tests, but tasks go to a real broker and nobody is throttled."""

from o2o_platform.settings.test import *  # noqa: F403  (settings modules refine one another by star import)
from o2o_platform.settings.test import REST_FRAMEWORK

CELERY_TASK_ALWAYS_EAGER = False
REST_FRAMEWORK = {**REST_FRAMEWORK, "DEFAULT_THROTTLE_CLASSES": []}
