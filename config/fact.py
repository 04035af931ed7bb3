"""The shape of every fact: frozen, and closed to fields that nobody declared."""

from pydantic import BaseModel, ConfigDict


class Fact(BaseModel):
    """A frozen fact; an undeclared field is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)
