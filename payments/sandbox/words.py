"""What the payer reads, in two languages. A stranger's site has its own words."""

from __future__ import annotations

_WORDS = {
    "title": ("Test payment", "测试支付"),
    "provider": ("Sandbox Pay", "沙盒支付"),
    "test_money": ("Test money. Nothing real is paid.", "测试资金，不会真实扣款。"),
    "pays_for": ("Paid for", "付款内容"),
    "number": ("Payment number", "支付单号"),
    "pay_until": ("Pay before", "请在此时间前付款"),
    "what": ("What should happen?", "接下来如何处理？"),
    "pay": ("Pay {amount}", "支付 {amount}"),
    "decline": ("Decline", "拒绝付款"),
    "later": ("Pay in 30 seconds", "30 秒后付款"),
    "odd": ("Unusual ways to pay", "特殊付款方式"),
    "twice": ("Pay, but send the notice twice", "付款，但通知发送两次"),
    "unordered": ("Pay, but send the notices out of order", "付款，但通知次序颠倒"),
    "state_pending": ("Not paid yet", "尚未付款"),
    "state_later": ("Will be paid within 30 seconds", "将在 30 秒内付款"),
    "state_paid": ("Paid", "已付款"),
    "state_declined": ("Declined. Nothing was paid.", "已拒绝，未付款。"),
    "state_closed": ("Closed by the shop. Nothing was paid.", "商家已关闭此订单，未付款。"),
    "state_expired": ("The time to pay is over. Nothing was paid.", "付款时间已过，未付款。"),
    "back": ("Back to the shop", "返回商家"),
    "again": ("Look again", "刷新状态"),
    "other_language": ("中文", "English"),
    "missing": ("There is no such payment.", "没有这笔支付。"),
    "home": (
        "This is a payment provider for trying things out. Payments start at the shop, which sends you here.",
        "这是供测试使用的支付服务。请在商家处发起付款，再跳转到这里。",
    ),
}


def language(wished: str, accepted: str) -> str:
    """ "en" or "zh": what the address says, else what the browser prefers, else Chinese."""
    for name in (wished, *(part.split(";")[0].strip() for part in accepted.split(","))):
        if (short := name.lower()[:2]) in {"en", "zh"}:
            return short
    return "zh"


def word(name: str, lang: str) -> str:
    """A phrase in a language."""
    return _WORDS[name][lang == "zh"]
