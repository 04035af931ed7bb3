"""Citations of the platform's rules for steps."""

from collections.abc import Callable

from config.rulebook import cited
from tasks.step import Dossier


def article(path: str) -> Callable[[Dossier], str]:
    """Return the function that cites a rule of the case's day, for a step."""
    return lambda dossier: cited(path, dossier.on).label


def rule_of(name: str) -> Callable[[Dossier], str]:
    """Return the function that cites a rule of the case's day, for a step."""
    return lambda dossier: cited(f"policy_redemption.{name}", dossier.on).label
