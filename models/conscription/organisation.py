"""Who must be there before a season starts, Art. 4: the seven groups, the leading group and the seconded staff."""

from collections.abc import Collection, Mapping
from datetime import date

from config.offices import office
from models.judgement import Bench, Judged, Line


class Organisation(Judged):
    """What is missing or too much; nothing when the season may start."""

    findings: tuple[Line, ...]


def check_organisation(
    groups: Collection[str], leading_members: Collection[str], staff: Mapping[str, int], on: date
) -> Organisation:
    """Check the groups with members, the units in the leading group and the staff each unit seconds, all by role id."""
    bench = Bench("conscription", on)
    findings = [
        bench.note(key, unit=office(role).title)
        for key, required, there in (
            ("recruit.group_missing", bench.rule("working_groups"), groups),
            ("recruit.member_missing", bench.rule("leading_group_members"), leading_members),
        )
        for role in required
        if role not in there
    ]
    seconded = bench.rule("office_staff")
    for role in seconded["units"]:
        count = staff.get(role, 0)
        if not seconded["min"] <= count <= seconded["max"]:
            facts = {"min": seconded["min"], "max": seconded["max"], "count": count}
            findings.append(bench.note("recruit.staff_wrong", unit=office(role).title, **facts))
    return Organisation(findings=tuple(findings), working=bench.working, grounds=bench.grounds)
