"""Emergency plans as data: command, groups, tasks, recipients and ladders, each with its clause."""

from functools import cache
from hashlib import sha256
from json import dumps
from pathlib import Path
from typing import Final, Self

from pydantic import Field, model_validator

from config.fact import Fact
from config.offices import head_of
from config.rulebook import Source
from config.yaml_file import read_yaml, shape

FOLDER: Final = Path(__file__).with_name("emergency_plans")
Code = str


class PlanTask(Fact):
    """One task of a group."""

    code: Code = Field(pattern=r"^[a-z_]+\.[a-z_]+$", description="group.task; permanent")
    title: str = Field(min_length=2, max_length=200, description="In our own words, Chinese")
    clause: str = Field(min_length=1)
    owner: str = Field(description="Role")
    supervisor: str = Field(default="", description="Role; never the owner")
    due_minutes: int | None = Field(default=None, gt=0, description="From the order; configured, the plan names none")
    after: tuple[Code, ...] = ()
    evidence: bool = False

    @model_validator(mode="after")
    def _supervised_by_another(self) -> Self:
        if self.supervisor and self.supervisor == self.owner:
            raise ValueError("supervisor")
        return self


class PlanGroup(Fact):
    """One working group (2.5)."""

    code: Code = Field(pattern=r"^[a-z_]+$")
    zh: str = Field(min_length=2)
    en: str = Field(min_length=2)
    clause: str
    duty: str = Field(default="", max_length=200, description="What the group is there for, in our own words")
    lead: str = Field(description="Role of the lead office; `town` stands for the zone concerned")
    head: str = Field(description="Role of the head")
    alternate: str = Field(default="", description="Role called where the head does not answer; may be `head:town`")
    members: tuple[str, ...] = Field(default=(), description="Roles; `town` stands for the zone concerned")
    heartbeat_minutes: int = Field(gt=0, description="How often the group reports; configured")
    tasks: tuple[PlanTask, ...]


class LadderStep(Fact):
    """One step of a ladder: when, after the call, and how."""

    after_minutes: int = Field(ge=0)
    by: str = Field(pattern=r"^(channel:\d|voice|alternate)$", description="n-th channel of the person, or a call")


class PlanLevel(Fact):
    """What a level of response asks for."""

    approvers: tuple[str, ...] = Field(min_length=1, description="Roles that must agree before the plan starts")
    situation_minutes: int = Field(gt=0, description="Cadence of situation reports; configured")
    report_to: tuple[str, ...] = Field(description="Roles that a statutory report goes up to (Order 493 Art. 10)")


class EmergencyPlan(Fact):
    """One plan."""

    id: str
    title: str
    source: Source
    commander: str
    deputies: tuple[str, ...] = Field(min_length=1, description="Roles, in the order in which they stand in")
    office: str
    scene: str = Field(description="Role of the on-site command")
    scene_members: tuple[str, ...] = Field(default=(), description="Who makes up the on-site command (2.6)")
    members: tuple[str, ...] = Field(description="Member bodies, told at once (4.1)")
    first_told: tuple[str, ...] = Field(description="Roles that a verified report goes to (3)")
    levels: dict[str, PlanLevel] = Field(description="IV, III, II, I")
    ladder: tuple[LadderStep, ...] = Field(min_length=1)
    stand_in_minutes: int = Field(gt=0, description="How long a silent commander is waited for; configured")
    ack_minutes: dict[str, int] = Field(description="How long received, on_the_way and on_site hold; configured")
    groups: tuple[PlanGroup, ...] = Field(min_length=1)
    restore: tuple[str, ...] = Field(description="Roles that attest readiness after the end (4.7)")

    @property
    def version(self) -> str:
        """Fingerprint of what it says, the same for a snapshot read back."""
        text = dumps(self.model_dump(mode="json"), ensure_ascii=False, sort_keys=True)
        return sha256(text.encode()).hexdigest()[:16]

    def group(self, code: Code) -> PlanGroup:
        """Return a group by its code; raises KeyError."""
        return {one.code: one for one in self.groups}[code]

    def for_town(self, town: str) -> Self:
        """Return the plan with `town` put into place: the zone government concerned (`town:…`), or all of them."""
        concrete = f"town:{town}" if town else "all_towns"
        places = {"town": concrete, "head:town": head_of(concrete)}

        def put(role: str) -> str:
            return places.get(role, role)

        groups = tuple(
            group.model_copy(
                update={
                    "lead": put(group.lead),
                    "head": put(group.head),
                    "alternate": put(group.alternate),
                    "members": tuple(map(put, group.members)),
                    "tasks": tuple(
                        task.model_copy(update={"owner": put(task.owner), "supervisor": put(task.supervisor)})
                        for task in group.tasks
                    ),
                }
            )
            for group in self.groups
        )
        lists = {
            name: tuple(map(put, getattr(self, name))) for name in ("scene_members", "members", "first_told", "restore")
        }
        return self.model_copy(update={"groups": groups, **lists})


def load_plan(path: Path) -> EmergencyPlan:
    """Read a plan.

    Raises:
        FileWrongError: the file breaks the form; names the place.
    """
    return shape(EmergencyPlan, read_yaml(path), path.name)


@cache
def emergency_plan(name: str = "fireworks") -> EmergencyPlan:
    """Return a plan of this installation, read once."""
    return load_plan(FOLDER / f"{name}.yaml")
