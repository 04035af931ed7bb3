"""The public site in Chromium, on a phone and on a desk, with its script and without; pictures stay with the test."""

import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from models.policy_redemption.policy import Condition, Grant, Lane, Material
from tasks.policy_redemption.edition import FOLDER, keep_site_current
from tasks.policy_redemption.publicity import ResultKind, post_result
from tasks.public_server import PublicServer
from tasks.store import transaction
from tests.browser.official import House, wait
from tests.ground import Ground, later, settled
from tests.published import PLANNED, POSTING, applications, content, firm, policy

pytestmark = pytest.mark.browser
PHONE = {"width": 360, "height": 740}
NAMES = (
    "海门区科创精密机械有限公司",
    "南通中天纺织科技股份有限公司",
    "海门恒通新材料有限公司",
    "南通市海门区三星镇宏泰家用纺织品织造（集团）有限责任公司",
)
LONG = (
    "为鼓励企业加大研发投入，对当年首次通过认定的高新技术企业给予一次性奖励。\n"
    "同一企业同一事项已获区级同类奖励的，按就高不重复的原则执行；\n跨年度享受的以认定文件印发的日期为准。"
)


@pytest.fixture(params=["sqlite"])
def ground(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    yield from settled(request, home, monkeypatch)


@pytest.fixture
def address(ground: Ground) -> Iterator[str]:
    first = content(
        interpretation=LONG,
        conditions=(
            Condition(name="当年首次通过高新技术企业认定", judged_by="person"),
            Condition(
                name="上年度研发费用", judged_by="machine", fact="research", comparison="at_least", value="1000000"
            ),
        ),
        materials=(
            Material(name="高新技术企业证书"),
            Material(name="审计报告", required=False, note="研发费用专项审计"),
        ),
    )
    other = content(title="企业技术改造设备投入补助", lane=Lane.APPLY_FREE, document="海工信发〔2027〕3号", department="finance_bureau",
                    grant=Grant(kind="share", share="0.1", of="investment", cap="2000000"))  # fmt: skip
    (version,) = policy("ZC-2027-001", first)
    (second,) = policy("ZC-2027-002", other)
    firms = [
        firm(place, NAMES[place % 4].replace("有限", f"{'甲乙丙丁戊己庚辛壬癸'[place // 4]}有限"))
        for place in range(30)
    ]
    person = firm(99, "海门区三星镇李小明家纺店", "92320684MA1XYU123A")
    _, ids = applications(version, [*firms, person])
    _, others = applications(second, firms[:5], number="DX-2027-0002", assessed=123_456_789)
    with transaction() as tx:
        post_result(tx, ResultKind.APPROVED, ids, planned=dict.fromkeys(ids, PLANNED), posting=POSTING)
        post_result(tx, ResultKind.APPROVED, others, planned=dict.fromkeys(others, date(2027, 5, 6)), posting=POSTING)
    later(days=10)
    with transaction() as tx:
        post_result(tx, ResultKind.PAID, ids[:6])
        post_result(tx, ResultKind.REFUSED_AFTER_OBJECTION, ids[6:7])
    keep_site_current()
    server = PublicServer(("127.0.0.1", 0), ground.home / FOLDER)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(params=[True, False], ids=["with-script", "without-script"])
def with_script(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def phone(chromium: Browser, with_script: bool) -> Iterator[BrowserContext]:
    window = chromium.new_context(viewport=PHONE, device_scale_factor=2, has_touch=True, is_mobile=True, locale="zh-CN",
                                  java_script_enabled=with_script)  # fmt: skip
    window.set_default_timeout(15_000)
    yield window
    window.close()


PATHS = ("/", "/policies/", "/policies/ZC-2027-001.html", "/policies/ZC-2027-002.html", "/results/", "/results/1.html", "/enterprises/", "/search.html")  # fmt: skip


def watched(window: BrowserContext, address: str) -> tuple[Page, list[str]]:
    page, faults = window.new_page(), []
    page.on("console", lambda message: faults.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("request", lambda one: None if one.url.startswith((address, "data:")) else faults.append(one.url))
    page.on("response", lambda one: None if one.status < 400 else faults.append(f"{one.status} {one.url}"))
    return page, faults


def test_every_page_fits_a_phone_and_asks_nobody_else(address: str, phone: BrowserContext, tmp_path: Path) -> None:
    page, faults = watched(phone, address)
    for place, path in enumerate(PATHS):
        page.goto(address + path)
        page.screenshot(path=tmp_path / f"{place}-phone.png")
        box = page.locator("main").bounding_box()
        assert box
        assert box["width"] <= PHONE["width"]
        wide = page.locator("body *").evaluate_all(
            "(all, most) => all.filter(one => one.getBoundingClientRect().right > most).map(one => one.outerHTML.slice(0, 80))",
            PHONE["width"] + 1,
        )
        assert not wide, path
        small = page.locator("nav a, button, summary, .many a").evaluate_all(
            "all => all.filter(one => one.getBoundingClientRect().height < 43).map(one => one.textContent)"
        )
        assert not small, path
    assert faults == []


def test_a_firm_finds_its_result_with_the_search_and_without(
    address: str, phone: BrowserContext, with_script: bool, tmp_path: Path
) -> None:
    page, faults = watched(phone, address)
    page.goto(address)
    page.get_by_role("searchbox").fill("中天 纺织")
    page.get_by_role("button", name="查询").click()
    page.get_by_role("heading", name="查询").wait_for()
    found = page.locator("#found a")
    if with_script:
        found.first.wait_for()
        assert "查到 8 条" in page.locator("#told").inner_text()
        page.screenshot(path=tmp_path / "search.png")
        found.first.click()
    else:
        page.locator("main").get_by_role("link", name="按企业查").click()
        page.get_by_role("link", name="中", exact=True).click()
    page.get_by_role("link", name="高新技术企业认定奖励").first.click()
    card = page.locator(".card:target")
    assert "中天纺织科技" in card.inner_text()
    assert "0513-82100002" in card.inner_text()
    page.screenshot(path=tmp_path / "result.png")
    assert faults == []


def test_on_a_desk_in_the_dark_and_by_keyboard(address: str, chromium: Browser, tmp_path: Path) -> None:
    window = chromium.new_context(viewport={"width": 1280, "height": 900}, color_scheme="dark", locale="zh-CN")
    page, faults = watched(window, address)
    page.goto(address)
    page.screenshot(path=tmp_path / "desk-dark.png")
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "跳到正文"
    page.goto(f"{address}/policies/ZC-2027-001.html")
    page.screenshot(path=tmp_path / "desk-policy.png", full_page=True)
    assert page.locator("h1").inner_text() == "高新技术企业认定奖励"
    for word in ("李小明", "王小明", "13812345678"):
        assert word not in page.content()
    page.goto(f"{address}/search.html?q=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E")
    page.get_by_text("没有查到").wait_for()
    assert page.locator("main img").count() == 0
    assert faults == []
    window.close()


def test_banjie_up_serves_the_site_and_tells_its_address(house: House) -> None:
    log = house.folder / "up.log"
    wait(lambda: "公示站点：" in log.read_text(), 60, "the address is told")
    told = log.read_text().split("公示站点：")[1].split()[0]
    wait(lambda: _home(told), 60, "the public site answers")
    assert "目前没有公示的结果" in _home(told)


def _home(address: str) -> str:
    try:
        answer = httpx.get(address, timeout=10)
    except httpx.HTTPError:
        return ""
    return answer.text if answer.status_code == 200 else ""
