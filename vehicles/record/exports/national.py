"""The national electronic health record of a car: exactly these 13 fields (the ministry of transport's letter 交办运
〔2021〕82号), one row for each part of each job that was done, and one for a job without parts.

Only visits to shops: what an owner wrote has no company and no settlement list. Labour stands in a job's first row, in
hours, so that it adds up. Plate and fault description are private and stay empty for everybody but their holder.
"""

from __future__ import annotations

import csv as plain_csv
import io
import json
import re
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

from defusedcsv import csv

from vehicles.record.reading import Event, History

FIELDS = (
    "企业名称",
    "车辆识别代码",
    "车牌号码",
    "送修日期",
    "送修里程",
    "结算日期",
    "结算清单编号",
    "故障描述",
    "维修项目",
    "维修工时",
    "配件名称",
    "配件编码",
    "配件数量",
)
ROOT, ROW = "维修记录", "记录"
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_NO_PART = {"name": "", "code": "", "quantity": ""}


def rows(history: History) -> list[dict[str, str]]:
    """The record's rows, oldest visit first; every value is text."""
    visits = sorted(history.verified_events, key=lambda event: (event.occurred_on, event.first.sequence))
    return [row for visit in visits for row in _visit_rows(visit)]


def as_csv(history: History) -> bytes:
    """CSV with a byte order mark, for spreadsheet programs; a leading = + - @ cannot become a formula."""
    out = io.StringIO()
    writer = csv.DictWriter(out, FIELDS, quoting=plain_csv.QUOTE_MINIMAL)
    writer.writeheader()
    writer.writerows(rows(history))
    return out.getvalue().encode("utf-8-sig")


def as_json(history: History) -> bytes:
    """A list of objects with the 13 fields."""
    return json.dumps(rows(history), ensure_ascii=False, indent=1).encode()


def as_xml(history: History) -> bytes:
    """The same rows as elements named after the fields."""
    root = ElementTree.Element(ROOT)
    for row in rows(history):
        element = ElementTree.SubElement(root, ROW)
        for name, value in row.items():
            ElementTree.SubElement(element, name).text = _NOT_IN_XML.sub(" ", value)
    ElementTree.indent(root)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def _visit_rows(visit: Event) -> list[dict[str, str]]:
    facts, private = visit.facts, visit.private or {}
    common = (
        (facts["shop"] or {}).get("name_zh", ""),
        facts["vin"],
        private.get("plate", ""),
        facts["checked_in_on"] or facts["date"],
        "" if facts["odometer_km"] is None else str(facts["odometer_km"]),
        facts["settled_on"],
        facts["number"],
        private.get("fault", ""),
    )
    return [
        dict(zip(FIELDS, (*common, *cells), strict=True))
        for item in facts["items"]
        if item["outcome"] == "done"
        for cells in _item_cells(item)
    ]


def _item_cells(item: dict[str, Any]) -> list[tuple[str, ...]]:
    hours = f"{(Decimal(item['labour_minutes']) / 60).quantize(Decimal('0.01')).normalize():f}"
    return [
        (item["name_zh"], hours if number == 0 else "", part["name"], part["code"], part["quantity"])
        for number, part in enumerate(item["parts"] or [_NO_PART])
    ]
