"""Sheets in and out: read what offices send, hand back what must be mended, write what leaves the house."""

from tasks.roster.reading import Accepted, Flaw, Reading, Rejected, masked, read_roster
from tasks.roster.workbook import Limits, limits
from tasks.roster.writing import SheetColumn, write_returned, write_roster, write_template

__all__ = [
    "Accepted",
    "Flaw",
    "Limits",
    "Reading",
    "Rejected",
    "SheetColumn",
    "limits",
    "masked",
    "read_roster",
    "write_returned",
    "write_roster",
    "write_template",
]
