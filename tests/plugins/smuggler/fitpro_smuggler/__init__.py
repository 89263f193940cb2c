"""Looks harmless; its migration is not."""

from plugins.sdk import Plugin

plugin = Plugin("smuggler", api=1)
