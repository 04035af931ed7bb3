"""What is wrong with an emergency plan: in its text, and among the people who are to carry it out."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final, Literal, NamedTuple

from config.emergency_plan import EmergencyPlan, PlanGroup, PlanTask
from config.messages import say

LEVELS: Final = ("IV", "III", "II", "I")
ACKNOWLEDGED: Final = ("received", "on_the_way", "on_site")
FEWEST_WAYS: Final = 2


class PlanProblem(NamedTuple):
    """Something wrong with a plan: where in it, in words, and whether somebody would be missing at night."""

    place: str
    text: str
    severe: bool = True
    about: Literal["plan", "people"] = "plan"

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


class Ways(NamedTuple):
    """How one is reached besides the inbox: channels in their order, and whether by telephone."""

    channels: tuple[str, ...] = ()
    telephone: bool = False

    @property
    def number(self) -> int:
        """How many ways there are."""
        return len(self.channels) + self.telephone


class People(NamedTuple):
    """Who holds what today, and how they are reached."""

    holders: Mapping[str, Sequence[str]]
    """Role: staff numbers."""
    ways: Mapping[str, Ways]
    """Staff number: ways."""


def plan_problems(
    plan: EmergencyPlan,
    titles: Mapping[str, str],
    people: People | None = None,
    towns: Sequence[str] = (),
    asked: Mapping[str, Sequence[str]] | None = None,
) -> list[PlanProblem]:
    """Check a plan, and whether it can be carried out by those who hold its roles.

    Args:
        plan: the plan; `town` in it stands for any of the towns.
        titles: every role that is known, and what it is called.
        people: holders of the roles and how each is reached; without them the text alone is checked.
        towns: roles that `town` stands for.
        asked: roles that must approve each level, by the rules (INC-A2).
    """
    linter = _Linter(plan, titles, people, towns)
    return [*linter.text(), *linter.approvers(asked or {}), *(linter.staff() if people else ())]


def _problem(place: str, key: str, *, severe: bool = True, **facts: str | int) -> PlanProblem:
    return PlanProblem(place, say(f"incident_plan.{key}", **facts), severe)


class _Linter:
    def __init__(
        self, plan: EmergencyPlan, titles: Mapping[str, str], people: People | None, towns: Sequence[str]
    ) -> None:
        self.plan, self.titles, self.people, self.towns = plan, titles, people or People({}, {}), towns

    def text(self) -> Iterator[PlanProblem]:
        """Check what the plan says."""
        for place, role in self._mentions():
            if role not in self.titles and not (self.towns and role in {"town", "head:town"}):
                yield _problem(place, "role_unknown", role=role)
        for number, deputy in enumerate(self.plan.deputies):
            if deputy == self.plan.commander:
                yield _problem(f"deputies.{number}", "deputy_is_commander", role=self._title(deputy))
        yield from self._levels()
        yield from self._ladder()
        codes = set[str]()
        for group in self.plan.groups:
            if group.code in codes:
                yield _problem(f"groups.{group.code}", "group_twice", group=group.zh)
            codes.add(group.code)
            yield from self._group(group)
        yield from self._tasks()

    def _mentions(self) -> Iterator[tuple[str, str]]:
        """Yield every role with the place it is named at."""
        yield from self._called()
        plan = self.plan
        yield "scene", plan.scene
        for name in ("scene_members", "restore"):
            yield from ((f"{name}.{place}", role) for place, role in enumerate(getattr(plan, name)))
        for level, asked in plan.levels.items():
            yield from ((f"levels.{level}.report_to.{place}", role) for place, role in enumerate(asked.report_to))
        for group in plan.groups:
            yield f"groups.{group.code}.lead", group.lead
            yield from ((f"groups.{group.code}.members.{at}", role) for at, role in enumerate(group.members))
            for task in group.tasks:
                yield f"tasks.{task.code}.owner", task.owner
                if task.supervisor:
                    yield f"tasks.{task.code}.supervisor", task.supervisor

    def _called(self) -> Iterator[tuple[str, str]]:
        """Yield the roles that the plan calls, or asks for a decision, with their places."""
        plan = self.plan
        yield "commander", plan.commander
        yield "office", plan.office
        for name in ("deputies", "members", "first_told"):
            yield from ((f"{name}.{place}", role) for place, role in enumerate(getattr(plan, name)))
        for level, asked in plan.levels.items():
            yield from ((f"levels.{level}.approvers.{place}", role) for place, role in enumerate(asked.approvers))
        for group in plan.groups:
            if group.head:
                yield f"groups.{group.code}.head", group.head
            if group.alternate:
                yield f"groups.{group.code}.alternate", group.alternate

    def _levels(self) -> Iterator[PlanProblem]:
        for level in LEVELS:
            asked = self.plan.levels.get(level)
            if asked is None:
                yield _problem(f"levels.{level}", "level_missing", level=level)
            elif not asked.approvers:
                yield _problem(f"levels.{level}.approvers", "level_without_approver", level=level)
            elif not asked.report_to:
                yield _problem(f"levels.{level}.report_to", "level_without_report", level=level)
        for level in self.plan.levels:
            if level not in LEVELS:
                yield _problem(f"levels.{level}", "level_unknown", level=level)
        for kind in ACKNOWLEDGED:
            if self.plan.ack_minutes.get(kind, 0) <= 0:
                yield _problem(f"ack_minutes.{kind}", "ack_missing", kind=kind)

    def approvers(self, asked: Mapping[str, Sequence[str]]) -> Iterator[PlanProblem]:
        """Check that each level is approved by everybody whom the rules ask (4.2, INC-A2)."""
        for level, roles in asked.items():
            if level in self.plan.levels:
                absent = [self._title(role) for role in roles if role not in self.plan.levels[level].approvers]
                if absent:
                    place = f"levels.{level}.approvers"
                    yield _problem(place, "approver_not_asked", level=level, roles="、".join(absent))

    def _ladder(self) -> Iterator[PlanProblem]:
        steps = self.plan.ladder
        for place, (first, second) in enumerate(pairwise(steps)):
            if second.after_minutes < first.after_minutes:
                yield _problem(f"ladder.{place + 1}", "ladder_backwards", by=second.by, minutes=second.after_minutes)
        for place, step in enumerate(steps):
            if step.after_minutes >= self.plan.stand_in_minutes:
                yield _problem(
                    f"ladder.{place}", "ladder_too_late", severe=False, by=step.by, minutes=step.after_minutes
                )
        if any(step.by == "alternate" for step in steps):
            for group in self.plan.groups:
                if not group.alternate:
                    yield _problem(f"groups.{group.code}.alternate", "no_alternate", group=group.zh)

    def _group(self, group: PlanGroup) -> Iterator[PlanProblem]:
        place = f"groups.{group.code}"
        if not group.head:
            yield _problem(f"{place}.head", "group_without_head", group=group.zh)
        elif group.alternate == group.head:
            yield _problem(f"{place}.alternate", "alternate_is_head", group=group.zh)
        if not group.tasks:
            yield _problem(f"{place}.tasks", "group_without_tasks", group=group.zh)

    def _tasks(self) -> Iterator[PlanProblem]:
        tasks: dict[str, PlanTask] = {}
        for group in self.plan.groups:
            for task in group.tasks:
                place = f"tasks.{task.code}"
                if task.code in tasks:
                    yield _problem(place, "task_twice", task=task.title)
                if task.code.partition(".")[0] != group.code:
                    yield _problem(place, "task_elsewhere", task=task.title, group=group.zh)
                if task.supervisor and task.supervisor == task.owner:
                    yield _problem(f"{place}.supervisor", "supervises_itself", task=task.title)
                tasks[task.code] = task
        for task in tasks.values():
            for code in task.after:
                if code not in tasks:
                    yield _problem(f"tasks.{task.code}.after", "after_unknown", task=task.title, code=code)
            if _waits_for(task.code, tasks):
                yield _problem(f"tasks.{task.code}.after", "after_cycle", task=task.title)

    def staff(self) -> Iterator[PlanProblem]:
        """Check who is there to carry it out, and how each is reached."""
        for found in self._unstaffed():
            yield found._replace(about="people")

    def _unstaffed(self) -> Iterator[PlanProblem]:
        yield from self._unheld()
        yield from self._doubled()
        roles_of: dict[str, list[str]] = {}
        for role in dict.fromkeys(role for _, role in self._called()):
            for person in self._holders(role):
                roles_of.setdefault(person, []).append(self._title(role))
        for person, roles in roles_of.items():
            ways = self.people.ways.get(person, Ways()).number
            if ways < FEWEST_WAYS:
                held = "、".join(roles[:3])
                yield _problem(f"officers.{person}", "few_ways", staff_no=person, roles=held, ways=ways)
        known = [self.people.ways.get(person, Ways()) for person in roles_of]
        for place, step in enumerate(self.plan.ladder):
            kind, _, number = step.by.partition(":")
            if kind == "channel" and known and not any(len(ways.channels) >= int(number) for ways in known):
                yield _problem(f"ladder.{place}", "ladder_nobody", by=step.by, minutes=step.after_minutes)
            if kind == "voice" and known and not any(ways.telephone for ways in known):
                yield _problem(f"ladder.{place}", "ladder_no_telephone", minutes=step.after_minutes)

    def _unheld(self) -> Iterator[PlanProblem]:
        vital = {self.plan.commander, *self.plan.deputies, self.plan.office}
        vital |= {group.head for group in self.plan.groups}
        vital |= {role for asked in self.plan.levels.values() for role in asked.approvers}
        told: set[str] = set()
        for place, role in self._called():
            known = [one for one in self._standing_for(role) if one in self.titles]
            empty = [one for one in known if not self.people.holders.get(one)]
            if empty and role not in told:
                told.add(role)
                names = "、".join(map(self._title, empty))
                yield _problem(place, "role_empty", severe=role in vital, roles=names)

    def _doubled(self) -> Iterator[PlanProblem]:
        """Find posts that stand in for each other and are held by the same person alone."""
        for place, deputy in enumerate(self.plan.deputies):
            if deputy != self.plan.commander and self._same_person(deputy, self.plan.commander):
                yield _problem(f"deputies.{place}", "deputy_same_person", role=self._title(deputy))
        for group in self.plan.groups:
            if group.alternate != group.head and self._same_person(group.alternate, group.head):
                yield _problem(f"groups.{group.code}.alternate", "alternate_same_person", severe=False, group=group.zh)
            for task in group.tasks:
                if task.supervisor != task.owner and self._same_person(task.supervisor, task.owner):
                    yield _problem(f"tasks.{task.code}.supervisor", "supervises_in_person", task=task.title)

    def _same_person(self, one: str, other: str) -> bool:
        first, second = self._holders(one), self._holders(other)
        return len(first) == 1 and first == second

    def _holders(self, role: str) -> list[str]:
        held = (self.people.holders.get(one, ()) for one in self._standing_for(role))
        return list(dict.fromkeys(person for persons in held for person in persons))

    def _standing_for(self, role: str) -> Iterable[str]:
        match role:
            case "town":
                return self.towns
            case "head:town":
                return [f"head:{town.rpartition(':')[2]}" for town in self.towns]
        return [role]

    def _title(self, role: str) -> str:
        return self.titles.get(role, role)


def _waits_for(code: str, tasks: Mapping[str, PlanTask]) -> bool:
    """Say whether a task comes, in the end, after itself."""
    seen, open_ = set[str](), [*tasks[code].after]
    while open_:
        one = open_.pop()
        if one == code:
            return True
        if one in tasks and one not in seen:
            seen.add(one)
            open_.extend(tasks[one].after)
    return False
