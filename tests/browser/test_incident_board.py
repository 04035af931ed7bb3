"""The board of an incident as a page of its own: every picture is drawn, and nothing runs over the edge of a phone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tasks.incident_response.evidence import contents
from tests.ground import Ground, settled
from tests.tasks.incident_response import staged

OVER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
DRAWN = "() => [...document.images].map(one => one.complete && one.naturalWidth > 700 && one.clientWidth > 0)"


@pytest.fixture(params=["sqlite"])
def floor(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    yield from settled(request, home, monkeypatch)


def test_a_drills_board_is_whole_on_a_desk_and_on_a_phone(floor: Ground, chromium: Browser, tmp_path: Path) -> None:
    case = staged.responding("live")
    staged.after(case)
    path = tmp_path / "board.html"
    path.write_bytes(contents(case.number, contacts=False).files["board.html"])
    for name, width in (("desk", 1280), ("phone", 390)):
        window = chromium.new_context(viewport={"width": width, "height": 900}, locale="zh-CN")
        page = window.new_page()
        page.goto(path.as_uri())
        page.screenshot(path=tmp_path / f"{name}.png", full_page=True)
        assert page.evaluate(DRAWN) == [True, True], name
        assert page.evaluate(OVER) == 0, name
        assert page.get_by_role("heading", name="【演练】演练，不是真实事故").is_visible()
        window.close()
