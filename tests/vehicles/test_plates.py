"""Number plates, new-energy ones too."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vehicles import plates
from vehicles.plates import PlateError

# The expression that the trade uses for ordinary and new-energy plates.
REFERENCE = re.compile(
    "[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-NP-Z]"
    r"(?:[A-HJ-NP-Z0-9]{5}|[A-HJK][A-HJ-NP-Z0-9]\d{4}|\d{5}[A-HJK])",
    re.ASCII,
)


@pytest.fixture(autouse=True)
def _english(settings):
    settings.LANGUAGE_CODE = "en"


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("沪AD8K21", "沪AD8K21"),
        ("沪a·d8k21", "沪AD8K21"),
        (" 沪A D8K21 ", "沪AD8K21"),
        ("沪Ａ・Ｄ８Ｋ２１", "沪AD8K21"),
        ("京A.12345", "京A12345"),
        ("沪AD12345", "沪AD12345"),
        ("粤BF12345", "粤BF12345"),
        ("京A12345D", "京A12345D"),
        ("苏EDA1234", "苏EDA1234"),
    ],
)
def test_plate_is_normalised(typed, stored):
    assert plates.validate(typed) == stored


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("", "starts with the character of a province"),
        ("AD8K21", "starts with the character of a province"),
        ("港A12345", "starts with the character of a province"),
        ("沪AD8K2", "This one has 6"),
        ("沪AD8K21234", "This one has 10"),
        ("沪" + "A" * 100_000, "This one has 100001"),
        ("沪1D8K21", "second character"),
        ("沪ID8K21", "second character"),
        ("沪AI8K21", "cannot have I"),
        ("沪AO8K2Q", "cannot have O"),
        ("沪A\x008K21", "cannot have"),
        ("沪AL12345", "new-energy"),
        ("沪ADAB123", "new-energy"),
    ],
)
def test_impossible_plate_is_refused_in_words(typed, message):
    with pytest.raises(PlateError, match=message) as caught:
        plates.validate(typed)
    assert caught.value.field == "plate"


def test_plate_is_shown_as_on_the_car():
    assert plates.display("沪AD8K21") == "沪A·D8K21"
    assert plates.display("") == ""


def test_new_energy_plate_is_known_by_its_length():
    assert plates.is_new_energy("沪AD12345")
    assert not plates.is_new_energy("沪AD8K21")


@given(st.from_regex(REFERENCE, fullmatch=True))
def test_every_plate_of_the_reference_is_accepted(plate):
    assert plates.validate(plate) == plate


@given(st.text(st.sampled_from("沪京粤港ABDFIOZ0123456789· "), max_size=10))
def test_nothing_else_is_accepted(text):
    try:
        plate = plates.validate(text)
    except PlateError:
        assert not REFERENCE.fullmatch(plates.normalise(text))
    else:
        assert REFERENCE.fullmatch(plate)
