"""The bulletin's workbook: every figure as a number, charts by department, and the whole evidence."""

from collections.abc import Sequence
from typing import Any, Final

import xlsxwriter

from config.messages import say
from models.policy_redemption.failings import Duty, Failing
from models.policy_redemption.money import yuan
from models.policy_redemption.statistics import Statistics
from tasks.board_page import deadline_title, office_title
from tasks.filing import Filed, filed, place_for
from tasks.policy_redemption.bulletin_paper import evidence_row, titles
from tasks.step import Dossier

COLOURS: Final = ("#C00000", "#E39A2D", "#7A4FA3", "#2E75B6")
GREEN, BLUE, RED, AMBER = "#3C8D5A", "#2E75B6", "#C00000", "#E39A2D"
CHART: Final = {"width": 920, "height": 380}
WIDE: Final = 18


def file_workbook(dossier: Dossier, found: Statistics, evidence: Sequence[Duty]) -> Filed:
    """Write the workbook of a bulletin into its papers."""
    path = place_for(dossier, "workbook", "xlsx")
    with xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        sheets = _Sheets(book)
        _overview(sheets, found)
        _departments(sheets, found)
        _failings(sheets, found)
        _lags(sheets, found)
        sheets.write("evidence", titles("columns_evidence"), [evidence_row(one) for one in evidence])
    return filed(path, len(found.departments))


class _Sheets:
    """The sheets of a workbook, all of one look."""

    def __init__(self, book: Any) -> None:
        self.book = book
        self._head = book.add_format({"bold": True, "border": 1, "bg_color": "#D9E2F3", "align": "center"})
        self._money = book.add_format({"border": 1, "num_format": "#,##0.00"})
        self._cell = book.add_format({"border": 1})

    def write(self, name: str, heads: Sequence[str], rows: Sequence[Sequence[Any]], money: Sequence[int] = ()) -> Any:
        """Write a sheet and return it with its title."""
        sheet = self.book.add_worksheet(_text(f"sheet_{name}"))
        sheet.freeze_panes(1, 1)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        sheet.set_column(0, len(heads) - 1, WIDE)
        sheet.write_row(0, 0, heads, self._head)
        for line, row in enumerate(rows, 1):
            for place, value in enumerate(row):
                sheet.write(line, place, value, self._money if place in money else self._cell)
        return sheet

    def chart(self, sheet: Any, title: str, rows: int, columns: Sequence[tuple[int, str]], *, stacked: bool) -> None:
        """Draw columns of a sheet as bars by their first column, below its rows."""
        if not rows:
            return
        chart = self.book.add_chart({"type": "column", "subtype": "stacked"} if stacked else {"type": "column"})
        for place, colour in columns:
            chart.add_series(
                {
                    "name": [sheet.name, 0, place],
                    "categories": [sheet.name, 1, 0, rows, 0],
                    "values": [sheet.name, 1, place, rows, place],
                    "fill": {"color": colour},
                }
            )
        chart.set_title({"name": title, "overlay": False})
        chart.set_legend({"position": "bottom"})
        chart.set_size(CHART)
        sheet.insert_chart(rows + 2, 0, chart)


def _text(name: str, /, **facts: Any) -> str:
    return say(f"bulletin.{name}", "zh", **facts)


def _overview(sheets: _Sheets, found: Statistics) -> None:
    rows = [
        (_text("row_period"), found.period.title),
        (_text("row_firms"), found.firms),
        (_text("row_new_firms"), found.new_firms),
        (_text("row_visits"), found.visited),
        *((_text("row_visits_of", kind=_text(f"visits_{kind}")), count) for kind, count in found.visits.items()),
        (_text("row_updates"), sum(one.updates for one in found.departments)),
        (_text("row_online"), sum(one.online for one in found.departments)),
        *((failing.text, found.failed(failing)) for failing in Failing),
    ]
    sheets.write("overview", titles("columns_overview"), rows)


def _departments(sheets: _Sheets, found: Statistics) -> None:
    rows = [
        (
            office_title(one.department),
            one.published,
            one.amended,
            one.repealed,
            one.online,
            one.fed_back,
            one.decided,
            one.paid,
            float(yuan(one.paid_fen)),
            one.demands,
        )
        for one in found.departments
    ]
    sheet = sheets.write("departments", titles("columns_departments"), rows, money=[8])
    bars = [(4, BLUE), (5, AMBER), (6, GREEN), (7, RED)]
    sheets.chart(sheet, _text("chart_online"), len(rows), bars, stacked=False)


def _failings(sheets: _Sheets, found: Statistics) -> None:
    rows = [(office_title(one.department), *(one.failed(failing) for failing in Failing)) for one in found.departments]
    sheet = sheets.write("failings", titles("columns_failings"), rows)
    sheets.chart(sheet, _text("chart_failings"), len(rows), list(enumerate(COLOURS, 1)), stacked=True)


def _lags(sheets: _Sheets, found: Statistics) -> None:
    rows = [
        (
            office_title(one.department),
            deadline_title(one.process, one.duty),
            one.due,
            one.on_time,
            one.late,
            one.open,
            one.mean_days,
            one.longest_days,
        )
        for one in found.lags
    ]
    sheet = sheets.write("lags", titles("columns_lags"), rows)
    sheets.chart(sheet, _text("chart_lags"), len(rows), [(3, GREEN), (4, AMBER), (5, RED)], stacked=True)
