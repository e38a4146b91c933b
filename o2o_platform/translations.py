"""Translations without the gettext programs: `python -m o2o_platform.translations extract|check|compile`.

English is in the code; locale/*/LC_MESSAGES/django.po holds the other languages. Babel reads and writes the files,
Django says what in a template is to be translated.
"""

import os
import re
import sys
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract as extract_with
from babel.messages.extract import extract_python
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

from o2o_platform.services.paths import BASE_DIR

LOCALE_DIR = BASE_DIR / "locale"

MessageId = str | tuple[str, ...] | list[str]
Key = tuple[MessageId, str | None]
Found = tuple[MessageId, list[str], str | None]

_OURS_SKIPPED = {".venv", ".data", ".git", "tests", "benchmarks", "migrations", "locale", "static", "staticfiles"}
# Packages whose pages people see, with the parts that are installed. Only what they leave untranslated becomes ours.
_PACKAGES = {
    "unfold": ("", "contrib/filters", "contrib/forms"),
    "allauth": ("account", "mfa", "headless", "templates/account", "templates/mfa", "templates/allauth", "utils.py"),
    "rest_framework": (
        "exceptions.py",
        "fields.py",
        "serializers.py",
        "relations.py",
        "validators.py",
        "throttling.py",
    ),
}
_PACKAGE_SKIPPED = {"tests", "test", "management", "migrations", "contrib", "locale", "static", "node_modules"}

_PLAIN = {"_": None, "gettext": None, "gettext_lazy": None, "gettext_noop": None}
_PLURAL = {"ngettext": (1, 2), "ngettext_lazy": (1, 2)}
_CONTEXT = {"pgettext": ((1, "c"), 2), "pgettext_lazy": ((1, "c"), 2)}
_CONTEXT_PLURAL = {"npgettext": ((1, "c"), 2, 3), "npgettext_lazy": ((1, "c"), 2, 3)}
KEYWORDS = {**_PLAIN, **_PLURAL, **_CONTEXT, **_CONTEXT_PLURAL}

_PLACEHOLDER = re.compile(r"%\((\w+)\)[a-z]|%[sd]|\{(\w*)[^{}]*\}")


def extract() -> None:
    """Rewrite every django.po: new strings empty, translations kept, strings that have gone moved to the end."""
    for path in _catalogues():
        before = read_catalogue(path)
        after = merge(before, extracted(language=path.parent.parent.name))
        with path.open("wb") as file:
            write_po(file, after, width=120, sort_by_file=True, include_lineno=False)
        empty = [message for message in _messages(after) if not all(_strings(message))]
        print(f"{path.relative_to(BASE_DIR)}: {len(list(_messages(after)))} strings, {len(empty)} to translate")


def check() -> list[str]:
    """What is wrong with the translations, one line each; empty when every string is there, complete and sound."""
    problems: list[str] = []
    for path in _catalogues():
        language = path.parent.parent.name
        wanted = extracted(language=language)
        problems += [f"{path.relative_to(BASE_DIR)}: {line}" for line in compare(read_catalogue(path), wanted)]
    return problems


def compile_catalogue(path: Path) -> None:
    """Write the .mo file that Django reads beside the .po file; two at once do not write into one another's."""
    partial = path.with_suffix(f".mo.{os.getpid()}.partial")
    with partial.open("wb") as file:
        write_mo(file, read_catalogue(path))
    partial.replace(path.with_suffix(".mo"))


def read_catalogue(path: Path) -> Catalog:
    """Read a .po file; its language is the name of its folder."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parent.parent.name, domain="django", abort_invalid=True)


def extracted(*, language: str) -> Catalog:
    """Every string to translate: all of ours, and those of installed packages that lack this language."""
    catalogue = Catalog(domain="django", fuzzy=False)
    for path in sorted(_files(BASE_DIR, _OURS_SKIPPED)):
        place = (str(path.relative_to(BASE_DIR)), 1)
        for message, comments, context in strings_of(path):
            catalogue.add(message, locations=[place], auto_comments=comments, context=context)
    translated = _translated_elsewhere(language)
    for package, parts in _PACKAGES.items():
        for path in sorted(_package_files(package, parts)):
            for message, _, context in strings_of(path):
                if _key(message, context) not in translated and catalogue.get(message, context) is None:
                    catalogue.add(message, auto_comments=[f"from the package {package}"], context=context)
    return catalogue


def strings_of(path: Path) -> Iterator[Found]:
    """The strings that a Python file or template marks for translation: message, comments for translators, context."""
    method: Any = "python" if path.suffix == ".py" else _read_template
    with path.open("rb") as file:
        for _, message, comments, context in extract_with(method, file, KEYWORDS, ["Translators"]):
            if message and any(message):
                yield message, [comment.removeprefix("Translators: ") for comment in comments], context


def merge(before: Catalog, wanted: Catalog) -> Catalog:
    """`wanted` with the translations of `before`; what is no longer wanted is kept as obsolete."""
    known: dict[Key, Message] = {_key(message.id, message.context): message for message in before.obsolete.values()}
    known |= {_key(message.id, message.context): message for message in _messages(before)}
    after = Catalog(
        locale=before.locale,
        domain="django",
        header_comment=before.header_comment,
        project="CarKeeper",
        version="1",
        # Kept as they are: a new date in each extraction would be the only change in most of them.
        creation_date=before.creation_date,
        revision_date=before.revision_date,
        fuzzy=False,
    )
    for message in _messages(wanted):
        old = known.pop(_key(message.id, message.context), None)
        string = old.string if old and bool(old.pluralizable) == bool(message.pluralizable) else ""
        if message.pluralizable and not string:
            string = ("",) * after.num_plurals
        after.add(
            message.id,
            string,
            locations=message.locations,
            flags=[flag for flag in (old.flags if old else ()) if flag == "fuzzy"],
            auto_comments=message.auto_comments,
            user_comments=old.user_comments if old else (),
            context=message.context,
        )
    after.obsolete.update({str(key): message for key, message in known.items() if any(_strings(message))})
    return after


def compare(catalogue: Catalog, wanted: Catalog) -> Iterator[str]:
    """What `catalogue` lacks or has wrong, measured against the strings that are `wanted`."""
    for message in _messages(wanted):
        ours = catalogue.get(message.id, message.context)
        title = repr(message.id if isinstance(message.id, str) else message.id[0])
        if ours is None:
            yield f"missing: {title} (run `make messages`)"
        elif not all(_strings(ours)):
            yield f"not translated: {title}"
        elif ours.fuzzy:
            yield f"fuzzy: {title}"
        elif isinstance(message.id, tuple) != isinstance(ours.id, tuple):
            yield f"with and without plural: {title} (run `make messages`)"
        else:
            yield from (f"{fault}: {title}" for fault in _faults(ours))


def _faults(message: Message) -> Iterator[str]:
    # Chinese has one form for every number, so it stands for the English plural, which has all placeholders.
    original = message.id if isinstance(message.id, str) else message.id[-1]
    wanted = placeholders(original)
    for string in _strings(message):
        if placeholders(string) != wanted:
            yield f"placeholders {sorted(placeholders(string))} instead of {sorted(wanted)}"
        if original.startswith("\n") != string.startswith("\n") or original.endswith("\n") != string.endswith("\n"):
            yield "line breaks at start or end differ"


def placeholders(text: str) -> set[str]:
    """The names that are filled in: %(name)s, %s and {name}."""
    return {match[0] if match[0].startswith("%") else "{" + match[2] + "}" for match in _PLACEHOLDER.finditer(text)}


def _read_template(file: IO[bytes], keywords: Any, comment_tags: Any, options: Any) -> Iterator[Any]:
    """Babel's reader for templates: Django turns one into calls of gettext between rubbish, which reads as Python."""
    # The rubbish keeps the template's indentation, which would upset Python's tokenizer.
    lines = (line.strip() for line in templatize(file.read().decode()).splitlines())
    return extract_python(BytesIO("\n".join(lines).encode()), keywords, comment_tags, options)


def _messages(catalogue: Catalog) -> Iterator[Message]:
    return (message for message in catalogue if message.id)


def _strings(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


def _key(message: MessageId, context: str | None) -> Key:
    return (message if isinstance(message, str) else message[0], context)


def _catalogues() -> list[Path]:
    return sorted(LOCALE_DIR.glob("*/LC_MESSAGES/django.po"))


def _files(top: Path, skipped: set[str]) -> Iterator[Path]:
    if top.is_file():
        yield top
        return
    for path in top.iterdir():
        if path.is_dir() and path.name not in skipped and not path.name.startswith("."):
            yield from _files(path, skipped)
        elif path.suffix in {".py", ".html", ".txt"} and (path.suffix == ".py" or "templates" in path.parts):
            yield path


def _package_folder(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise LookupError(f"The package {package} is not installed.")
    return Path(spec.origin).parent


def _package_files(package: str, parts: Iterable[str]) -> Iterator[Path]:
    folder = _package_folder(package)
    for part in parts:
        if (folder / part).exists():
            yield from _files(folder / part, _PACKAGE_SKIPPED)


def _translated_elsewhere(language: str) -> set[Key]:
    keys: set[Key] = set()
    for package in ("django", *_PACKAGES):
        for path in _package_folder(package).rglob(f"locale/{language}/LC_MESSAGES/django.mo"):
            with path.open("rb") as file:
                messages = _messages(read_mo(file))
                keys |= {_key(message.id, message.context) for message in messages if all(_strings(message))}
    return keys


def main(arguments: list[str]) -> int:
    """Carry out one command; returns the exit code."""
    match arguments:
        case ["extract"]:
            extract()
        case ["compile"]:
            for path in _catalogues():
                compile_catalogue(path)
        case ["check"]:
            problems = check()
            print("\n".join(problems) or "Every string is translated.")
            return 1 if problems else 0
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
