"""Clients over HTTP, by family."""

from plugins.clients.resources import duplicates as duplicates
from plugins.clients.resources import exclusions as exclusions
from plugins.clients.resources import health as health
from plugins.clients.resources import imports as imports
from plugins.clients.resources import many as many
from plugins.clients.resources import notes as notes
from plugins.clients.resources import register as register
