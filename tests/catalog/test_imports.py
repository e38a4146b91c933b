"""Price lists as CSV: export reads back without a change; mistakes are named by line and column, all or nothing."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from catalog import imports, offer_actions
from catalog.imports import ImportRefusedError, PriceListChangedError
from catalog.models import Offer, PriceChange
from catalog.offer_actions import Price
from shops.choices import Role
from tests.factories.accounts import UserFactory
from tests.factories.catalog import ServiceFactory
from tests.factories.offers import OfferFactory
from tests.factories.shops import OnSiteShopFactory, ShopFactory, ShopMemberFactory
from tests.factories.vehicles import CarModelFactory, VariantFactory

pytestmark = pytest.mark.django_db

HEAD = "service,scope,target,labour_yuan,parts_yuan,parts_note,minutes,offered"


@pytest.fixture
def shop():
    VariantFactory()
    ServiceFactory()
    return ShopFactory()


def table(*lines: str, head: str = HEAD) -> str:
    return "\r\n".join([head, *lines]) + "\r\n"


def take_over(shop, text: str, *, retire_missing: bool = False) -> imports.Preview:
    rows = imports.parse(text=text, shop=shop)
    seen = imports.preview(shop=shop, rows=rows, retire_missing=retire_missing).fingerprint
    given = {"retire_missing": retire_missing, "seen": seen, "by": UserFactory(), "at": timezone.now()}
    return imports.apply(shop=shop, rows=rows, **given)


def mistakes(shop, text: str) -> list[str]:
    with pytest.raises(ImportRefusedError) as refused:
        imports.parse(text=text, shop=shop)
    return [f"{problem.line} {problem.column}" for problem in refused.value.problems]


def counts(plan: imports.Preview) -> tuple[int, int, int, int]:
    return len(plan.new), len(plan.changed), len(plan.retired), plan.same


NASTY = ["=1+1", "@x|y", "'quoted", "'=both", "a,b", 'say "x"', "-5", "|", "\\|", "0W-20 全合成 4.0 L + 机滤", "%a\\|b"]


def test_export_reads_back_as_no_change(shop):
    variant = VariantFactory()
    for number, note in enumerate(NASTY):
        OfferFactory(shop=shop, service=ServiceFactory(key=f"s{number}", name_en=f"S{number}"), parts_note=note)
    service = ServiceFactory()
    OfferFactory(shop=shop, service=service, scope="variant", variant=variant, labour_fen=1, parts_fen=29, minutes=35)
    OfferFactory(shop=shop, service=service, scope="model", model=variant.model)
    OfferFactory(shop=shop, service=service, scope="make", make=variant.model.make)
    OfferFactory(shop=shop, service=service, scope="price_class", price_class="luxury")
    OfferFactory(shop=shop, service=service, scope="price_class", price_class="mid", is_active=False)
    before = PriceChange.objects.count()
    plan = take_over(shop, imports.decode(imports.export(shop=shop).encode()), retire_missing=True)
    assert counts(plan) == (0, 0, 0, len(NASTY) + 4)
    assert PriceChange.objects.count() == before


def test_export_defuses_formulas(shop):
    OfferFactory(shop=shop, parts_note="=cmd|' /C calc'!A0")
    assert ",'=cmd" in imports.export(shop=shop)


def test_import_adds_changes_retires_and_leaves_the_rest(shop):
    kept = OfferFactory(shop=shop, service=ServiceFactory(key="kept"))
    same = OfferFactory(shop=shop, service=ServiceFactory(key="same"))
    OfferFactory(shop=shop, service=ServiceFactory(key="changed"))
    OfferFactory(shop=shop, service=ServiceFactory(key="gone"))
    text = table(
        "same,all,,60,140,,,yes",
        "changed,all,,68.5,200,0W-20,45,",
        "gone,all,,60,140,,,no",
        "minor_service,variant,volkswagen-lavida-1-4t,1,2,,,",
        "minor_service,model,volkswagen/lavida,1,2,,,",
        "minor_service,make,volkswagen,1,2,,,",
        "minor_service,price_class,economy,1,2,,,",
    )
    assert counts(take_over(shop, text)) == (4, 1, 1, 1)
    changed = Offer.objects.get(service__key="changed")
    assert (changed.labour_fen, changed.parts_fen, changed.parts_note, changed.minutes) == (68_50, 200_00, "0W-20", 45)
    assert changed.source == "csv"
    assert not Offer.objects.get(service__key="gone").is_active
    assert Offer.objects.filter(service__key="minor_service", is_active=True).count() == 4
    assert list(changed.price_changes.values_list("labour_fen", flat=True)) == [68_50, 60_00]
    for untouched in (kept, same):
        at = untouched.updated_at
        untouched.refresh_from_db()
        assert (untouched.updated_at, untouched.is_active) == (at, True)


def test_prices_not_in_the_file_are_retired_only_when_asked(shop):
    offer = OfferFactory(shop=shop)
    text = table("minor_service,price_class,mid,1,2,,,")
    assert counts(take_over(shop, text)) == (1, 0, 0, 0)
    assert counts(take_over(shop, text, retire_missing=True)) == (0, 0, 1, 1)
    offer.refresh_from_db()
    assert not offer.is_active


def test_retired_price_in_the_file_comes_back(shop):
    offer = OfferFactory(shop=shop, is_active=False)
    assert counts(take_over(shop, table("minor_service,all,,60,140,,,"))) == (0, 1, 0, 0)
    offer.refresh_from_db()
    assert offer.is_active


def test_service_can_be_named_in_either_language(shop):
    rows = imports.parse(text=table("小保养,all,,1,2,,,", "OIL SERVICE,price_class,mid,1,2,,,"), shop=shop)
    assert {row.service.key for row in rows} == {"minor_service"}


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_encodings_and_separators_of_spreadsheets(shop, separator, encoding):
    text = table("小保养,all,,68,200,全合成,,").replace(",", separator)
    (row,) = imports.parse(text=imports.decode(text.encode(encoding)), shop=shop)
    assert (row.price.parts_note, row.price.total_fen) == ("全合成", 268_00)


@pytest.mark.parametrize(
    ("line", "where"),
    [
        ("nonsense,all,,1,2,,,", "2 service"),
        ("minor_service,planet,,1,2,,,", "2 scope"),
        ("minor_service,all,economy,1,2,,,", "2 target"),
        ("minor_service,variant,unknown,1,2,,,", "2 target"),
        ("minor_service,model,lavida,1,2,,,", "2 target"),
        ("minor_service,price_class,,1,2,,,", "2 target"),
        ("minor_service,all,,-1,2,,,", "2 labour_yuan"),
        ("minor_service,all,,,2,,,", "2 labour_yuan"),
        ("minor_service,all,,12.345,2,,,", "2 labour_yuan"),
        ("minor_service,all,,1,abc,,,", "2 parts_yuan"),
        ("minor_service,all,,1,1e9,,,", "2 parts_yuan"),
        ("minor_service,all,,1,1000000000,,,", "2 parts_yuan"),
        ("minor_service,all,,1,100000.01,,,", "2 parts_yuan"),
        (f"minor_service,all,,1,2,{'x' * 121},,", "2 parts_note"),
        (f"minor_service,all,,1,2,{'x' * 100_000},,", "2 parts_note"),
        ('minor_service,all,,1,2,"a\nb",,', "3 parts_note"),
        ("minor_service,all,,1,2,,4,", "2 minutes"),
        ("minor_service,all,,1,2,,1.5,", "2 minutes"),
        ("minor_service,all,,1,2,,²,", "2 minutes"),
        ("minor_service,all,,1,2,,,perhaps", "2 offered"),
        ("minor_service,all", "2 "),
        (f"minor_service,all,,1,2,{'x' * 140_000},,", "2 "),
        ('minor_service,all,,1,2,"open,,', "2 "),
    ],
)
def test_mistake_is_named_by_line_and_column(shop, line, where):
    assert mistakes(shop, table(line)) == [where]


def test_every_mistake_is_named_and_nothing_is_written(shop):
    lines = ["minor_service,all,,1,2,,,", "x,all,,1,2,,,", "", "minor_service,all,,a,b,,,"]
    assert mistakes(shop, table(*lines)) == ["3 service", "5 labour_yuan", "5 parts_yuan"]
    assert not Offer.objects.exists()


def test_message_says_line_and_column(shop):
    with pytest.raises(ImportRefusedError) as refused:
        imports.parse(text=table("minor_service,all,,x,2,,,"), shop=shop)
    assert "2" in str(refused.value.problems[0])
    assert "labour_yuan" in str(refused.value.problems[0])


def test_two_lines_for_the_same_cars_name_each_other(shop):
    text = table("minor_service,all,,1,2,,,", "car_wash,all,,1,2,,,", "小保养,all,,3,4,,,")
    ServiceFactory(key="car_wash", name_zh="洗车", name_en="Car wash")
    with pytest.raises(ImportRefusedError) as refused:
        imports.parse(text=text, shop=shop)
    (problem,) = refused.value.problems
    assert (problem.line, problem.column) == (4, "target")
    assert "2" in problem.message


@pytest.mark.parametrize(
    ("head", "where"),
    [
        ("service,scope,target,labour_yuan", ["1 parts_yuan"]),
        (HEAD + ",colour", ["1 colour"]),
        (HEAD + ",service", ["1 service"]),
        ("", ["1 service", "1 scope", "1 target", "1 labour_yuan", "1 parts_yuan"]),
    ],
)
def test_header_must_name_the_columns(shop, head, where):
    assert mistakes(shop, table(head=head)) == where


@pytest.mark.parametrize(
    "content", [b"\x00", b"service,\x00", b"\xff\xfe\x00", b"\x89PNG\r\n\x1a\n\xff\xff", b"x" * (2 * 1024 * 1024 + 1)]
)
def test_what_is_no_text_or_too_large_is_refused(content):
    with pytest.raises(ImportRefusedError):
        imports.decode(content)


def test_more_than_ten_thousand_lines_are_refused(shop):
    assert mistakes(shop, table(*["minor_service,all,,1,2,,,"] * 10_001)) == ["None "]


def test_on_site_team_cannot_import_what_needs_a_workshop():
    ServiceFactory(key="wheel_alignment", can_be_on_site=False)
    assert mistakes(OnSiteShopFactory(), table("wheel_alignment,all,,1,2,,,")) == ["2 service"]


def test_list_changed_since_the_preview_is_refused(shop):
    offer = OfferFactory(shop=shop)
    rows = imports.parse(text=table("minor_service,all,,1,2,,,"), shop=shop)
    seen = imports.preview(shop=shop, rows=rows, retire_missing=False).fingerprint
    offer_actions.change(offer=offer, price=Price(99_00, 0), by=UserFactory(), at=timezone.now())
    with pytest.raises(PriceListChangedError):
        imports.apply(shop=shop, rows=rows, retire_missing=False, seen=seen, by=UserFactory(), at=timezone.now())
    offer.refresh_from_db()
    assert offer.total_fen == 99_00


def test_five_thousand_prices_take_seconds_and_as_many_queries_as_one(shop, django_assert_num_queries):
    def lines(count: int) -> str:
        return table(*(f"s{n // 50},model,volkswagen/m{n % 50},{n % 900},{n % 700}.5,,," for n in range(count)))

    make = VariantFactory().model.make
    for n in range(100):
        ServiceFactory(key=f"s{n}", name_zh=f"服务{n}", name_en=f"Service {n}")
    for n in range(50):
        CarModelFactory(key=f"m{n}", make=make)
    by = UserFactory()

    def run(count: int) -> None:
        rows = imports.parse(text=lines(count), shop=shop)
        seen = imports.preview(shop=shop, rows=rows, retire_missing=True).fingerprint
        imports.apply(shop=shop, rows=rows, retire_missing=True, seen=seen, by=by, at=timezone.now())

    for count in (1, 5_000):
        with django_assert_num_queries(10):
            run(count)
    assert Offer.objects.filter(shop=shop, is_active=True).count() == 5_000


# --- In the browser -----------------------------------------------------------------------------


@pytest.fixture
def manager(client, shop):
    client.force_login(ShopMemberFactory(shop=shop, role=Role.MANAGER).user)
    return client


def upload(client, shop, text: str | bytes, **fields):
    content = text.encode() if isinstance(text, str) else text
    return client.post(f"/shop/{shop.slug}/prices/import/", {"file": SimpleUploadedFile("p.csv", content), **fields})


def test_preview_changes_nothing_and_applying_it_does(manager, shop):
    page = upload(manager, shop, table("minor_service,all,,68,200,全合成,,"))
    assert page.status_code == 200
    assert not Offer.objects.exists()
    form = page.context["apply_form"]
    given = {"content": form.initial["content"], "fingerprint": form.initial["fingerprint"]}
    address = f"/shop/{shop.slug}/prices/import/apply/"
    assert manager.post(address, given).status_code == 302
    assert Offer.objects.get().total_fen == 268_00
    again = manager.post(address, given)
    assert again.status_code == 409
    assert again.context["plan"].changes_nothing


def test_exported_file_uploaded_again_changes_nothing(manager, shop):
    OfferFactory(shop=shop, parts_note="=x")
    exported = manager.get(f"/shop/{shop.slug}/prices/export.csv")
    assert exported["Content-Type"] == "text/csv; charset=utf-8"
    page = upload(manager, shop, exported.content, retire_missing="on")
    assert page.context["plan"].changes_nothing


@pytest.mark.parametrize("content", [b"", b"\x00\x01", b"a,b\n1,2", "服务".encode("gb18030"), b"\xff" * 100])
def test_upload_of_something_else_is_refused_with_reasons(manager, shop, content):
    page = upload(manager, shop, content)
    assert page.status_code == 422
    assert page.context["form"].errors or page.context["refusal"].problems


@pytest.mark.parametrize(
    "given",
    [{}, {"content": "x"}, {"content": "x", "fingerprint": "x"}, {"content": "a\x00b", "fingerprint": "0" * 64}],
)
def test_apply_with_a_broken_form_changes_nothing(manager, shop, given):
    assert manager.post(f"/shop/{shop.slug}/prices/import/apply/", given).status_code == 302
    assert not Offer.objects.exists()


def test_apply_checks_the_file_again(manager, shop):
    given = {"content": table("minor_service,all,,x,2,,,"), "fingerprint": "0" * 64}
    page = manager.post(f"/shop/{shop.slug}/prices/import/apply/", given)
    assert page.status_code == 422
    assert "labour_yuan" in page.content.decode()
