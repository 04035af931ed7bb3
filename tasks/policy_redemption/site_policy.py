"""What a policy says on its page: interpretation, the six things of its guide, conditions, papers, grant (Art. 10)."""

from collections.abc import Iterable

from config.messages import say
from config.offices import OfficeUnknownError, office
from models.personal import is_office_telephone
from models.policy_redemption.policy import Condition, Grant, PolicyContent
from models.policy_redemption.publicity import without_persons
from tasks.policy_redemption.site_content import PublicPolicy, PublicVersion
from tasks.policy_redemption.site_frame import tell, tell_day, time
from tasks.policy_redemption.site_markup import Child, Markup, el, paragraphs, several


def fact(title: str, value: Child) -> Markup | None:
    """Return a fact with its title, or nothing where there is none."""
    return el("div", el("dt", tell(title)), el("dd", value)) if value else None


def telephone(number: str) -> Markup | None:
    """Return an office's telephone as a link; a mobile is somebody's and not shown."""
    if not is_office_telephone(number):
        return None
    return el("a", number, href=f"tel:{number.replace('-', '')}")


def _yuan(sum_: str) -> str:
    whole, _, cents = sum_.partition(".")
    return f"{int(whole):,}" + (f".{cents}" if cents else "")


def department(role: str) -> str:
    """Return the name of a department."""
    try:
        return office(role).zh
    except OfficeUnknownError:  # a body that was struck off the registry since
        return role


def version_title(version: PublicVersion) -> str:
    """Return what a version is called."""
    return tell("version", number=version.number, since=tell_day(version.since))


def _grant(grant: Grant) -> str:
    match grant.kind:
        case "fixed":
            said = tell("grant_fixed", amount=_yuan(grant.amount))
        case "share":
            said = tell("grant_share", of=say(f"policy_judgement.fact_{grant.of}", "zh"), share=grant.share)
        case _:
            said = tell("grant_as_reviewed")
    return said + (tell("grant_cap", cap=_yuan(grant.cap)) if grant.cap else "")


def _asked(condition: Condition) -> str:
    if condition.judged_by == "person":
        return condition.name
    return f"{condition.name}：{say(f'policy_judgement.comparison_{condition.comparison}', 'zh')}{condition.value}"


def policy_content(policy: PublicPolicy, content: PolicyContent) -> Markup:
    """Return what a version says: interpretation, the six things of the guide (Art. 10), conditions, papers, grant."""
    guide = content.guide

    def listed(items: Iterable[tuple[str, str]]) -> Markup | None:
        made = [el("li", without_persons(name), f"（{note}）" if note else None) for name, note in items]
        return el("ul", *made) if made else None

    papers = (
        (one.name, "，".join(filter(None, (without_persons(one.note), "" if one.required else tell("optional")))))
        for one in content.materials
    )
    checked = ((_asked(one), tell(f"by_{one.judged_by}")) for one in content.conditions)
    lane = tell(f"lane_{content.lane.value}") + (f"，{tell('on_site')}" if content.on_site else "")
    return several(
        el(
            "dl",
            fact("policy_code", policy.code),
            fact("document", content.document),
            fact("department", department(content.department)),
            fact("issued", time(content.issued)),
            fact("lane", lane),
            fact("grant", _grant(content.grant)),
            fact("payment", tell("payment_days", days=content.payment_days)),
            fact("complaint", telephone(content.complaint_telephone)),
            class_="card",
        ),
        el("h2", tell("interpretation")),
        paragraphs(without_persons(content.interpretation)),
        el("h2", tell("guide")),
        el(
            "dl",
            fact("conditions", paragraphs(without_persons(guide.conditions))),
            fact("materials", paragraphs(without_persons(guide.materials))),
            fact("steps", paragraphs(without_persons(guide.steps))),
            fact("promised", tell("workdays", days=guide.promised_days)),
            fact("section", guide.section),
            fact("telephone", telephone(guide.telephone)),
            fact("checked", listed(checked)),
            fact("papers", listed(papers)),
            class_="card",
        ),
    )
