"""Pictures of the boards: Chinese without a Chinese font, proportions, and words for those who cannot see them."""

import base64
import os
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml
from playwright.sync_api import sync_playwright

from config.offices import roles, towns
from config.settings import ROOT
from tasks.chart import EDGE, LABELS, NUMBERS, WIDE, Lamp, Sheet, Stage, Tile, TownBar, picture
from tasks.glyph import Lettering, glyphs, shorten, width

SVG = "{http://www.w3.org/2000/svg}"
ROOM = WIDE - 2 * EDGE - LABELS - NUMBERS
CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


def filled() -> Sheet:
    sheet = Sheet("2027年上半年征兵 <A&B>")
    sheet.tiles([Tile("名册人数", "30,000"), Tile("当前环节", "体格检查"), Tile("已超期", "2", "bad")])
    sheet.lamps("近期期限", [Lamp("目测初检", "区征兵办公室", "2027-02-11（暂定）", "超期3天", "bad")])
    sheet.funnel("各环节人数", ("已越过", "停留在此"), [Stage("网上报名", 800, 200), Stage("初检合格", 600, 600)])
    sheet.towns("各区镇进展", ["网上报名", "批准入伍"], [TownBar("三星镇", (100, 20), 26, "20 / 26")], "任务")
    return sheet


def bars(svg: str, style: str) -> list[tuple[float, float]]:
    found = ET.fromstring(svg).iter(f"{SVG}rect")  # noqa: S314 -- our own picture
    return [(float(each.get("x", 0)), float(each.get("width", 0))) for each in found if each.get("class") == style]


def test_a_picture_is_well_formed_and_holds_no_text_that_needs_a_font() -> None:
    root = ET.fromstring(filled().draw())  # noqa: S314 -- our own picture
    assert root.find(f"{SVG}title").text == "2027年上半年征兵 <A&B>"  # type: ignore[union-attr]
    assert not list(root.iter(f"{SVG}text"))
    drawn = {each.get("id") for each in root.iter(f"{SVG}path")}
    assert {each.get("href", "").removeprefix("#") for each in root.iter(f"{SVG}use")} <= drawn


def texts_that_charts_draw() -> dict[str, str]:
    messages = ROOT / "config" / "messages" / "zh"
    files = [
        messages / "board.yaml",
        messages / "incident_board.yaml",
        *messages.glob("*_status.yaml"),
        *messages.glob("duty_*.yaml"),
    ]
    found = {file.name: "".join(map(str, yaml.safe_load(file.read_text(encoding="utf-8")).values())) for file in files}
    return found | {"offices.yaml": "".join(body.title for body in (*towns(), *roles()))}


@pytest.mark.parametrize(("where", "text"), texts_that_charts_draw().items())
def test_every_character_of_the_words_on_charts_has_an_outline(where: str, text: str) -> None:
    missing = "".join(sorted(set(text) - glyphs().keys() - {"\n"}))
    assert not missing, f"{where} uses {missing}: run tests/make_glyphs.py"


def test_a_character_without_an_outline_stays_text_and_keeps_its_room() -> None:
    lettering = Lettering()
    drawn = lettering.text(0, 0, "齉<镇", 10, "text")
    assert re.findall(r"<text[^>]*>([^<]*)</text>", drawn) == ["齉"]
    assert [float(x) for x in re.findall(r'<use href="#g\d+" x="(\d+)"', drawn)][-1] == 250 + glyphs()["<"].advance
    assert re.findall(r"<text[^>]*>([^<]*)</text>", lettering.text(0, 0, "\u2603", 10, "text")) == ["\u2603"]
    assert "&lt;" not in drawn  # it has an outline of its own


def test_each_outline_is_kept_once() -> None:
    lettering = Lettering()
    lettering.text(0, 0, "征兵征兵", 10, "text")
    lettering.text(0, 9, "兵", 10, "text")
    assert lettering.definitions().count("<path") == 2


def test_long_text_is_cut_to_its_room() -> None:
    assert shorten("三星镇", 14, 60) == "三星镇"
    cut = shorten("海门经济技术开发区（海门街道）", 14, 100)
    assert cut.endswith("…")
    assert width(cut, 14) <= 100 < width(cut[:-1] + "开发", 14)
    assert shorten("三", 14, 1) == "…"


def test_bars_are_in_proportion() -> None:
    svg = filled().draw()
    (_, legend), (begin, first), (_, second), *_ = bars(svg, "s1")
    assert legend == 12
    assert first == pytest.approx(ROOM, abs=0.1)
    assert second == pytest.approx(ROOM * 600 / 800, abs=0.1)
    assert bars(svg, "s2")[1] == pytest.approx((begin + ROOM * 600 / 800, ROOM * 200 / 800), abs=0.1)


def test_town_bars_are_nested_and_the_quota_is_marked_where_it_lies() -> None:
    svg = filled().draw()
    (_, widest), (_, inner) = bars(svg, "s0")[-1], bars(svg, "s2")[-1]
    assert (widest, inner) == pytest.approx((ROOM, ROOM * 20 / 100), abs=0.1)
    marks = [float(x) for x in re.findall(r'<path class="mark" d="M([\d.]+)', svg)]
    assert marks[-1] == pytest.approx(EDGE + LABELS + ROOM * 26 / 100, abs=0.1)


def test_nobody_anywhere_draws_empty_tracks() -> None:
    sheet = Sheet("空")
    sheet.funnel("各环节人数", (), [Stage("网上报名", 0, 0)])
    sheet.towns("各区镇进展", ["网上报名"], [TownBar("三星镇", (0,), None)], "任务")
    svg = sheet.draw()
    assert len(bars(svg, "track")) == 2
    assert [wide for _, wide in bars(svg, "s2")] == [12]  # the legend's


def test_markdown_carries_the_picture_and_words_without_brackets() -> None:
    svg = filled().draw()
    text = picture(svg, "名册[1]\n人数")
    alternative, data = re.fullmatch(r"!\[(.*)\]\(data:image/svg\+xml;base64,(.*)\)", text).groups()  # type: ignore[union-attr]
    assert alternative == "名册（1） 人数"
    assert base64.b64decode(data).decode() == svg


@pytest.mark.browser
def test_a_browser_without_any_font_shows_the_same_picture(tmp_path: Path) -> None:
    fonts = tmp_path / "fonts.conf"
    fonts.write_text(f'<?xml version="1.0"?><fontconfig><cachedir>{tmp_path}/cache</cachedir></fontconfig>')
    page = tmp_path / "page.html"
    picture_of = base64.b64encode(filled().draw().encode()).decode()
    page.write_text(f'<meta charset="utf-8"><img src="data:image/svg+xml;base64,{picture_of}">', encoding="utf-8")
    with_fonts, without = (shot(page, env, "light") for env in ({}, {"FONTCONFIG_FILE": str(fonts)}))
    assert without == with_fonts
    assert shot(page, {"FONTCONFIG_FILE": str(fonts)}, "dark") != without


def shot(page: Path, variables: dict[str, str], scheme: str) -> bytes:
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS, env={**os.environ, **variables})
        view = browser.new_page(viewport={"width": 800, "height": 700}, color_scheme=scheme)  # type: ignore[arg-type]
        view.goto(page.as_uri())
        assert view.evaluate("document.images[0].naturalWidth") == WIDE
        taken = view.screenshot()
        browser.close()
    return taken
