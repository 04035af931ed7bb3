"""A simulation from the first hour to the last: what happens in each, and the story told whenever something did."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import select

from config.calendar import calendar
from models.policy_redemption.prediction import Prediction
from tasks.case import DEADLINES
from tasks.clock import now, set_clock
from tasks.journal import CASES
from tasks.policy_redemption.simulation.counting import Log, predict
from tasks.policy_redemption.simulation.firms import Firms
from tasks.policy_redemption.simulation.officers import Office, Treasury
from tasks.policy_redemption.simulation.scenario import DAY, Scenario, arrivals, moment
from tasks.policy_redemption.simulation.world import CODE, MORNING, lay_paper, world
from tasks.rung import fire_rungs
from tasks.store import reading
from tasks.wait import INSTANCES, Parked

HOUR: Final = timedelta(hours=1)
Story = Callable[[str, date, date], Any]
Tell = Callable[[date, int, int], None]


def simulate(scenario: Scenario, story: Story, tell: Tell) -> Prediction:
    """Run a notice from its call to its last payment, in a throw-away home, and return what came of it.

    Args:
        scenario: how many firms, officers and days, and the seed of everything that chance decides.
        story: the story of a redemption notice, as its flow tells it.
        tell: takes each day, how many applications have come and how many have come to their end.
    """
    with world(scenario) as home:
        run = _Run(scenario, story, tell)
        lay_paper(home, run.number)
        treasury = Treasury(scenario, run.notice_id, run.number, home)
        day = scenario.from_day
        while day <= scenario.end and not run.closed():
            run.one_day(day, treasury)
            day += DAY
        return predict(scenario, run.notice_id, run.office.people, run.log, day - DAY)


class _Run:
    """One notice on its simulated clock."""

    def __init__(self, scenario: Scenario, story: Story, tell: Tell) -> None:
        self.scenario, self._story, self._tell_day = scenario, story, tell
        self.log = Log()
        self._come = arrivals(scenario)
        self.tell()
        with reading() as connection:
            found = select(CASES.c.id, CASES.c.number).where(CASES.c.process == "policy_redemption")
            self.notice_id, self.number = connection.execute(found).one()
        self.office = Office(scenario, self.notice_id)
        self.firms = Firms(scenario, self.notice_id)
        self.office.launch(now())
        self.tell()

    def tell(self) -> None:
        """Tell the story until it waits again."""
        try:
            self._story(CODE, self.scenario.from_day, self.scenario.last_day)
        except Parked:
            return

    def closed(self) -> bool:
        """Say whether the notice has come to its end."""
        with reading() as connection:
            found = select(CASES.c.closed_at).where(CASES.c.id == self.notice_id)
            return connection.execute(found).scalar_one() is not None

    def one_day(self, day: date, treasury: Treasury) -> None:
        """Go through the hours of a day."""
        hours = set(self.scenario.assumed.arrivals.hours) | {MORNING}
        working = calendar().works(day)
        if working:
            hours |= {hour + 1 for hour in self.scenario.assumed.hours}
        for hour in sorted(hours):
            self._one_hour(moment(day, hour), treasury, works=working and hour - 1 in self.scenario.assumed.hours)
        self.log.waiting[day] = len(self.office.waiting())
        self._tell_day(day, *self._progress())

    def _one_hour(self, at: datetime, treasury: Treasury, *, works: bool) -> None:
        set_clock(at, back=True)  # the hour itself, however long the last one took to reckon
        stirred = self._due(at)
        if at.hour == MORNING:
            fire_rungs()
            if calendar().works(at.date()):
                stirred |= treasury.confirm(at)
            stirred |= self.firms.object()
            self.firms.plan_mending(at)
        if come := self._come.pop(at, None):
            self.firms.file(come)
            stirred = True
        stirred |= self.firms.mend(at)
        if works:
            stirred |= bool(self.office.work(at))
        if stirred:
            self.tell()

    def _due(self, at: datetime) -> bool:
        with reading() as connection:
            wake = connection.execute(
                select(INSTANCES.c.wake_at).where(INSTANCES.c.case_id == self.notice_id)
            ).scalar_one()
        return wake is not None and wake <= at

    def _progress(self) -> tuple[int, int]:
        with reading() as connection:
            members = select(CASES.c.status).where(CASES.c.parent_id == self.notice_id)
            standing = connection.execute(members).scalars().all()
            owed = select(DEADLINES.c.case_id).where(DEADLINES.c.met_at.is_(None), DEADLINES.c.superseded_at.is_(None))
            still = len(set(connection.execute(owed).scalars()) - {self.notice_id})
        return len(standing), len(standing) - still
