"""Every form that a decision may ask for, so that the one door knows them all."""

from models.answer import Answer
from models.conscription import answer as conscription

FORMS = Answer.forms
PROCESSES = (conscription,)
