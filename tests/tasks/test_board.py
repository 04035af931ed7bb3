"""Boards: what they count, which light is on, where their links lead, and that an unchanged board is left alone."""

import json
import re
import time
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from prefect.client.orchestration import SyncPrefectClient
from sqlalchemy import insert, update
from sqlmodel import SQLModel

from config.boards import board_plan
from config.messages import FOLDER, fields_of
from config.settings import settings
from config.zone import SHANGHAI
from models.answer import Determination
from models.deadline import Clock
from models.every_table import TABLES
from tasks import store
from tasks.ask import DECISIONS, SEATS, ask, open_questions
from tasks.board import publish_boards
from tasks.board_deadline import deadline_page
from tasks.board_inbox import inbox_page
from tasks.board_page import plain, slug, status_title
from tasks.board_ranking import RankRow, Seal, ranking_page
from tasks.board_season import Places, season_page
from tasks.board_subject import board_subjects
from tasks.board_worklist import MOST_ROWS, answer_address, office_page, worklist_page, worklist_pages
from tasks.case import close_case, open_case
from tasks.clock import now, set_clock
from tasks.deadline import Owed, meet_clock, pause_clock, start_clock
from tasks.journal import CASES, ENTRIES, NOTICES
from tasks.members import Member, Moved, over_members
from tasks.step import Dossier
from tasks.store import engine, transaction
from tasks.wait import Parked, wait_until

NUMBER = "ZB-2027H1"
MORNING = datetime(2026, 3, 2, 10, 0, tzinfo=SHANGHAI)
LINE = board_plan("conscription").line


@pytest.fixture(params=["sqlite", "postgresql"])
def installation(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An installation of our own on each database, with a clock that is set by hand."""
    monkeypatch.setenv("BANJIE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BANJIE_CLOCK", "simulated")
    monkeypatch.setenv("BANJIE_ADDRESS", "http://prefect.example:4200")
    if request.param == "postgresql":
        monkeypatch.setenv("BANJIE_DATABASE_URL", request.getfixturevalue("postgres"))
    store.forget()
    SQLModel.metadata.create_all(engine(), tables=[store.table(each) for each in TABLES])
    set_clock(MORNING)
    yield tmp_path
    store.forget()


def season(number: str = NUMBER, *, process: str = "conscription", drill: bool = False) -> Dossier:
    return open_case(number, process=process, subject="2027年上半年征兵", on=date(2027, 3, 1), status="examining",
                     story="conscription/conscription", parameters={}, drill=drill)  # fmt: skip


def enter(case: Dossier, units: Iterable[str], status: str = "applied_online") -> None:
    rows = [
        {"number": f"{case.number}-{place:06d}", "process": case.process, "subject": "", "parent_id": case.id, "unit": unit,
         "status": status, "on_day": case.on, "drill": case.drill, "version": 0, "seq": 0, "head": b"", "opened_at": now()}
        for place, unit in enumerate(units, 1)
    ]  # fmt: skip
    with transaction() as tx:
        tx.core.execute(insert(CASES), rows)


def move(case: Dossier, name: str, at: str, off: str, to: dict[str, str]) -> None:
    """Move the members at a status to another by the ends of their numbers, the rest to `off` (empty: they stay)."""

    def work(_dossier: Dossier, members: list[Member]) -> Iterable[Moved]:
        for member in members:
            if after := to.get(member.number[-2:], off):
                yield Moved(member, after, {})

    work.__name__ = name
    over_members(at)(work)(case)


def rows_of(body: str, heading: str) -> list[list[str]]:
    """Return the cells of the table under a heading."""
    after = body.split(f"## {heading}", 1)[1].strip().split("\n\n")[0]
    lines = [line[2:-2].split(" | ") for line in after.splitlines()]
    return [[cell.strip() for cell in line] for line in lines[2:]]


# --- the season board


@pytest.fixture
def examining(installation: Path) -> Dossier:
    """Six men: two stay at the online application, one fails the first check, one at the body check, two are approved."""
    del installation
    case = season()
    enter(case, ["sanxing", "sanxing", "sanxing", "sanxing", "changle", "changle"])
    move(case, "confirm", "applied_online", "site_confirmed", {"01": "", "05": ""})
    move(case, "precheck", "site_confirmed", "precheck_passed", {"02": "precheck_failed"})
    move(case, "examine", "precheck_passed", "approved", {"03": "physical_failed"})
    return case


def test_the_funnel_counts_whoever_ever_came_that_far(examining: Dossier) -> None:
    body = season_page(examining.number).body
    assert rows_of(body, "各环节人数") == [
        ["名册", "6", "100.0%", ""],
        ["网上报名", "6", "100.0%", "2"],
        ["现场确认", "4", "66.7%", "0"],
        ["初检合格", "3", "50.0%", "0"],
        *(
            [title, "2", "33.3%", "0"]
            for title in ("体检合格", "政考合格", "双合格", "役前教育合格", "已排序", "拟定新兵", "公示中")
        ),
        ["批准入伍", "2", "33.3%", "2"],
        ["初检不合格", "", "", "1"],
        ["体检不合格", "", "", "1"],
    ]


def test_towns_are_set_against_their_quota_and_the_district_list_stands_apart(examining: Dossier) -> None:
    body = season_page(examining.number, Places({"sanxing": 2, "haiyong": 1, "": 1})).body
    assert rows_of(body, "各区镇") == [
        ["三星镇", "4", "4", "2", "1", "1", "1", "2", "-1"],
        ["海永镇", "0", "0", "0", "0", "0", "0", "1", "-1"],
        ["常乐镇", "2", "2", "1", "1", "1", "1", "0", "+1"],
        ["不分区镇", "0", "0", "0", "0", "0", "0", "1", "-1"],
        ["**合计**", "6", "6", "3", "2", "2", "2", "4", "-2"],
    ]
    counted = season_page(examining.number, Places({"sanxing": 2, "": 1}, {"sanxing": 1, "": 1})).body
    assert [row[-3:] for row in rows_of(counted, "各区镇")] == [
        ["1", "2", "-1"],
        ["0", "0", "0"],
        ["1", "1", "0"],
        ["2", "3", "-1"],
    ]
    assert rows_of(season_page(examining.number).body, "各区镇")[-1] == ["**合计**", "6", "6", "3", "2", "2", "2"]


def test_who_is_behind_is_listed_by_town_until_the_clock_is_met(examining: Dossier) -> None:
    owed = Owed(
        "precheck", Clock.DATE, anchor=MORNING + timedelta(days=3), lagging=("applied_online",), rungs=("before:1",)
    )
    start_clock(examining, owed)
    ahead = season_page(examining.number).body
    assert rows_of(ahead, "尚未完成 · 目测初检 · 2026-03-05 · 剩余3天") == [
        ["三星镇", "1", "25.0%"],
        ["常乐镇", "1", "50.0%"],
    ]
    set_clock(MORNING + timedelta(days=5))
    late = season_page(examining.number).body
    assert rows_of(late, "滞后名单 · 目测初检 · 2026-03-05 · 超期2天") == [
        ["三星镇", "1", "25.0%"],
        ["常乐镇", "1", "50.0%"],
    ]
    assert rows_of(late, "近期期限") == [["■ 超期", "目测初检", "", "2026-03-05", "超期2天"]]
    meet_clock(examining, "precheck")
    met = season_page(examining.number).body
    assert "滞后名单" not in met
    assert "没有在办期限" in met


def test_it_says_what_the_case_waits_for_and_since_when(examining: Dossier) -> None:
    assert "系统正在办理，没有等待事项。" in season_page(examining.number).body
    with pytest.raises(Parked):
        wait_until(examining, "medical", MORNING + timedelta(days=9))
    assert rows_of(season_page(examining.number).body, "正在等待") == [
        ["体格检查", "", "2026-03-02 10:00", "2026-03-11 10:00"]
    ]
    with pytest.raises(Parked):
        ask(
            Determination,
            examining,
            "publicity",
            of="conscription_office",
            text="请审阅",
            due=MORNING + timedelta(hours=1),
        )
    row = ["宣传方案审定", "区征兵办公室", "2026-03-02 10:00", "2026-03-02 23:59"]
    assert rows_of(season_page(examining.number).body, "正在等待") == [row]
    set_clock(MORNING + timedelta(days=1))
    assert rows_of(season_page(examining.number).body, "正在等待") == [[*row[:3], "**■ 超期**<br>2026-03-02 23:59"]]


def test_title_key_and_head(examining: Dossier) -> None:
    page = season_page(examining.number)
    assert (page.key, page.title) == ("season-zb-2027h1", "2027年上半年征兵 · ZB-2027H1")
    assert page.body.startswith(
        "状态：**体格检查** · 今日：2026-03-02 · 规则适用日：2027-03-01\n\n![名册人数6，当前环节体格检查，批准2，待决定0，已超期0；网上报名6"
    )
    drill = season_page(season("YL-ZB-1", drill=True).number)
    assert drill.title.startswith("【演练】")


def test_a_process_without_a_plan_shows_its_statuses_as_they_come(installation: Path) -> None:
    del installation
    case = season("DX-1", process="some_process")
    enter(case, ["finance_bureau", "no_such_unit"], "filed")
    page = season_page("DX-1")
    assert page.key == "case-dx-1"
    assert rows_of(page.body, "各环节人数") == [["名册", "2", "100.0%", ""], ["filed", "", "", "2"]]
    assert rows_of(page.body, "各区镇") == [["区财政局", "1"], ["no\\_such\\_unit", "1"], ["**合计**", "2"]]


def test_an_instance_without_members_has_no_tables_of_members(installation: Path) -> None:
    del installation
    body = season_page(season().number).body
    assert "各区镇" not in body
    assert "正在等待" in body


def test_a_closed_case_keeps_a_last_board_for_a_while(installation: Path) -> None:
    del installation
    case = season()
    close_case(case, "closed")
    assert "已于 2026-03-02 办结" in season_page(case.number).body
    assert board_subjects(now() - timedelta(days=2)) == [NUMBER]
    assert board_subjects(now() + timedelta(seconds=1)) == []


def test_thirty_thousand_members_are_counted_within_a_second(installation: Path) -> None:
    del installation
    case = season()
    enter(case, [("sanxing", "changle", "haimen_zone")[place % 3] for place in range(30_000)], "physical_passed")
    with transaction() as tx:
        first = tx.core.execute(CASES.select().where(CASES.c.parent_id == case.id).limit(1)).one().id
        for place, (before, after) in enumerate(pairwise(LINE[:4])):
            lines = [
                {"case_id": member, "seq": place + 1, "step": after, "turn": 1, "actor": "system", "before": before, "after": after,
                 "outcome": 1, "rule": "", "at": MORNING, "hash": b""}
                for member in range(first, first + 30_000)
            ]  # fmt: skip
            tx.core.execute(insert(ENTRIES), lines)
    spent = []
    for _ in range(3):
        began = time.perf_counter()
        page = season_page(NUMBER)
        spent.append(time.perf_counter() - began)
    assert rows_of(page.body, "各区镇")[-1][:4] == ["**合计**", "30,000", "30,000", "30,000"]
    assert min(spent) < 1


# --- lights and receipts


def light(body: str) -> list[str]:
    lines = [line.strip("| ").split(" | ") for line in body.splitlines() if line.startswith("| ") and "ZB-" in line]
    return [f"{line[0]} {line[-1]}" for line in lines]


def test_a_light_turns_yellow_with_the_first_reminder_and_red_after_the_last_second(installation: Path) -> None:
    del installation
    case = season()
    start_clock(case, Owed("posting", Clock.WORKING_DAYS, 5, office="conscription_office", rungs=("half", "breach")))
    assert light(deadline_page().body) == ["● 正常 剩余5个工作日"]
    set_clock(datetime(2026, 3, 5, 8, 59, tzinfo=SHANGHAI))
    assert light(deadline_page().body) == ["● 正常 剩余3个工作日"]
    set_clock(datetime(2026, 3, 5, 9, 0, tzinfo=SHANGHAI))
    assert light(deadline_page().body) == ["▲ 临期 剩余3个工作日"]
    set_clock(datetime(2026, 3, 9, 23, 50, tzinfo=SHANGHAI))
    assert light(deadline_page().body) == ["▲ 临期 今日到期"]
    set_clock(datetime(2026, 3, 10, 0, 0, tzinfo=SHANGHAI))
    assert light(deadline_page().body) == ["■ 超期 超期1天"]


def test_hours_are_told_in_hours_and_a_paused_clock_shows_no_light(installation: Path) -> None:
    del installation
    case = season()
    start_clock(case, Owed("report", Clock.HOURS, 48))
    set_clock(MORNING + timedelta(hours=1, minutes=1))
    assert light(deadline_page().body) == ["● 正常 剩余46小时"]
    pause_clock(case, "report")
    assert light(deadline_page().body) == ["○ 暂停 已暂停计时"]
    other = season("ZB-2")
    start_clock(other, Owed("report", Clock.HOURS, 48, anchor=MORNING - timedelta(hours=50)))
    assert light(deadline_page().body) == ["■ 超期 超期3小时", "○ 暂停 已暂停计时"]


def test_calendar_days_are_never_called_working_days(installation: Path) -> None:
    del installation
    case = season()
    start_clock(case, Owed("report", Clock.DAYS, 60, rungs=("half", "breach")))
    body = deadline_page().body
    assert light(body) == ["● 正常 剩余60天"]
    assert "期限 60 天（自然日）：计入 60 天，不计 0 天，暂停 0 天。" in body
    assert "个工作日" not in body
    assert "（暂定）" not in body
    pause_clock(case, "report")
    assert light(deadline_page().body) == ["○ 暂停 已暂停计时"]


def test_a_date_that_a_notice_may_still_move_is_flagged(installation: Path) -> None:
    del installation
    start_clock(season(), Owed("posting", Clock.WORKING_DAYS, 5, anchor=datetime(2031, 5, 5, 9, tzinfo=SHANGHAI)))
    assert "2031-05-12（暂定）" in deadline_page().body


def test_the_receipt_shows_each_day_and_the_notice_it_rests_on(installation: Path) -> None:
    del installation
    case = season()
    start_clock(
        case, Owed("posting", Clock.WORKING_DAYS, 2, anchor=datetime(2023, 9, 28, 16, tzinfo=SHANGHAI), rule="第三十条")
    )
    body = deadline_page().body
    receipt = body[body.index("<details>") :]
    assert "<summary>ZB-2027H1 · 公示 · 2023-10-08</summary>" in receipt
    assert "起算 2023-09-28，期限 2 个工作日：计入 2 天，不计 8 天，暂停 0 天。" in receipt
    days = re.findall(r"\| (2023-\d\d-\d\d) \| (\d*) \| ([^|]*) \| ([^|]*) \|", receipt)
    assert days[0][:3] == ("2023-09-28", "", "起算日，当日不计入")
    assert days[1][:3] == ("2023-09-29", "", "节假日放假，不计入")
    assert days[-2][1:3] == ("1", "调休上班日，计入")
    assert days[-1][:3] == ("2023-10-08", "2", "调休上班日，计入")
    assert all("国办发明电" in notice for *_, notice in days)


# --- the worklist


def questions(case: Dossier, number: int, **seat: Any) -> None:
    with transaction() as tx:
        for place in range(number):
            made = tx.core.execute(
                insert(DECISIONS).values(case_id=case.id, point=f"p{place}", turn=1, form="Determination", mode="single", status="open",
                                         version=0, title="补检|申请", text="", asked_at=MORNING, excluded=[],
                                         due_at=MORNING + timedelta(days=place - 1, hours=1))
            )  # fmt: skip
            values = {"decision_id": next(iter(made.inserted_primary_key or ())), "place": 1, "role": "conscription_office", "officer": "", "attempt": 1,
                      "status": "open", "run_id": "", "refusal": "", "verdict": "", "signed_by": "", "signed_for": "", "way": ""}  # fmt: skip
            tx.core.execute(insert(SEATS).values(values | seat))


def test_a_question_leads_to_its_own_run_and_to_the_form_filled_with_its_number(installation: Path) -> None:
    del installation
    questions(season(), 1, run_id="0197-run", refusal="动态口令不正确")
    (page,) = worklist_pages("the-deployment")
    assert (page.key, page.title) == ("worklist-conscription-office", "待办事项 · 区征兵办公室")
    number = open_questions()[0].number
    assert f"[{number}](http://prefect.example:4200/v2/runs/flow-run/0197-run)" in page.body
    address = answer_address("the-deployment", number)
    assert f"[办理]({address})" in page.body
    assert urlsplit(address).path == "/v2/deployments/deployment/the-deployment/run"
    assert json.loads(parse_qs(urlsplit(address).query)["parameters"][0]) == {"number": number}
    assert "**补检\\|申请**<br>ZB-2027H1<br>上次未采纳：动态口令不正确" in page.body
    assert "**■ 超期**<br>2026-03-01 11:00" in page.body
    assert "办理]" not in worklist_pages("")[0].body


def test_a_thousand_questions_are_capped_the_most_urgent_first_and_each_office_has_its_own(installation: Path) -> None:
    del installation
    questions(season(), 1000)
    questions(season("ZB-2"), 1, role="town_armed_forces:sanxing")
    own = worklist_pages("d")
    assert [page.key for page in own] == ["worklist-conscription-office", "worklist-town-armed-forces-sanxing"]
    began = time.perf_counter()
    body = worklist_page(open_questions(), "d", {"worklist-conscription-office": "an-id"}).body
    assert time.perf_counter() - began < 1
    assert body.count("parameters=") == MOST_ROWS
    assert f"共 1001 项，此处列出前 {MOST_ROWS} 项。" in body
    link = "[查看](http://prefect.example:4200/v2/artifacts/artifact/an-id)"
    assert rows_of(body, "各单位待办") == [
        ["区征兵办公室", "1000", "1", "2026-03-01 11:00", link],
        ["三星镇武装部", "1", "1", "2026-03-01 11:00", ""],
    ]
    assert len(rows_of(body, "全部待办")) == MOST_ROWS
    dues = re.findall(r"\d{4}-\d\d-\d\d 11:00", body.split("## 全部待办")[1])
    assert dues == sorted(dues)
    assert dues[0] == "2026-03-01 11:00"


def test_an_office_without_questions_says_so(installation: Path) -> None:
    del installation
    assert office_page("finance_bureau", [], "d").body == "目前没有待办事项。"


# --- inbox and ranking


def test_the_inbox_shows_unread_first_newest_first_and_marks_drills(installation: Path) -> None:
    del installation
    case = season(drill=True)
    facts = {"title": "体检|结果", "subject": "征兵"}
    with transaction() as tx:
        for place, (who, read) in enumerate(
            [("officer:1001", None), ("role:finance_bureau", MORNING), ("officer:1001", None)]
        ):
            template = "notice_kernel.question" if place else "notice_kernel.nothing_of_the_kind"
            tx.core.execute(
                insert(NOTICES).values(key=bytes([place]) * 16, case_id=case.id, number=place, recipient=who, channel="inbox", attempts=1,
                                       template=template, facts=facts, status="sent", created_at=MORNING + timedelta(minutes=place),
                                       read_at=read, lease="", error="")
            )  # fmt: skip
    body = inbox_page().body
    assert rows_of(body, "最近通知") == [
        [
            "2026-03-02 10:02",
            "工号1001",
            "**● 未读** **【演练】待办：体检\\|结果**<br>【演练】【ZB-2027H1·第2号】征兵需要您就“体检\\|结果”作出决定，请在待办列表中办理。",
        ],
        ["2026-03-02 10:00", "工号1001", "**● 未读** **ZB-2027H1**<br>（内容无法显示，编号 0）"],
        [
            "2026-03-02 10:01",
            "区财政局",
            "**【演练】待办：体检\\|结果**<br>【演练】【ZB-2027H1·第1号】征兵需要您就“体检\\|结果”作出决定，请在待办列表中办理。",
        ],
    ]
    assert rows_of(body, "各收件人") == [
        ["工号1001", "2", "2", "2026-03-02 10:02"],
        ["区财政局", "", "1", "2026-03-02 10:01"],
    ]


def test_the_ranking_shows_numbers_points_and_the_seal(installation: Path) -> None:
    del installation
    rows = [RankRow(1, "ZB-2027H1-000007", "sanxing", Decimal("91.50"), "", "ab" * 32)]
    page = ranking_page(NUMBER, rows, Seal("cd" * 32, MORNING))
    assert page.key == "ranking-zb-2027h1"
    assert "| 1 | ZB-2027H1-000007 | 三星镇 | 91.50 |  | `abababababab` |" in page.body
    assert "名单已于 2026-03-02 10:00 封存，共 1 人。" in page.body
    assert f"`{'cd' * 32}`" in page.body


# --- words


def test_free_text_cannot_break_out_of_its_cell() -> None:
    assert plain("a|b\n<script>[x](y) `c` *d* _e_") == "a\\|b \\<script\\>\\[x\\](y) \\`c\\` \\*d\\* \\_e\\_"
    assert slug("worklist", "town_armed_forces:sanxing") == "worklist-town-armed-forces-sanxing"


def test_every_status_of_the_plan_has_a_title() -> None:
    plan = board_plan("conscription")
    named = {*plan.line, *plan.columns, *plan.bars, *plan.taken}
    assert not {status for status in named if status_title("conscription", status) == status}
    assert {*plan.columns, *plan.bars} <= {*plan.line}
    assert status_title("conscription", "unheard_of") == "unheard_of"


def test_both_languages_say_the_same() -> None:
    zh, en = (
        yaml.safe_load((FOLDER / language / "board.yaml").read_text(encoding="utf-8")) for language in ("zh", "en")
    )
    assert zh.keys() == en.keys()
    assert [key for key in zh if fields_of(f"board.{key}") != fields_of(f"board.{key}", "en")] == []


def test_an_english_installation_reads_english(installation: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del installation
    case = season()
    enter(case, ["sanxing"])
    monkeypatch.setenv("BANJIE_LANGUAGE", "en")
    settings.cache_clear()
    assert rows_of(season_page(NUMBER).body, "By town") == [
        ["Sanxing Town", "1", "1", "0", "0", "0", "0"],
        ["**Total**", "1", "1", "0", "0", "0", "0"],
    ]


# --- publishing


@pytest.mark.server
def test_boards_are_created_once_updated_in_place_and_left_alone_when_unchanged(
    installation: Path, prefect_client: SyncPrefectClient
) -> None:
    del installation
    case = season(f"ZB-{time.time_ns()}")
    key = slug("season", case.number)
    questions(case, 1, role="veterans_bureau")
    first = publish_boards(prefect_client)
    assert {key, "worklist", "worklist-veterans-bureau"} <= {*first}
    made = latest(prefect_client)
    assert {*first, "deadlines", "inbox"} <= made.keys()
    assert publish_boards(prefect_client) == []
    assert latest(prefect_client) == made

    with transaction() as tx:
        tx.core.execute(update(SEATS).values(status="answered"))
        tx.core.execute(update(DECISIONS).values(status="answered"))
    changed = publish_boards(prefect_client, {case.number: Places({"sanxing": 3})})
    assert {*changed} == {"worklist", "worklist-veterans-bureau", key}
    now_there = latest(prefect_client)
    assert {name: found[0] for name, found in now_there.items()} == {name: found[0] for name, found in made.items()}
    assert "目前没有待办事项。" in now_there["worklist-veterans-bureau"][1]
    assert "内容最后变化：2026-03-02 10:00（北京时间）" in now_there["worklist"][1]
    assert publish_boards(prefect_client, {case.number: Places({"sanxing": 3})}) == []


def latest(client: SyncPrefectClient) -> dict[str, tuple[str, str]]:
    return {each.key: (str(each.latest_id), str(each.data)) for each in client.read_latest_artifacts()}
