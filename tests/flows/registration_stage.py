"""The men and rosters of a year's registration, for the tests of its stories."""

from datetime import date

from flows.registration import military_registration
from models.roster import RegistrationResult, RegistrationRow, Sex
from tests.flows.service_stage import Stage, identity

NUMBER = "DJ-2027"
COHORT, OLDER = date(2009, 12, 31), date(2008, 11, 10)


def man(
    serial: int, *, born: date = COHORT, town: str = "三星镇", sex: Sex = Sex.MALE, registered: date | None = None
) -> RegistrationRow:
    return RegistrationRow(
        name="王伟", identity=identity(born, serial), sex=sex, born=born, town=town, registered=registered,
        result=RegistrationResult.LIABLE if registered else None,
    )  # fmt: skip


def begin(stage: Stage) -> None:
    assert stage.tell(military_registration.fn, 2027) is None
    stage.answer("announcement", verdict="approve")
    assert stage.tell(military_registration.fn, 2027) is None
