"""Settings of the servers in a drill: those of the tests, but tasks go to a real broker and nobody is throttled."""

from o2o_platform.settings.test import *  # noqa: F403  (settings modules refine one another by star import)
from o2o_platform.settings.test import REST_FRAMEWORK, env

CELERY_TASK_ALWAYS_EAGER = False
FAULT_POINT = env.str("FAULT_POINT", default="")
FAULT_MARK = env.str("FAULT_MARK", default="")
REST_FRAMEWORK = {**REST_FRAMEWORK, "DEFAULT_THROTTLE_CLASSES": []}
