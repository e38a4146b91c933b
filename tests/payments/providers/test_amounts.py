"""Fen ↔ decimal text at a provider's edge."""

import pytest

from payments.providers import amounts
from payments.providers.amounts import AmountError
from payments.providers.base import ProviderRefusedError


@pytest.mark.parametrize(
    ("fen", "text"), [(1, "0.01"), (30, "0.30"), (26800, "268.00"), (0, "0.00"), (12345, "123.45")]
)
def test_fen_become_the_text_and_back(fen: int, text: str) -> None:
    assert amounts.to_text(fen) == text
    assert amounts.from_text(text) == fen


@pytest.mark.parametrize("fen", [0.3, True, -1, "30", None])
def test_what_is_not_whole_fen_becomes_no_text(fen: object) -> None:
    with pytest.raises(AmountError):
        amounts.to_text(fen)  # type: ignore[arg-type]


@pytest.mark.parametrize(("text", "fen"), [("268", 26800), ("268.5", 26850), ("0.01", 1)])
def test_fewer_decimals_are_the_same_amount(text: str, fen: int) -> None:
    assert amounts.from_text(text) == fen


@pytest.mark.parametrize(
    "value",
    ["0.30000000000000004", "1e2", "-1.00", "+1.00", "1.001", "1.000", " 1.00", "1.00\n", "1,00", "1.", ".5", "01.00",
     "", "NaN", "Infinity", "１.00", "0x1", "1_0", "12345678901.00", 268.0, 268, True, None, b"1.00"],
)  # fmt: skip
def test_what_is_not_an_amount_is_refused(value: object) -> None:
    with pytest.raises(AmountError):
        amounts.from_text(value)


def test_a_sign_and_padding_are_read_only_where_they_belong() -> None:
    assert amounts.from_text("-0.06000", signed=True, padding=3) == -6
    with pytest.raises(AmountError):
        amounts.from_text("0.06001", padding=3)
    with pytest.raises(AmountError):
        amounts.from_text("-0.06", padding=3)


@pytest.mark.parametrize("value", [True, 1.0, "1", -1, None, 10**13])
def test_what_is_no_json_whole_number_is_refused(value: object) -> None:
    with pytest.raises(AmountError):
        amounts.from_json(value)


@pytest.mark.parametrize(
    ("fen", "currency"),
    [(0, "CNY"), (-1, "CNY"), (1.5, "CNY"), (True, "CNY"), (1_000_000_001, "CNY"), (1, "JPY"), (1, "")],
)
def test_what_we_may_not_send_is_refused_before_it_is_sent(fen: int, currency: str) -> None:
    with pytest.raises(ProviderRefusedError):
        amounts.check_outgoing(fen, currency, accepted=frozenset({"CNY", "JPY"}))
