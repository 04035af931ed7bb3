"""How demands come in: online by a form that takes no personal data, and by the window's sheet, sealed (Art. 19)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any, Final, NamedTuple

from prefect.client.schemas.objects import State
from prefect.states import Completed
from sqlalchemy import insert, select, update

from config.messages import Refusal, say
from config.zone import SHANGHAI
from models.identity import check_credit_code
from models.personal import personal_numbers
from models.policy_redemption.demand import DemandChannel, DemandKind
from models.policy_redemption.demand import DemandStatus as S
from tasks.case import open_case
from tasks.clock import local_day, now
from tasks.form_run import end_refused, run_mark
from tasks.intake import Refused, Taker
from tasks.journal import CASES, lock, write_entry
from tasks.policy_redemption.demand import DEMANDS, PROCESS, STORY, Answered, may_reopen
from tasks.rescue import start_run
from tasks.roster import Accepted
from tasks.step import actor, read_dossier
from tasks.store import Transaction, transaction
from tasks.wait import count_nudge
from tasks.yearly import next_place

PREFIX: Final = "SQ"
OPENING: Final = time(9)


class Given(NamedTuple):
    """What a demand says as it comes in."""

    kind: DemandKind
    channel: DemandChannel
    title: str
    content: str
    received: datetime
    mark: bytes
    uscc: str = ""
    contact: str | None = None
    phone: str | None = None


def without_numbers(*texts: str) -> None:
    """Refuse texts that hold somebody's numbers, and say where they may be left instead.

    Raises:
        Refusal: one of them does.
    """
    found = dict.fromkeys(kind for text in texts for kind in personal_numbers(text))
    if found:
        raise Refusal("demand.personal", what="、".join(say(f"demand.number_{kind}") for kind in found))


def lodge(given: Given) -> str:
    """Open a demand under the next number of the year and return it; what was lodged before keeps its number."""
    with transaction() as tx:
        day = local_day(now())
        register_id, place = next_place(tx, DEMANDS, PREFIX, day.year)
        known = (
            select(CASES.c.number)
            .join(DEMANDS, DEMANDS.c.case_id == CASES.c.id)
            .where(DEMANDS.c.mark == given.mark)
        )  # fmt: skip
        if (number := tx.core.execute(known).scalar_one_or_none()) is not None:
            return str(number)
        number = f"{PREFIX}-{day.year}-{place:06}"
        dossier = open_case(
            number,
            process=PROCESS,
            subject=say("demand.subject", kind=given.kind.word, title=given.title),
            on=day,
            story=STORY,
            parameters={"number": number},
            status=S.RECEIVED,
            parent_id=register_id,
        )
        online = given.channel is DemandChannel.ONLINE
        tx.core.execute(
            insert(DEMANDS).values(
                case_id=dossier.id,
                register_id=register_id,
                place=place,
                kind=given.kind.value,
                channel=given.channel.value,
                title=given.title,
                content=given.content,
                open_text=given.content if online and not personal_numbers(given.content) else "",
                uscc=given.uscc,
                contact=given.contact,
                phone=given.phone,
                received_at=given.received,
                mark=given.mark,
            )
        )
    return number


def ask_again(number: str, why: str, uscc: str = "") -> str:
    """Note that a demand is to be taken up again, and wake it; return its number.

    Raises:
        Refusal: there is no such demand, it is another enterprise's, it is not answered yet, or may not be taken up
            any more.
    """
    with transaction() as tx:
        chosen = select(CASES.c.id, CASES.c.status, DEMANDS.c.uscc).join(DEMANDS, DEMANDS.c.case_id == CASES.c.id)
        found = tx.core.execute(chosen.where(CASES.c.number == number)).one_or_none()
        if found is None or found.uscc not in ("", uscc):
            raise Refusal("demand.no_earlier", number=number)
        lock(tx, found.id)
        dossier = read_dossier(number)
        status = tx.core.execute(select(CASES.c.status).where(CASES.c.id == found.id)).scalar_one()
        if S(status).is_final():
            raise Refusal("demand.over", number=number)
        if status not in (S.ANSWERED, S.RATED):
            raise Refusal("demand.not_answered", number=number, status=S(status).text)
        turn = max(turn for name, turn in dossier.journal if name == "answer_demand")
        answered = Answered.model_validate(dossier.journal["answer_demand", turn])
        if ("asked-again", turn) in dossier.journal:
            return number
        at = now()
        if at > answered.until or not may_reopen(dossier.at_turn(turn)):
            raise Refusal("demand.over", number=number)
        tx.core.execute(update(DEMANDS).where(DEMANDS.c.case_id == found.id).values(again_at=at, again_why=why))
        write_entry(
            tx, lock(tx, found.id), "asked-again", turn, actor=actor.get(), at=at, outcome=at, substance=False
        )  # fmt: skip
        count_nudge(found.id)
    return number


def _received(day: date) -> datetime:
    """Return the moment of a sheet's day of receipt: now, or the opening of an earlier day."""
    return now() if day == local_day(now()) else datetime.combine(day, OPENING, SHANGHAI)


def _take(tx: Transaction, case_id: int, rows: Sequence[Accepted[Any]], day: date) -> Iterable[Refused]:
    del tx, case_id, day  # a demand is numbered in the register of the day on which it is lodged
    for one in rows:
        row = one.fact
        if row.earlier:
            try:
                ask_again(row.earlier, row.content, row.uscc or "")
            except Refusal as refusal:
                yield Refused(one, "earlier", refusal.key, refusal.facts)
            continue
        lodge(Given(row.kind, row.channel, row.title, row.content, _received(row.received), one.digest,
                    row.uscc or "", row.contact, row.phone))  # fmt: skip


TAKERS: Final[Mapping[str, Taker]] = {"demand": _take}


def credit_code(given: str) -> str:
    """Return a credit code as it is kept.

    Raises:
        Refusal: it is none; the sentence says why.
    """
    checked = check_credit_code(given.replace(" ", "").upper())
    if checked.errors:
        raise Refusal(checked.errors[0].key, **checked.errors[0].facts)
    return checked.value


def lodge_online(kind: str, title: str, content: str, firm: str, earlier: str) -> str:
    """Lodge what the online form brings, or ask for an earlier demand to be taken up again; return the number.

    Raises:
        Refusal: it holds somebody's numbers, the class or the enterprise is none, or the earlier demand is over.
    """
    title, content = title.strip(), content.strip()
    without_numbers(title, content)
    uscc = credit_code(firm) if firm.strip() else ""
    if earlier.strip():
        return ask_again(earlier.strip().upper(), content, uscc)
    known = next((one for one in DemandKind if kind in (one.word, one.value)), None)
    if known is None:
        raise Refusal("demand.kind_unknown", kind=kind)
    if known.wants_answer() and not uscc:
        raise Refusal("demand.firm_missing")
    return lodge(Given(known, DemandChannel.ONLINE, title, content, now(), run_mark(title, content), uscc))


def lodge_by_form(kind: str, title: str, content: str, firm: str, earlier: str) -> State[str]:
    """Take the online form: the run ends with the demand's number, or with the reason of the refusal."""
    try:
        number = lodge_online(kind, title, content, firm, earlier)
    except Refusal as refusal:
        return end_refused(refusal, "demand.personal", "title", "content")
    start_run(number)
    return Completed(message=say("demand.lodged", number=number))
