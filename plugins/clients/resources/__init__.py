"""Clients over HTTP, by family."""

from plugins.clients.resources import register as register
