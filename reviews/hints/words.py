"""The expressions that finders of texts look for, one a line: our own lists, moderate, in Chinese and English.

They are matched against the plain form of a text (`reviews.hints.plain`): lower case, half width, nothing invisible.
"""

from __future__ import annotations

import re


def any_of(*expressions: str) -> re.Pattern[str]:
    """An expression that matches where one of several does."""
    return re.compile("|".join(expressions))


_INSULTS_EN = """
    idiot idiots moron morons imbecile imbeciles asshole assholes arsehole arseholes bastard bastards bitch bitches
    cunt cunts dickhead dickheads fuck fucks fucker fuckers fucking fucked motherfucker motherfuckers shithead
    scumbag scumbags wanker wankers jackass dumbass dumbasses bullshit
"""
INSULTS_EN = _INSULTS_EN.split()
INSULTING_PHRASES_EN = (
    r"\bsons? of (?:a )?bitch(?:es)?\b",
    r"\bpieces? of shit\b",
    r"\bfull of shit\b",
    r"\bstupid (?:man|guy|boy|woman|girl|people|fool|cow)\b",
    r"\bf[*#@]{1,3}(?:k|ck)(?:ing|er)?(?![a-z])",
)
_INSULTS_ZH = """
    傻逼 傻b 傻比 傻叉 傻x 煞笔 沙比 煞b 白痴 脑残 智障 弱智 王八蛋 混蛋 滚蛋 狗东西 狗屎 狗日的 狗娘养 畜生
    人渣 贱人 贱货 婊子 他妈的 操你 草泥马 尼玛 你妈逼 妈逼 龟儿子 龟孙子 臭不要脸 不要脸 去死吧 死全家 垃圾人
    蠢货 蠢猪 猪脑子
"""
INSULTS_ZH = _INSULTS_ZH.split()
# 废物 is also waste, which garages dispose of.
INSULTING_PHRASES_ZH = (r"废物(?!利用|处理|回收|桶|箱)",)

THREATS = any_of(
    r"\b(?:i|we)(?:'ll| will| am going to|'m going to| are going to)(?: [a-z]{1,12}){0,2} "
    r"(?:kill|burn|smash|stab|hurt|destroy|beat up)(?: [a-z]{1,12})? "
    r"(?:you|him|her|them|your|this|the|that|his|their)\b",
    r"\bburn (?:this|the|that|your|their) (?:shop|place|garage) down\b",
    r"\bwatch your back\b",
    r"\bknows? where you live\b",
    r"\b(?:pay|refund) me or (?:i|we|else)\b",
    r"\bor i(?:'ll| will) (?:keep posting|post (?:this|bad|one star))",
    r"弄死|打死(?:你|他|她)|砍(?:死|了)?(?:你|他|她)",
    r"砸(?:了|烂)?(?:你|你们|他们)(?:的|家)?店",
    r"烧(?:了|掉)(?:你|你们|他们)(?:的|家)?店",
    r"让(?:你|你们)(?:好看|关门|开不下去)",
    r"走着瞧|小心你(?:的|家)|知道你(?:家)?住(?:在)?哪",
    r"不(?:退钱|赔钱|给钱|退款).{0,4}就(?:天天|一直)?.{0,3}(?:曝光|差评|堵门)",
)

PROMOTION = any_of(
    r"\b(?:promo|discount|coupon|voucher|invite|referral) ?code\b",
    r"\buse (?:my|our|the) code\b",
    r"\bclick (?:here|the link|this link)\b",
    r"\bcheapest in (?:town|the city)\b",
    r"\bguaranteed lowest\b",
    r"\bbest price[,.! ]{1,3}(?:call|contact|message|text|dm)\b",
    r"\b[dp]m (?:me|us) for\b",
    r"\bbuy (?:now|online) at\b",
    r"优惠码|邀请码|推广码|折扣码|全网最低|厂家直销|招商|加盟热线|免费领取|点击链接|批发价",
    r"报我(?:的)?(?:名字|暗号|手机号).{0,4}(?:打折|[一二三四五六七八九1-9][.\d]{0,2}折|优惠|便宜)",
    r"加[^。\n]{0,25}(?:领|送|享)(?:优惠|红包|券|折扣)",
    r"(?:私聊|私信|加群|扫码)(?:我|领|有|送|免费|优惠|了解|咨询)",
    r"低价(?:出售|批发|转让)",
)
OWN_VOICE = any_of(
    r"\b(?:call|contact|visit|message) us\b",
    r"\bour (?:shop|garage|workshop|team) (?:offers?|is open|provides?)\b",
    r"\bwe (?:offer|provide|also repair)\b",
    r"\bfree quotes?\b",
    r"\bcome to our (?:shop|garage)\b",
    r"欢迎(?:来电|咨询|选购|加盟|致电|来我店)",
    r"(?:本店|我店)(?:承接|主营|专业|长期|优惠|推出)",
    r"专业承接|长期(?:收购|回收)|主营业务",
)

_STARRED = r"(?:good |positive |great |five[ -]star |5[ -]star )?reviews?\b"
_GIVEN = r"(?:cash ?back|discount|money|refund|gift|voucher|coupon|free)"
PAID = any_of(
    r"好评[^。\n]{0,4}(?:返现|返红包|返钱|有礼|换|送券)",
    r"(?:写|发|给|打|晒)[^。\n]{0,4}(?:好评|五星|5星)[^。\n]{0,6}(?:返|送|领|换|奖|优惠|红包|减免)",
    r"五星[^。\n]{0,4}(?:返|换|有礼|红包)",
    r"红包[^。\n]{0,8}(?:好评|五星|5星)",
    r"刷单|刷(?:的)?好评|买的好评|水军",
    r"(?<!没)(?<!没有)(?<!不)(?:让|叫|要求|求)我(?:们)?[^。\n]{0,4}(?:写|给|打|发)[^。\n]{0,4}(?:好评|五星|5星|5分)",
    r"\b(?:five|5)[ -]?stars?(?: reviews?)? (?:for|in (?:exchange|return) for) (?:a |some )?" + _GIVEN,
    r"\bcash ?back for (?:a |this |my )?" + _STARRED,
    r"(?<!not )(?<!never )(?<!n't )\b(?:asked?|told|made|want(?:ed)?|begged) (?:me|us) to (?:write|leave|give|post)"
    r"(?: a| this| them| the shop)?(?: a)?(?: good| positive| great| five| 5| nice| review\b)",
    r"\b(?:was|were|got|been) paid (?:to write|for (?:a|this|writing))",
    r"\bpaid (?:me|us) (?:to write|for (?:a|this|the) review)",
    r"\bin (?:exchange|return) for (?:a |this |my |our )?" + _STARRED,
    r"\b(?:discount|refund|gift|voucher|coupon|free [a-z]{2,12}|money|cash) "
    r"(?:if i (?:write|leave)|for (?:a|this|my|writing|leaving)(?: a| this)?) " + _STARRED,
)
