"""Healthy, but what it requires is not."""

from plugins.sdk import Plugin

plugin = Plugin("dependent", api=1, requires=("crashing",))
