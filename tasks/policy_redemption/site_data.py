"""The public site as data: CSV, JSON, the feed, and the index that the search reads."""

import csv
import io
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

from models.column import canonical
from models.policy_redemption.publicity import PublicStatus, without_persons
from tasks.policy_redemption.site_content import Enterprise, Line, PublicPolicy, PublicVersion, Result
from tasks.policy_redemption.site_frame import tell
from tasks.policy_redemption.site_markup import address, fit, place_of

LATEST: Final = 50
PAGE_SIZE: Final = 100
PART_SIZE: Final = 1000
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_NOTHING_YET: Final = "1970-01-01T00:00:00Z"
_COLUMNS: Final = {
    "number": "number", "policy": "policy", "policy_code": "code", "enterprise": "enterprise", "csv_uscc": "uscc",
    "planned_on": "planned_on", "planned_result": "result", "csv_amount": "amount", "status": "status",
    "csv_channel": "channel", "complaint": "complaint_telephone", "csv_from": "posted_from",
    "csv_until": "posted_until", "csv_on": "on",
}  # fmt: skip
"""Title of a column, and the field that it shows."""
_PUBLIC: Final = (
    "title", "document", "issued", "department", "lane", "on_site", "interpretation", "guide", "conditions",
    "materials", "grant", "matter", "payment_days", "complaint_telephone",
)  # fmt: skip
_TOLD: Final = {
    "policy": "policy", "enterprise": "enterprise", "planned_on": "planned_on", "planned_result": "result",
    "complaint": "complaint_telephone", "number": "number",
}  # fmt: skip


def page_of(result: Result) -> int:
    """Return the page of the results that a result stands on: once there, always there."""
    return result.place // PAGE_SIZE + 1


def part_of(result: Result) -> int:
    """Return the part of the data that a result stands in: a part that is full changes only with its own results."""
    return result.place // PART_SIZE + 1


def _cell(field: str, value: Any) -> str:
    if field == "status":
        return PublicStatus(value).text
    if field == "channel":
        return tell("offline" if value == "offline" else "online")
    text = fit(str(value or ""))
    return f"'{text}" if text.startswith(_FORMULA) else text  # a spreadsheet would run it


def results_csv(results: Sequence[Result]) -> bytes:
    """Return results as CSV that spreadsheets open in Chinese and do not run."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow([tell(title) for title in _COLUMNS])
    writer.writerows([_cell(field, one.last.get(field)) for field in _COLUMNS.values()] for one in results)
    return b"\xef\xbb\xbf" + written.getvalue().encode()


def _whole(record: Mapping[str, Any]) -> dict[str, Any]:
    return {name: fit(value) if isinstance(value, str) else value for name, value in record.items()}


def results_json(results: Sequence[Result]) -> bytes:
    """Return results as JSON, one a line, each with its history."""
    keys = ("on", "status", "result")
    lines = [
        canonical(
            _whole(one.last)
            | {"history": [{"sequence": line.id, **{k: fit(line.record[k]) for k in keys}} for line in one.lines]}
        )
        for one in results
    ]
    return ("[\n" + ",\n".join(lines) + "\n]\n").encode()


def policies_json(policies: Sequence[PublicPolicy]) -> bytes:
    """Return policies as JSON, one a line, with every version."""
    lines = [
        canonical(
            {"code": fit(one.code), "repealed_on": one.repealed_on, "versions": [_version(v) for v in one.versions]}
        )
        for one in policies
    ]
    return ("[\n" + ",\n".join(lines) + "\n]\n").encode()


def _version(version: PublicVersion) -> dict[str, Any]:
    """Return what is public of a version: by name, so that a field that is added later does not go out unseen."""
    whole = _impersonal(version.content.model_dump(mode="json"))
    return {"number": version.number, "since": version.since} | {name: whole[name] for name in _PUBLIC}


def _impersonal(value: Any) -> Any:
    match value:
        case str():
            return fit(without_persons(value))
        case dict():
            return {name: _impersonal(one) for name, one in value.items()}
        case list():
            return [_impersonal(one) for one in value]
    return value


def search_json(
    policies: Sequence[PublicPolicy], enterprises: Sequence[Enterprise], initials: Mapping[str, str]
) -> bytes:
    """Return what the search looks through: names, and where each leads."""
    index = {
        "policies": [[fit(one.newest.content.title), fit(one.code), place_of(one.code)] for one in policies],
        "enterprises": [[fit(one.name), initials[one.initial], place_of(one.key), fit(one.key)] for one in enterprises],
    }
    return canonical(index).encode()


def feed(lines: Sequence[tuple[Line, Result]]) -> bytes:
    """Return the last lines as an Atom feed (RFC 4287), the newest first."""
    newest = sorted(lines, key=lambda one: -one[0].id)[:LATEST]
    entries = "".join(_entry(line, result) for line, result in newest)
    own = uuid.uuid5(uuid.NAMESPACE_URL, "banjie:publications")
    updated = newest[0][0].at if newest else _NOTHING_YET
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="zh-CN">'
        f"<id>urn:uuid:{own}</id><title>{escape(tell('name'))}</title><updated>{updated}</updated>"
        f"<author><name>{escape(tell('owner'))}</name></author>"
        '<link rel="self" href="feed.atom"/><link rel="alternate" type="text/html" href="index.html"/>'
        f"{entries}</feed>\n"
    ).encode()


def _entry(line: Line, result: Result) -> str:
    record = line.record
    where = address("results", f"{page_of(result)}.html", anchor=place_of(result.number))
    said = f"{record['enterprise']}：{record['policy']}，{PublicStatus(record['status']).text}"
    summary = "；".join(f"{tell(title)}：{record[field]}" for title, field in _TOLD.items())
    return (
        f"\n<entry><id>urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'banjie:publication:{line.id}')}</id>"
        f"<title>{escape(fit(said))}</title><updated>{line.at}</updated>"
        f'<link rel="alternate" type="text/html" href={quoteattr(where)}/>'
        f"<summary>{escape(fit(summary))}</summary></entry>"
    )
