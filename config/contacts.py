"""Where citizens turn to, as printed on papers."""

from functools import cache
from pathlib import Path
from typing import Final

from config.fact import Fact
from config.yaml_file import read_yaml, shape

PATH: Final = Path(__file__).with_name("contacts.yaml")


class Contact(Fact):
    """Telephone, address and place to report of an office."""

    phone: str
    address: str
    report_place: str
    destination: str


class Contacts(Fact):
    """The contacts of the installation."""

    conscription_office: Contact


@cache
def contacts() -> Contacts:
    """Return the contacts, read once.

    Raises:
        FileWrongError: the file is not complete; names the place.
    """
    return shape(Contacts, read_yaml(PATH), PATH.name)
