"""Finding a variant by typing."""

import pytest

from tests.catalogue import catalogue  # noqa: F401
from vehicles.models import Variant

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]


def found(text: str) -> list[str]:
    return [variant.slug for variant in Variant.objects.listed().found_by(text)]


@pytest.mark.parametrize(
    "typed",
    [
        "朗逸 1.4T",
        "lavida 1.4t",
        "LAVIDA 1.4",
        "大众朗逸1.4T",
        "vw lavida 1.4t",
        "ｌａｖｉｄａ　１．４Ｔ",
        "volkswagen lavida 1.4",
    ],
)
def test_variant_is_found_by_typing(typed):
    assert found(typed) == ["volkswagen-lavida-1-4t"]


@pytest.mark.parametrize(
    ("typed", "slug"),
    [
        ("lavidda", "volkswagen-lavida-1-4t"),
        ("volkswagon lavida", "volkswagen-lavida-1-4t"),
        ("corola", "toyota-corolla-1-2t"),
        ("benz c", "mercedes-benz-c-class-1-5t-2-0t"),
        ("奔驰", "mercedes-benz-c-class-1-5t-2-0t"),
        ("比亚迪 纯电", "byd-han-ev"),
        ("特斯拉", "tesla-model-y-bev"),
    ],
)
def test_variant_is_found_by_other_words_and_with_typos(typed, slug):
    assert slug in found(typed)


@pytest.mark.parametrize(
    "typed", ["", "   ", "zzzzqqqq", "%", "_", "\\", "'; DROP TABLE", "龘" * 100_000, "a" * 100_000]
)
def test_nonsense_finds_nothing_and_breaks_nothing(typed):
    assert found(typed) == []


def test_unlisted_variant_is_not_found():
    Variant.objects.filter(slug="volkswagen-lavida-1-4t").update(is_listed=False)
    assert "volkswagen-lavida-1-4t" not in found("朗逸 1.4T")
