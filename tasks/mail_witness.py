"""The witness between Apprise's mail plugin and the mail server: how the server really took each mail."""

import smtplib
from email import message_from_string
from email.header import Header, decode_header, make_header
from typing import Any

from tasks.courier import Outcome
from tasks.witness import exchange_under_way


class _Witnessed(smtplib.SMTP):
    """Notes how a mail server took a mail, and folds the subject as RFC 2047 asks."""

    def __init__(self, *args: Any, **options: Any) -> None:
        try:
            super().__init__(*args, **options)
        except (OSError, smtplib.SMTPException) as error:
            _note_mail(error, sent=False)
            raise

    def starttls(self, *args: Any, **options: Any) -> Any:
        """Secure the connection."""
        try:
            return super().starttls(*args, **options)
        except (OSError, smtplib.SMTPException) as error:
            _note_mail(error, sent=False)
            raise

    def login(self, user: str, password: str, **options: Any) -> Any:
        """Log in."""
        try:
            return super().login(user, password, **options)
        except (OSError, smtplib.SMTPException) as error:
            _note_mail(error, sent=False)
            raise

    def sendmail(self, from_addr: str, to_addrs: Any, msg: Any, *args: Any, **options: Any) -> Any:
        """Hand over one mail."""
        try:
            refused = super().sendmail(from_addr, to_addrs, _folded(msg), *args, **options)
        except (OSError, smtplib.SMTPException) as error:
            _note_mail(error, sent=True)
            raise
        if refused:
            _note_mail(smtplib.SMTPRecipientsRefused(refused), sent=True)
            raise smtplib.SMTPRecipientsRefused(refused)
        exchange = exchange_under_way()
        if exchange is not None:
            exchange.note(Outcome.ACCEPTED, "")
        return refused


class _WitnessedSsl(_Witnessed, smtplib.SMTP_SSL):
    """The same over TLS from the start."""


class StrictMail:
    """Stands in the mail plugin's module under the name `smtplib`."""

    SMTP = _Witnessed
    SMTP_SSL = _WitnessedSsl
    SMTPException = smtplib.SMTPException


def _note_mail(error: Exception, *, sent: bool) -> None:
    exchange = exchange_under_way()
    if exchange is None:
        return
    code, text = _smtp_code(error)
    if code:
        final = code >= 500  # noqa: PLR2004 -- RFC 5321: 5yz is a permanent refusal, 4yz a passing one
        exchange.note(Outcome.REJECTED if final else Outcome.TEMPORARY, "smtp_refused", code=code, text=text)
    elif sent:
        exchange.note(Outcome.UNKNOWN, "answer_lost", why=type(error).__name__)
    else:
        exchange.note(Outcome.TEMPORARY, "not_connected", why=type(error).__name__)


def _smtp_code(error: Exception) -> tuple[int, str]:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, text = next(iter(error.recipients.values()))
        return code, _plain(text)
    if isinstance(error, smtplib.SMTPResponseException):
        return error.smtp_code, _plain(error.smtp_error)
    return 0, ""


def _plain(text: bytes | str) -> str:
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else text


def _folded(mail: Any) -> Any:
    """Fold the subject into encoded words of at most 75 characters; Apprise writes one word however long."""
    if not isinstance(mail, str):
        return mail
    message = message_from_string(mail)
    subject = str(make_header(decode_header(message["Subject"] or "")))
    del message["Subject"]
    message["Subject"] = Header(subject, "utf-8", maxlinelen=75, header_name="Subject").encode()
    return message.as_string()
