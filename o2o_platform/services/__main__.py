"""`python -m o2o_platform.services run|build|check`: what the Makefile calls."""

import sys

from o2o_platform.services import assets, checks, launcher
from o2o_platform.services.errors import ServiceError, explain


def main(arguments: list[str]) -> int:
    """Carry out one command; returns the exit code. What the person can put right is said in one line."""
    try:
        match arguments:
            case ["run"]:
                launcher.run()
            case ["build"]:
                print("Built:", ", ".join(assets.build()) or "nothing, all unchanged")
            case ["check"]:
                return 0 if checks.run(checks.all_checks()) else 1
            case _:
                print(__doc__, file=sys.stderr)
                return 2
    except ServiceError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(explain(error), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
