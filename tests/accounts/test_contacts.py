import pytest
from django.utils import timezone

from accounts.contacts import Contact, ContactError, ContactKind, parse_login, person_owns_contact
from tests.factories.accounts import UserFactory


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("138 0013 8001", "+8613800138001"),
        ("13800138001", "+8613800138001"),
        ("138-0013-8001", "+8613800138001"),
        (" +86 138 0013 8001 ", "+8613800138001"),
        ("008613800138001", "+8613800138001"),
        ("１３８００１３８００１", "+8613800138001"),
        ("＋８６１３８００１３８００１", "+8613800138001"),
        ("+44 7400 123456", "+447400123456"),
        ("+1 (415) 555-2671", "+14155552671"),
    ],
)
def test_phone_in_any_spelling_becomes_e164(typed: str, number: str) -> None:
    assert parse_login(typed) == Contact(ContactKind.PHONE, number)


@pytest.mark.parametrize(
    ("typed", "address"),
    [("Li.Lei@Example.COM", "li.lei@example.com"), (" a@b.cn ", "a@b.cn"), ("ｌｉ＠ｑｑ．ｃｏｍ", "li@qq.com")],
)
def test_email_becomes_lower_case(typed: str, address: str) -> None:
    assert parse_login(typed) == Contact(ContactKind.EMAIL, address)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "   ",
        "hello",
        "12345",
        "1380013800",
        "138001380011",
        "23800138001",
        "021 6354 1234",  # a landline cannot receive an SMS
        "400 820 8820",
        "a@",
        "@b.cn",
        "a@b",
        "a b@c.cn",
        "+999 123456789",
        "1380013\x008001",
        "a@b\x00.cn",
        "138" + "0" * 100_000,
        "a" * 100_000 + "@b.cn",
        "<script>@b.cn",
        "138001380ab",
        "٣" * 500,
    ],
)
def test_garbage_is_refused_beside_the_field(typed: str) -> None:
    with pytest.raises(ContactError) as refused:
        parse_login(typed)
    assert refused.value.field == "login"
    assert refused.value.status == 400


def test_phone_is_shown_as_people_write_it() -> None:
    assert Contact(ContactKind.PHONE, "+8613800138001").shown == "138 0013 8001"
    assert Contact(ContactKind.PHONE, "+447400123456").shown == "+44 7400 123456"


@pytest.mark.django_db
def test_person_owns_only_proven_contacts() -> None:
    person = UserFactory(email="a@example.com", phone="+8613800138001")
    typed_by_admin = UserFactory(email="b@example.com", proven_email=False)
    assert person_owns_contact(person, email="A@example.com")
    assert person_owns_contact(person, phone="+8613800138001")
    assert not person_owns_contact(person, email="b@example.com")
    assert not person_owns_contact(person)
    assert not person_owns_contact(typed_by_admin, email="b@example.com")


@pytest.mark.django_db
def test_person_does_not_own_an_unverified_number() -> None:
    person = UserFactory(phone="+8613800138001", phone_verified_at=None)
    assert not person_owns_contact(person, phone="+8613800138001")
    person.phone_verified_at = timezone.now()
    assert person_owns_contact(person, phone="+8613800138001")
