"""The hands. Whatever they say is said in the installation's language, from the first import on."""

from config.settings import settings

settings()
