"""Check telephone numbers; apart from the other checks because the number plan of the world is slow to load."""

import re
from typing import Final

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from models.identity import Checked, Finding, tidy

REGION: Final = "CN"
_MOBILE: Final = re.compile(r"1[3-9][0-9]{9}")
_NO_AREA: Final = re.compile(r"[2-9][0-9]{6,7}")
_TEXTS: Final = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})


class Phone(Checked):
    """A telephone number in E.164 where it can be read, and whether it takes text messages."""

    mobile: bool = False


def check_phone(number: str) -> Phone:
    """Check a telephone number of mainland China.

    A mobile number of a segment that the number plan does not know yet only warns: plans lag behind new segments.
    """
    value = re.sub(r"[\s()–—-]", "", tidy(number))
    national = value.removeprefix("+86").removeprefix("0086")
    try:
        parsed = phonenumbers.parse(value, REGION)
    except phonenumbers.NumberParseException:
        return Phone(value=value, errors=(Finding(key="identity.phone_wrong"),))
    if parsed.country_code == 86 and phonenumbers.is_valid_number(parsed):  # noqa: PLR2004 -- China
        e164 = phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
        return Phone(value=e164, mobile=phonenumbers.number_type(parsed) in _TEXTS)
    if _MOBILE.fullmatch(national):
        return Phone(value=f"+86{national}", warnings=(Finding(key="identity.phone_unknown"),), mobile=True)
    key = "identity.phone_no_area" if _NO_AREA.fullmatch(value) else "identity.phone_wrong"
    return Phone(value=value, errors=(Finding(key=key),))
