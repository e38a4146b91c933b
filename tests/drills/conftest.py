"""Drills kill processes and take minutes: `make drill` runs them, `make test` and CI do not."""

import os

collect_ignore_glob = [] if os.environ.get("DRILL") else ["test_*.py"]
