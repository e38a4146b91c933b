from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

from o2o_platform.translations import compare, merge, placeholders, strings_of


def _catalogue(*entries: tuple) -> Catalog:
    catalogue = Catalog(locale="zh_Hans", domain="django", fuzzy=False)
    for entry in entries:
        message, string, *flags = entry
        catalogue.add(message, string, flags=flags)
    return catalogue


@pytest.mark.parametrize(
    ("ours", "problem"),
    [
        ([], "missing: 'Book %(time)s' (run `make messages`)"),
        ([("Book %(time)s", "")], "not translated: 'Book %(time)s'"),
        ([("Book %(time)s", "预约 %(time)s", "fuzzy")], "fuzzy: 'Book %(time)s'"),
        ([("Book %(time)s", "预约")], "placeholders [] instead of ['%(time)s']: 'Book %(time)s'"),
        ([("Book %(time)s", "预约 %(tiem)s")], "placeholders ['%(tiem)s'] instead of ['%(time)s']: 'Book %(time)s'"),
    ],
)
def test_unsound_translation_is_named(ours, problem):
    assert list(compare(_catalogue(*ours), _catalogue(("Book %(time)s", "")))) == [problem]


def test_complete_translation_has_no_problem():
    wanted = _catalogue(("Book %(time)s", ""), (("%(n)s bay", "%(n)s bays"), ("",)))
    ours = _catalogue(("Book %(time)s", "预约 %(time)s"), (("%(n)s bay", "%(n)s bays"), ("%(n)s 个工位",)))

    assert list(compare(ours, wanted)) == []


def test_plural_without_its_number_is_named():
    wanted = _catalogue((("%(n)s bay", "%(n)s bays"), ("",)))
    ours = _catalogue((("%(n)s bay", "%(n)s bays"), ("工位",)))

    assert len(list(compare(ours, wanted))) == 1


def test_placeholders_are_found_in_both_styles():
    assert placeholders("%(a)s of {b} and {c.d:>3} %d, 100%") == {"%(a)s", "{b}", "{c}", "%d"}


def test_merge_keeps_translations_and_guesses_none():
    before = _catalogue(("Book", "预约"), ("Gone", "已删"))

    after = merge(before, _catalogue(("Book", ""), ("Books", "")))

    assert after.get("Book").string == "预约"
    assert after.get("Books").string == ""
    assert after.get("Gone") is None
    assert [message.string for message in after.obsolete.values()] == ["已删"]


def test_translation_of_a_string_that_returns_is_found_again():
    gone = merge(_catalogue(("Book", "预约")), _catalogue())

    assert merge(gone, _catalogue(("Book", ""))).get("Book").string == "预约"


def test_template_gives_up_its_strings(tmp_path: Path):
    template = tmp_path / "page.html"
    template.write_text(
        '{% load i18n %}\n  <p>{% translate "Book" %}</p>\n{% if x %}\n      {{ _("Cancel")|upper }}\n   {% endif %}'
        "\n{% blocktranslate trimmed count n=n %}\n  {{ n }} bay\n{% plural %}\n  {{ n }} bays\n{% endblocktranslate %}"
        '{% translate "May" context "month" %}'
    )

    assert [(message, context) for message, _, context in strings_of(template)] == [
        ("Book", None),
        ("Cancel", None),
        (("%(n)s bay", "%(n)s bays"), None),
        ("May", "month"),
    ]
