"""What can be taken away: the whole record, the national fields, the paper; and that a flipped byte is found."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from django.conf import settings
from django.utils import translation

from tests.factories.records import NOW, enter
from tests.factories.vehicles import CarFactory
from tests.vehicles.sample_record import VIN, know_points, sample_record
from vehicles.models import Car
from vehicles.record import actions
from vehicles.record.exports import national, paper, whole
from vehicles.record.reading import History, history

pytestmark = pytest.mark.django_db
VERIFIER = Path(settings.BASE_DIR) / "static" / "verify_record.py"
FIELDS = (
    "企业名称 车辆识别代码 车牌号码 送修日期 送修里程 结算日期 结算清单编号 故障描述 "
    "维修项目 维修工时 配件名称 配件编码 配件数量"
)


def of(car: Car, *, is_owner: bool = True) -> History:
    return history(car.record, viewer=car.owner if is_owner else None, today=NOW.date())


def verify(content: bytes, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    file = tmp_path / "record.json"
    file.write_bytes(content)
    return subprocess.run([sys.executable, VERIFIER, file], capture_output=True, text=True, check=False)


def test_the_verifier_has_ten_lines_and_needs_nothing_of_ours():
    lines = VERIFIER.read_text().strip().splitlines()
    assert len(lines) <= 10
    assert [line for line in lines if "import" in line] == ["import hashlib, json, sys"]


@pytest.mark.parametrize("is_owner", [True, False])
def test_the_whole_record_verifies_without_us(is_owner, tmp_path):
    car, entries = sample_record()
    done = verify(whole.as_bytes(of(car, is_owner=is_owner), car=car), tmp_path)
    assert done.returncode == 0, done.stderr
    assert entries[-1].hash in done.stdout


def test_a_buyers_export_has_no_private_part():
    car, _entries = sample_record()
    text = whole.as_bytes(of(car, is_owner=False), car=car).decode()
    for secret in ("沪AD8K21", "The brakes squeal", "王磊", "26800", "小区门口修车铺", '"salt"', car.owner.email):
        assert secret not in text
    own = whole.as_bytes(of(car), car=car).decode()
    assert "The brakes squeal" in own


PLACES = [
    '"odometer_km": 8120',  # a number of the facts
    "2021-12-08",  # a date
    "Oil service",  # a name
    "小保养",  # Chinese
    "5W-40",  # a part
    "SC-20261121-07",  # a document's number
    '"tone": "red"',
    "P0300",
    '"outcome": "declined"',
    '"kind": "owner"',
    '"corrects": 7',
    '"items"',  # a key
    "沪AD8K21",  # of the private part
    '"salt": "',
    '"total_fen": 26800',
    '"facts_hash": "',
    '"private_hash": "',
    '"previous_hash": "',
    '"hash": "',
    '"head_hash": "',
    '"sequence": 3',
]


@pytest.mark.parametrize("place", PLACES)
def test_a_flipped_byte_is_found(place, tmp_path):
    car, _entries = sample_record()
    content = bytearray(whole.as_bytes(of(car), car=car))
    start = content.index(b'"entries"') if place != '"head_hash": "' else 0
    # The last byte of the place, or the first one behind it where the place ends with a quotation mark.
    end = content.index(place.encode(), start) + len(place.encode()) - (0 if place.endswith(': "') else 1)
    if place.endswith('"') and not place.endswith(': "'):
        end -= 1
    content[end] ^= 0x01
    assert verify(bytes(content), tmp_path).returncode != 0


@pytest.mark.parametrize("change", ["first", "middle", "last", "swapped", "doubled"])
def test_a_missing_or_moved_entry_is_found(change, tmp_path):
    car, _entries = sample_record()
    record = json.loads(whole.as_bytes(of(car), car=car))
    entries = record["entries"]
    changed = {
        "first": entries[1:],
        "middle": entries[:3] + entries[4:],
        "last": entries[:-1],
        "swapped": [entries[1], entries[0], *entries[2:]],
        "doubled": [*entries, entries[-1]],
    }
    record["entries"] = changed[change]
    assert verify(json.dumps(record).encode(), tmp_path).returncode != 0


def test_the_national_record_has_exactly_the_thirteen_fields():
    car, _entries = sample_record()
    text = national.as_csv(of(car))
    assert text.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(text.decode("utf-8-sig"))))
    assert list(rows[0]) == FIELDS.split() == list(national.FIELDS)
    assert rows[0] == dict(
        zip(
            FIELDS.split(),
            [
                "浦江大众 4S · 龙华",
                VIN,
                "沪AD8K21",
                "2026-11-21",
                "8120",
                "2026-11-21",
                "SC-20261121-07",
                "The brakes squeal",
                "小保养",
                "0.8",
                "机油 5W-40",
                "G 052 502",
                "4",
            ],
            strict=True,
        )
    )
    assert len(rows) == 8  # declined work and own entries are not in it
    assert json.loads(national.as_json(of(car))) == rows
    elements = ElementTree.fromstring(national.as_xml(of(car)))
    assert [{child.tag: child.text or "" for child in row} for row in elements] == rows


def test_the_national_record_of_a_buyer_has_neither_plate_nor_words():
    car, _entries = sample_record()
    for row in national.rows(of(car, is_owner=False)):
        assert (row["车牌号码"], row["故障描述"]) == ("", "")


def test_a_formula_in_a_name_stays_text():
    car = CarFactory()
    enter(car, number="=1+1")
    assert b",'=1+1," in national.as_csv(of(car))


def test_a_control_character_does_not_break_the_xml():
    car = CarFactory()
    enter(car, number="a\x08b")
    row = ElementTree.fromstring(national.as_xml(of(car)))[0]
    assert row.findtext("结算清单编号") == "a b"


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_paper_is_a_pdf_with_its_fonts(language, monkeypatch):
    know_points(monkeypatch)
    car, _entries = sample_record()
    with translation.override(language):
        content = paper.as_pdf(of(car), car=car)
    assert content.startswith(b"%PDF")
    assert b"NotoSansSC" in content


def test_the_paper_of_an_empty_record_and_of_a_long_one():
    empty = CarFactory()
    actions.record_of(empty)
    assert paper.as_pdf(of(empty), car=empty).startswith(b"%PDF")
    for number in range(30):
        enter(empty, date=f"20{10 + number % 16}-05-05", odometer_km=number, number="😀\ufffe", fault_codes=[])
    assert paper.as_pdf(of(empty, is_owner=False), car=None).startswith(b"%PDF")
