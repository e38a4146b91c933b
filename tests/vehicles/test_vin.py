"""VINs: what is wrong with one, who built the car, and when."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vininfo import Vin

from tests.factories.vehicles import MakeFactory, WmiFactory
from vehicles import vin
from vehicles.vin import VinError

ALPHABET = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"
GOOD = "LSVAM4187C2184847"  # made up, with the right check digit


def with_check_digit(text: str) -> str:
    return text[:8] + vin.check_digit(text) + text[9:]


def refusal(text: str) -> str:
    with pytest.raises(VinError) as caught:
        vin.validate(text)
    assert caught.value.field == "vin"
    return str(caught.value.message)


@pytest.fixture(autouse=True)
def _english(settings):
    settings.LANGUAGE_CODE = "en"


def test_known_vin_of_the_standard_is_valid():
    assert vin.validate("1M8GDM9AXKP042788") == "1M8GDM9AXKP042788"


@pytest.mark.parametrize(
    "typed", ["lsvam4187c2184847", " LSVA M418 7C21 84847 ", "LSVAM4187-C2184847", "ＬＳＶＡＭ４１８７Ｃ２１８４８４７"]
)
def test_vin_is_normalised(typed):
    assert vin.normalise(typed) == GOOD


def test_vin_of_wrong_length_is_refused_with_its_length():
    assert "17 characters. This one has 16" in refusal(GOOD[:16])
    assert "17 characters. This one has 100000" in refusal("A" * 100_000)


@pytest.mark.parametrize("letter", ["I", "O", "Q"])
def test_vin_with_a_lookalike_letter_is_refused_with_its_position(letter):
    assert f"Position 5 is {letter}" in refusal(GOOD[:4] + letter + GOOD[5:])


@pytest.mark.parametrize("character", ["é", "_", "\x00", "沪", "👍"])
def test_vin_with_a_foreign_character_is_refused_with_it(character):
    assert "only letters and digits" in refusal(GOOD[:4] + character + GOOD[5:])


def test_chinese_vin_with_a_wrong_check_digit_is_refused_with_the_right_one():
    right = with_check_digit(GOOD)
    wrong = right[:8] + ("0" if right[8] != "0" else "1") + right[9:]
    message = refusal(wrong)
    assert "position 9" in message
    assert f"give {right[8]}" in message


def test_european_vin_needs_no_check_digit():
    assert vin.validate("WVWZZZ1KZ8W123456") == "WVWZZZ1KZ8W123456"


@given(st.text(ALPHABET, min_size=16, max_size=16))
def test_check_digit_agrees_with_vininfo(tail):
    assert Vin(with_check_digit("L" + tail)).verify_checksum(check_year=False)


@given(st.text(ALPHABET, min_size=16, max_size=16), st.integers(0, 16), st.sampled_from(ALPHABET))
def test_one_misread_digit_of_a_chinese_vin_is_noticed(tail, position, other):
    right = with_check_digit("L" + tail)
    if position in (0, 8) or right[position] == other or vin._VALUES[right[position]] == vin._VALUES[other]:
        return  # the region, the digit itself, or a pair that the standard's sum cannot tell apart
    with pytest.raises(VinError):
        vin.validate(right[:position] + other + right[position + 1 :])


@given(st.text(max_size=60))
def test_any_text_is_accepted_or_refused(text):
    with suppress(VinError):
        assert len(vin.validate(text)) == 17


@pytest.mark.parametrize(
    ("code", "this_year", "years"),
    [
        ("M", 2026, [2021, 1991]),
        ("V", 2026, [2027, 1997]),  # next year's models are sold in autumn
        ("W", 2026, [1998]),
        ("9", 2026, [2009]),
        ("A", 2045, [2040, 2010]),
        ("Z", 2026, []),
        ("U", 2026, []),
        ("0", 2026, []),
    ],
)
def test_candidate_years_newest_first(code, this_year, years):
    assert vin.candidate_years("LSVAM4187" + code + "2184847", this_year=this_year) == years


@pytest.mark.django_db
def test_decode_names_every_make_that_the_builder_builds(django_assert_num_queries):
    WmiFactory(code="LFV", maker_en="FAW-Volkswagen", maker_zh="一汽-大众")
    audi = MakeFactory(key="audi", name_zh="奥迪", name_en="Audi")
    WmiFactory(code="LFV", make=audi, maker_en="FAW-Volkswagen", maker_zh="一汽-大众")
    with django_assert_num_queries(1):
        decoded = vin.decode(with_check_digit("LFV2A21K0M4123456"), this_year=2026)
    assert decoded.maker == "FAW-Volkswagen"
    assert [make.key for make in decoded.makes] == ["audi", "volkswagen"]
    assert decoded.model_years == [2021, 1991]
    assert decoded.is_check_digit_verified


@pytest.mark.django_db
def test_decode_of_a_make_that_is_not_ours_names_the_builder():
    decoded = vin.decode(with_check_digit("LVSHFFAL0MS123456"), this_year=2026)
    assert decoded.maker == "Changan Ford"
    assert decoded.makes == []


@pytest.mark.django_db
def test_decode_of_an_unknown_builder_says_nothing():
    assert vin.decode("ZZZZZZ1KZ8W123456", this_year=2026).maker == ""


def test_masked_vin_hides_the_middle():
    assert vin.masked(GOOD) == "LSVA•••4847"
    assert vin.masked("") == ""
