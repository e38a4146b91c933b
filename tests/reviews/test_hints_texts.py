"""What machines find in a text, and what they must leave alone."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reviews.choices import HintKind
from reviews.hints import contacts, finding, texts
from reviews.hints.found import Found, masks_of, risk_of
from reviews.shown_text import segments


def all_found(text: str) -> list[Found]:
    return [hint for finder in finding.TEXT_FINDERS for hint in finder(text)]


def stretches(found: list[Found], text: str) -> list[str]:
    return [text[hint.start : hint.end] for hint in found if hint.start is not None]


@pytest.mark.parametrize(
    ("text", "hidden", "what"),
    [
        ("有事打13800138001找我", "13800138001", "phone"),
        ("Call me on 138 0013 8001 please", "138 0013 8001", "phone"),
        ("+86 138-0013-8001", "+86 138-0013-8001", "phone"),
        ("１３８００１３８００１", "１３８００１３８００１", "phone"),
        ("①③⑧⓪⓪①③⑧⓪⓪①", "①③⑧⓪⓪①③⑧⓪⓪①", "phone"),
        ("一三八零零一三八零零一", "一三八零零一三八零零一", "phone"),
        ("幺三八洞洞幺三八洞洞幺", "幺三八洞洞幺三八洞洞幺", "phone"),
        ("l38OOl38OOl", "l38OOl38OOl", "phone"),
        ("1\u200b3\u200d8 0013\u202e-8001", "1\u200b3\u200d8 0013\u202e-8001", "phone"),
        ("1 3 8 0 0 1 3 8 0 0 1", "1 3 8 0 0 1 3 8 0 0 1", "phone"),
        ("one three eight zero zero one three eight zero zero one", None, "phone"),
        ("+44 7400 123456", "+44 7400 123456", "phone"),
        ("电话：021-5436 0218", "021-5436 0218", "landline"),
        ("(0755) 8888 8888", None, "landline"),
        ("400-820-8820", "400-820-8820", "landline"),
        ("tel 54360218", "54360218", "phone"),
        ("加微信 chezhang88", "加微信 chezhang88", "wechat"),
        ("VX：abc12345", "VX：abc12345", "wechat"),
        ("薇信 kx_8888", "薇信 kx_8888", "wechat"),
        ("➕V chezhang66", "➕V chezhang66", "wechat"),
        ("add me on WeChat kxcars", "add me on WeChat kxcars", "wechat"),
        ("扣扣：2345 6789", "扣扣：2345 6789", "qq"),
        ("加QQ 12345678", "QQ 12345678", "qq"),
        ("a.b@example.com", "a.b@example.com", "email"),
        ("ab(at)mail(dot)com", "ab(at)mail(dot)com", "email"),
        ("https://cheap.example.com/x?y=1", "https://cheap.example.com/x?y=1", "link"),
        ("see foo.com.cn now", "foo.com.cn", "link"),
    ],
)
def test_contact_data_is_found_however_it_is_written(text: str, hidden: str | None, what: str) -> None:
    found = contacts.find(text)
    assert found
    assert {hint.data["what"] for hint in found} == {what}
    if hidden is not None:
        shown = "".join(segment.text for segment in segments(text, masks_of(found)))
        assert stretches(found, text)[0] in (hidden, hidden.lstrip("+"))
        assert not any(char.isdigit() for char in shown)


@pytest.mark.parametrize(
    "text",
    [
        "报价268元，实付268元，里程58,240 km，2026-11-19 15:10 到店",
        "Quoted ¥268, paid ¥268. On 19.11.2026 at 150 km from home.",
        "19 11 2026, 15:10, 268 yuan",
        "price went 400 800 1200 over the years",
        "13800 km on the clock, 138000公里",
        "cost 138 1200 1500 yuan",
        "沪A·D8K21",
        "微信支付很方便",
        "Paid by WeChat yesterday, wechat payment works",
        "零件号06L115562B，机油5W-30 4L",
        "订单 XH-20261119-021",
        "It was fine.me and my wife waited.",
        "Called on 2026-11-19, they rang back in 10 minutes",
        "一二三四五六七八九十，一共十步",
    ],
)
def test_prices_dates_plates_and_readings_are_no_contact_data(text: str) -> None:
    assert contacts.find(text) == []


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("that idiot Li is slow", "idiot"),
        ("傻 逼老板", "傻 逼"),
        ("i d i o t", "i d i o t"),
        ("f.u.c.k this", "f.u.c.k"),
        ("іdіоt", "іdіоt"),
        ("傻\u200b逼", "傻\u200b逼"),
    ],
)
def test_insults_are_found(text: str, word: str) -> None:
    assert stretches(texts.insults(text), text) == [word]


def test_an_insult_that_is_quoted_says_so() -> None:
    assert texts.insults("He said “idiot” to me")[0].data == {"quoted": True}
    assert texts.insults("「白痴」他说")[0].data == {"quoted": True}
    assert texts.insults("an idiot")[0].data == {"quoted": False}


@pytest.mark.parametrize(
    "text", ["I had to wash it", "我妈的车保养", "废物回收做得好", "Scunthorpe branch", "He is no fool"]
)
def test_words_that_only_look_like_insults_are_left_alone(text: str) -> None:
    assert texts.insults(text) == []


@pytest.mark.parametrize(
    ("finder", "kind", "text"),
    [
        (texts.threats, HintKind.THREAT, "I will burn your shop down"),
        (texts.threats, HintKind.THREAT, "Refund me or I post this everywhere"),
        (texts.threats, HintKind.THREAT, "不退钱就天天来差评"),
        (texts.threats, HintKind.THREAT, "等着，砸了你们的店"),
        (texts.promotion, HintKind.ADVERTISING, "Use the promo code CAR20"),
        (texts.promotion, HintKind.ADVERTISING, "报我名字打八折便宜"),
        (texts.promotion, HintKind.ADVERTISING, "加微信 kx88best 领优惠"),
        (texts.promotion, HintKind.ADVERTISING, "报我名字八折"),
        (texts.promotion, HintKind.ADVERTISING, "Best oil in town. Best oil in town! Best oil in town."),
        (texts.own_voice, HintKind.ADVERTISING, "We offer free quotes, call us"),
        (texts.own_voice, HintKind.ADVERTISING, "本店承接各类维修"),
        (texts.paid, HintKind.PAID, "五星好评返现20元"),
        (texts.paid, HintKind.PAID, "老板让我写五星"),
        (texts.paid, HintKind.PAID, "这家店刷单"),
        (texts.paid, HintKind.PAID, "five stars for cash back"),
        (texts.paid, HintKind.PAID, "They asked me to write a good review"),
        (texts.personal_data, HintKind.PERSONAL_DATA, "身份证 11010519491231002X"),
        (texts.personal_data, HintKind.PERSONAL_DATA, "那辆沪A·D8K21插队"),
        (texts.personal_data, HintKind.PERSONAL_DATA, "VIN LSVAA49J132012345"),
        (texts.personal_data, HintKind.PERSONAL_DATA, "卡号 4539 1488 0343 6467"),
        (texts.hidden_text, HintKind.HIDDEN_TEXT, "abc\u202edef"),
        (texts.hidden_text, HintKind.HIDDEN_TEXT, "g\u200bo\u200bod"),
        (texts.hidden_text, HintKind.HIDDEN_TEXT, "ok\U000e0041\U000e0042"),
        (texts.hidden_text, HintKind.HIDDEN_TEXT, "gооd"),
        (texts.no_content, HintKind.NO_CONTENT, "好好好好"),
        (texts.no_content, HintKind.NO_CONTENT, "!!! ..."),
        (texts.no_content, HintKind.NO_CONTENT, "five stars, five stars"),
    ],
)
def test_what_it_is_named_for_is_found(finder, kind: HintKind, text: str) -> None:
    assert {hint.kind for hint in finder(text)} == {kind}


@pytest.mark.parametrize(
    ("finder", "text"),
    [
        (texts.threats, "打死我也不去了，车还烧机油"),
        (texts.threats, "They will break your trust"),
        (texts.promotion, "The best price I found, and they called me"),
        (texts.own_voice, "They called us when it was ready; we visited twice"),
        (texts.paid, "老板没让我写好评，是我自己想写"),
        (texts.paid, "They never asked me to write a review"),
        (texts.paid, "给五星是因为诚实"),
        (texts.personal_data, "订单 110105194912310021 没问题"),
        (texts.personal_data, "paid 6222021234567890"),
        (
            texts.hidden_text,
            "👨\u200d👩\u200d👧 came along 🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        ),
        (texts.hidden_text, "\u202a138"),
        (texts.no_content, ""),
        (texts.no_content, "很好很好"),
        (texts.no_content, "Good"),
    ],
)
def test_what_only_looks_like_it_is_left_alone(finder, text: str) -> None:
    assert finder(text) == []


HONEST = """
Quoted ¥268, paid ¥268, so no complaint there. But they kept me waiting almost two hours past the promised time.
Chen measured the pads: 5.1 mm, good for another 20,000 km. He showed me photos and did not push anything.
They pushed an engine flush although the book says nothing about it. I said no and they accepted it.
Two Michelins, price as quoted, on time. The loaner was a Wuling, clean and full.
High-voltage check explained well, app updates every step. Report at 15:10 as promised on 2026-11-19.
Fast and clean. I paid by WeChat and got the invoice the same day.
The brakes still squeak after the second visit. I would like them to listen next time.
My Corolla has 158,240 km and they treated it like a new car. Thank you, Li Qiang.
Bad. The scratch on the left door was not there before, and nobody wants to know about it.
Cheaper than the dealer by about 300 yuan and the oil was the right one, 5W-30.
I waited three hours for a battery swap. The coffee was good, the waiting was not.
Everything fine, would come back.
The advisor called me before doing extra work. That is how it should be.
They forgot to reset the service reminder, fixed it within ten minutes when I came back.
Do not go on Saturdays: it is full and loud. On weekdays it is calm.
报价268元，实付268元，没有多收。就是等了将近两个小时，没人告诉我。
师傅量了刹车片，还有5.1毫米，说还能跑两万公里，没有推销。
推销发动机清洗，我说不用，他们也就算了。总体还可以。
换了两条米其林，价格和报价一致，准时交车。
高压检查讲得很清楚，手机上每一步都能看到。
里程158240公里的老车，他们也很认真。谢谢李师傅。
很差，左前门的划痕来之前没有，没人承认。
比4S店便宜三百块左右，机油型号也对，5W-30。
等了三个小时才换好电瓶，咖啡不错，等待不好。
很好，下次还来。
加项之前先打电话问我，这样才对。
忘了复位保养灯，回去十分钟就弄好了。
周六别去，人多又吵，平时挺安静。
微信支付，当天就开了发票，很方便。
刹车还是有异响，希望第二次能听仔细一点。
""".strip().splitlines()


def test_honest_reviews_have_no_risk() -> None:
    assert len(HONEST) == 30
    assert {text: all_found(text) for text in HONEST if risk_of(all_found(text))} == {}


def test_a_reply_may_speak_as_a_business() -> None:
    text = "谢谢您给五星好评，欢迎来电。Thank you, call us any time, we offer a free check."
    assert [hint for finder in finding.REPLY_FINDERS for hint in finder(text)] == []
    assert texts.own_voice(text)


ANYTHING = st.text(alphabet=st.sampled_from("1 3一a@.加v微信:/-f好评返\u200b\u202e①ﷺаo京\n五星"), max_size=200)


@settings(max_examples=60, deadline=None)
@given(ANYTHING)
def test_stretches_lie_in_the_text_and_masks_do_not_overlap(text: str) -> None:
    found = all_found(text)
    for hint in found:
        assert (hint.start is None) == (hint.end is None)
        assert hint.start is None or 0 <= hint.start < hint.end <= len(text)
    masks = masks_of(found)
    assert all(one["end"] <= other["start"] for one, other in pairwise(masks))
    segments(text, masks)


@pytest.mark.parametrize("part", ["1 ", "a", "加微信", "f u c k ", "a@", "好评", "http://", "one ", "1-", "ﷺ", "京a"])
def test_a_full_text_of_anything_comes_to_an_end(part: str) -> None:
    """Expressions that run away would never return; those here take a few passes."""
    text = (part * 4000)[:4000]
    assert all(hint.end is None or hint.end <= 4000 for hint in all_found(text))
