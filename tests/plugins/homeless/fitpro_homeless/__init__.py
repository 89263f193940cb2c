"""Declares a table whose rows belong to no workspace."""

from plugins.sdk import Plugin, metadata, sa

plugin = Plugin("homeless", api=1)

note = sa.Table("homeless_note", metadata, sa.Column("id", sa.Uuid, primary_key=True), sa.Column("text", sa.Text))
