"""Where things are."""

from pathlib import Path

BASE_DIR = Path(__file__).resolve().parents[2]
# Everything a run leaves behind: databases, uploads, logs, stamps. Delete it to start afresh.
DATA_DIR = BASE_DIR / ".data"
ENVIRONMENT_FILE = DATA_DIR / "services.env"
