import json
import re

import pytest
from django.urls import reverse
from django.utils import translation

from tests.factories.jobs import bookable_job
from tests.factories.offers import OfferFactory
from tests.factories.shops import (
    BayFactory,
    CertificateFactory,
    ClosureFactory,
    OnSiteShopFactory,
    ShopFactory,
    ShopMemberFactory,
    TechnicianResourceFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def job():
    """A shop with hours, a bay, a technician and a price for one car."""
    return bookable_job()


def page_of(client, shop, **query):
    return client.get(reverse("shops:detail", args=[shop.slug]), query, headers={"accept-language": "en"})


def test_detail_price_for_the_chosen_car(client, job):
    page = page_of(client, job.shop, variant=job.variant.slug, service=job.service.key)
    assert page.status_code == 200
    chosen = page.context["chosen"]
    assert (chosen.service, chosen.band, chosen.mark) == (job.service, None, "")
    assert "Too few prices" in page.content.decode()


def test_detail_marks_a_price_against_the_usual_range(client, job):
    for _n in range(6):
        other = ShopFactory(city=job.shop.city)
        OfferFactory(shop=other, service=job.service, scope="all", labour_fen=100, parts_fen=0)
    page = page_of(client, job.shop, variant=job.variant.slug)
    assert page.context["chosen"].mark == "above"
    assert "Above usual" in page.content.decode()


def test_detail_without_a_car_says_from(client, job):
    page = page_of(client, job.shop)
    assert page.context["chosen"].from_fen > 0
    assert "Choose your car" in page.content.decode()
    assert "slots_url" not in page.context


@pytest.mark.parametrize("query", [{"variant": "no-such-car"}, {"car": "0" * 16}])
def test_detail_unknown_car(client, job, query):
    assert page_of(client, job.shop, **query).status_code == 404


@pytest.mark.parametrize("query", [{"service": "no-such"}, {"lat": "x", "lng": "y"}, {"lat": "nan", "lng": "1e999"}])
def test_detail_odd_queries_are_not_errors(client, job, query):
    assert page_of(client, job.shop, variant=job.variant.slug, **query).status_code == 200


def test_detail_nul_byte_is_refused(client, job):
    assert page_of(client, job.shop, variant="a\x00").status_code == 400


def test_detail_distance_when_position_known(client, job):
    page = page_of(client, job.shop, lat=str(job.shop.latitude), lng=f"{job.shop.longitude + 0.01:.5f}")
    assert 900 < page.context["distance_m"] < 1000


def test_detail_no_distance_from_a_position_that_cannot_be_read(client, job):
    assert page_of(client, job.shop, lat="x", lng="y").context["distance_m"] is None
    assert page_of(client, job.shop).context["distance_m"] is None


def test_detail_unlisted_shop_only_for_its_members(client):
    shop = ShopFactory(is_listed=False)
    assert page_of(client, shop).status_code == 404
    client.force_login(ShopMemberFactory().user)
    assert page_of(client, shop).status_code == 404
    client.force_login(ShopMemberFactory(shop=shop).user)
    assert page_of(client, shop).status_code == 200


def test_detail_missing_shop_and_wrong_method(client, job):
    assert client.get("/shops/no-such-shop/").status_code == 404
    assert client.post(reverse("shops:detail", args=[job.shop.slug])).status_code == 405


def test_detail_only_checked_and_valid_certificates(client, job):
    person = TechnicianResourceFactory(shop=job.shop).technician
    CertificateFactory(technician=person, name_en="Checked one", verified_at="2026-01-01T00:00Z")
    CertificateFactory(technician=person, name_en="Unseen one")
    CertificateFactory(
        technician=person, name_en="Expired one", verified_at="2020-01-01T00:00Z", valid_until="2020-12-31"
    )
    text = page_of(client, job.shop).content.decode()
    assert "Checked one" in text
    assert "Unseen one" not in text
    assert "Expired one" not in text


def test_detail_retired_people_and_bays_are_not_shown(client, job):
    BayFactory(shop=job.shop, name_en="Old bay", is_active=False)
    TechnicianResourceFactory(shop=job.shop, name_en="Left long ago", is_active=False)
    text = page_of(client, job.shop).content.decode()
    assert "Old bay" not in text
    assert "Left long ago" not in text


def test_detail_times_can_be_held_from_the_page(client, job):
    text = page_of(client, job.shop, variant=job.variant.slug, service=job.service.key).content.decode()
    assert f'action="{reverse("bookings:hold", args=[job.shop.slug, job.service.key])}"' in text
    assert 'name="starts_at"' in text


def test_detail_on_site_team_asks_for_the_place(client):
    team = OnSiteShopFactory(slug="team")
    page = page_of(client, team)
    assert page.status_code == 200
    assert "Comes to you within 15 km" in page.content.decode()
    assert "uri.amap.com" not in page.content.decode()


def test_detail_structured_data_cannot_break_out(client):
    shop = ShopFactory(name_en="</script><script>alert(1)</script>")
    text = page_of(client, shop).content.decode()
    raw = re.search(r'<script type="application/ld\+json" nonce="[^"]+">(.*?)</script>', text, re.S)[1]
    data = json.loads(raw)
    assert data["name"] == "</script><script>alert(1)</script>"
    assert data["@type"] == "AutoRepair"
    assert "alert(1)</script>" not in text


def test_detail_no_inline_script_style_or_other_host(client, job):
    text = page_of(client, job.shop, variant=job.variant.slug).content.decode()
    assert " style=" not in text
    assert not re.search(r"<script(?![^>]*(src=|application/(ld\+)?json))", text)
    assert not re.search(r'(?:src|srcset)="https?://(?!testserver)', text)


def test_detail_both_languages(client, job):
    with translation.override("zh-hans"):
        answer = client.get(reverse("shops:detail", args=[job.shop.slug]), headers={"accept-language": "zh-CN"})
    assert job.shop.name_zh in answer.content.decode()


def test_detail_queries_do_not_depend_on_rows(client, job, django_assert_max_num_queries):
    address = reverse("shops:detail", args=[job.shop.slug]) + f"?variant={job.variant.slug}"
    client.get(address)
    with django_assert_max_num_queries(25) as few:
        client.get(address)
    for _n in range(4):
        BayFactory(shop=job.shop)
        CertificateFactory(technician=TechnicianResourceFactory(shop=job.shop).technician)
        ClosureFactory(shop=job.shop)
    with django_assert_max_num_queries(25) as many:
        client.get(address)
    assert len(few) == len(many)


# --- API ----------------------------------------------------------------------------------------------------


def test_api_shop(client, job, django_assert_max_num_queries):
    certificate = CertificateFactory(technician=TechnicianResourceFactory(shop=job.shop).technician)
    with django_assert_max_num_queries(8) as few:
        body = client.get(f"/api/v1/shops/{job.shop.slug}/", headers={"accept-language": "en"}).json()
    assert (body["name"], body["timezone"], body["bays"]) == (job.shop.name_en, "Asia/Shanghai", 1)
    assert len(body["technicians"]) == 2
    assert all(person["certificates"] == [] for person in body["technicians"])
    certificate.verified_at = "2026-01-01T00:00Z"
    certificate.save()
    TechnicianResourceFactory.create_batch(3, shop=job.shop)
    with django_assert_max_num_queries(8) as many:
        body = client.get(f"/api/v1/shops/{job.shop.slug}/").json()
    assert sum(len(person["certificates"]) for person in body["technicians"]) == 1
    assert len(few) == len(many)


def test_api_shop_unlisted_missing_or_written_to(client, job):
    assert client.get(f"/api/v1/shops/{ShopFactory(is_listed=False).slug}/").status_code == 404
    answer = client.get("/api/v1/shops/nowhere/")
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"
    assert client.post(f"/api/v1/shops/{job.shop.slug}/").status_code in {401, 403, 405}


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({"late_cancel_fee_percent": 0}, "Free until the visit begins."),
        (
            {"free_cancel_minutes": 120, "late_cancel_fee_percent": 20},
            "Free until 2 hours before the visit; after that 20 % of the labour.",
        ),
        ({"no_show_fee_percent": 30}, "Not coming costs 30 % of the labour."),
        ({"deposit_percent": 10}, "10 % of the price."),
        ({"confirmation": "by_hand", "answer_minutes": 90}, "answers each request within 90 minutes"),
        ({"pickup_radius_km": 8}, "up to 8 km away"),
    ],
)
def test_page_says_the_terms(client, rules, said):
    page = client.get(reverse("shops:detail", args=[ShopFactory(**rules).slug]), headers={"accept-language": "en"})
    assert said in page.content.decode()
