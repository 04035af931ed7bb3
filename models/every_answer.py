"""Every form that a decision may ask for, so that the one door knows them all."""

from models.answer import Answer
from models.conscription import answer as conscription
from models.conscription import service_answer as service

FORMS = Answer.forms
PROCESSES = (conscription, service)
