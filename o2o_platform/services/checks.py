"""`make check`: everything that judges the code without running it. All checks run; the failures stand at the end."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from o2o_platform.services import terminal
from o2o_platform.services.paths import BASE_DIR

_TEST = {"DJANGO_SETTINGS_MODULE": "o2o_platform.settings.test"}
# Complete but of no use: enough for Django to judge the settings of a deployment.
PRODUCTION_ENVIRONMENT = {
    "DJANGO_SETTINGS_MODULE": "o2o_platform.settings.production",
    "SECRET_KEY": "for-the-deployment-check-only-" + "0123456789abcdefghijklmnopqrstuvwxyz" * 2,
    "DATABASE_URL": "postgres://nobody@127.0.0.1:1/nothing",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "ALLOWED_HOSTS": "carkeeper.example",
    "SITE_URL": "https://carkeeper.example",
    "EMAIL_URL": "smtp+tls://user:password@mail.example:587",
}


@dataclass(frozen=True)
class Check:
    """A command that exits 0 when all is well."""

    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """How a check went."""

    check: Check
    passed: bool
    output: str
    seconds: float


def all_checks() -> list[Check]:
    """The checks, the slow one first so that the others run beside it."""
    python = [sys.executable, "-m"]
    # Without a database makemigrations cannot compare history with it, and says so; the files are what counts here.
    manage = [sys.executable, "-W", "ignore::RuntimeWarning", "manage.py"]
    return [
        Check("types (mypy)", [*python, "mypy", "."], _TEST),
        Check("lint (ruff)", [*python, "ruff", "check", "."]),
        Check("format (ruff)", [*python, "ruff", "format", "--check", "."]),
        Check("layers (import-linter)", [_script("lint-imports")]),
        Check("templates (djade)", [_script("djade"), "--target-version", "5.2", "--check", *_templates()]),
        Check("migrations", [*manage, "makemigrations", "--check", "--dry-run"], _TEST),
        Check("deployment", [*manage, "check", "--deploy", "--fail-level", "WARNING"], PRODUCTION_ENVIRONMENT),
        Check("API schema", [*manage, "spectacular", "--validate", "--fail-on-warn", "--file", os.devnull], _TEST),
        Check("translations", [*python, "o2o_platform.translations", "check"]),
    ]


def run(checks: list[Check]) -> bool:
    """Run the checks, two at a time, print a line for each, then what the failed ones said; True if all passed."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        results = []
        for result in pool.map(_run_one, checks):
            mark = terminal.paint("✓", "32") if result.passed else terminal.paint("✗", "31")
            terminal.say(f"  {mark} {result.check.name} {terminal.paint(f'{result.seconds:.1f} s', '2')}")
            results.append(result)
    failed = [result for result in results if not result.passed]
    for result in failed:
        terminal.say(f"\n{terminal.paint(result.check.name, '1;31')}: {' '.join(result.check.command)[:120]}")
        terminal.say(result.output.strip())
    terminal.say(f"\n{len(results) - len(failed)} checks passed, {len(failed)} failed")
    return not failed


def _run_one(check: Check) -> Result:
    started = time.monotonic()
    done = subprocess.run(
        check.command,
        cwd=BASE_DIR,
        env={**os.environ, **check.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Result(check, done.returncode == 0, done.stdout, time.monotonic() - started)


def _script(name: str) -> str:
    return os.path.join(os.path.dirname(sys.executable), name)


def _templates() -> list[str]:
    return [str(path.relative_to(BASE_DIR)) for path in sorted((BASE_DIR / "templates").rglob("*.html"))]
