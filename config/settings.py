"""What the installation decides: where things live, which database, which channels, which language."""

import os
from functools import cache
from pathlib import Path
from typing import Final, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from config.messages import speak

ACK_PORT_OFFSET: Final = 2
"""The page of acknowledgements is two ports after Prefect's, unless told otherwise."""
ROOT: Final = Path(__file__).resolve().parent.parent


def _own_address() -> str:
    """Return where `banjie up` listens on this machine, unless told otherwise."""
    return f"http://127.0.0.1:{os.environ.get('BANJIE_PORT', '4200')}"


def _own_ack_address() -> str:
    """Return where `banjie up` takes acknowledgements on this machine, unless told otherwise."""
    port = os.environ.get("BANJIE_ACK_PORT") or str(int(os.environ.get("BANJIE_PORT", "4200")) + ACK_PORT_OFFSET)
    return f"http://127.0.0.1:{port}"


class Settings(BaseSettings):
    """Settings of one installation, from `BANJIE_*` variables or `var/banjie.env`; every one has a sensible default."""

    model_config = SettingsConfigDict(env_prefix="BANJIE_", extra="ignore", frozen=True)

    home: Path = Field(default=ROOT / "var", description="Folder for databases, keys, papers and the roster inbox")
    database_url: str = Field(default="", description="SQLAlchemy URL of our database; empty means SQLite in the home")
    language: Literal["zh", "en"] = Field(default="zh", description="Language of forms, boards and notices")
    clock: Literal["real", "simulated"] = Field(default="real", description="simulated: the day is set by hand")
    channels: Path = Field(default=ROOT / "config" / "channels.yaml", description="Notification channels")
    key_file: Path | None = Field(default=None, description="Key ring; empty means keys.json in the home")
    keys: SecretStr | None = Field(default=None, description="Key ring as JSON, instead of a file")
    address: str = Field(default_factory=_own_address, description="Address of the Prefect UI, for links")
    ack_address: str = Field(
        default_factory=_own_ack_address,
        max_length=80,
        description="Address of the page for acknowledgements, as those who are called reach it",
    )
    prefect_database_url: str = Field(
        default="", description="Database of Prefect's server; empty: embedded PostgreSQL"
    )
    work_pool: str = Field(default="banjie", description="Work pool of our deployments")
    roster_max_bytes: int = Field(default=20_000_000, gt=0, description="Largest roster file accepted, in bytes")
    roster_max_rows: int = Field(default=100_000, gt=0, description="Most rows accepted in one roster")

    @property
    def database(self) -> str:
        """URL of our database."""
        return self.database_url or f"sqlite:///{self.home / 'banjie.db'}"

    @property
    def key_path(self) -> Path:
        """File of the key ring."""
        return self.key_file or self.home / "keys.json"


@cache
def settings() -> Settings:
    """Return the settings of this process, read once."""
    made = Settings(_env_file=ROOT / "var" / "banjie.env")
    speak(made.language)
    return made
