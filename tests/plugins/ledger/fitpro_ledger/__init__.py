"""Ledger: a row per client it hears of. Nothing in it forbids a second one, so whatever is heard twice shows."""

import os
import time
import uuid

import psycopg

from plugins.sdk import Mapped, Model, Plugin, Schema, ctx, fields, reference


class Settings(Schema):
    pause_s = fields.Float(load_default=0.0, metadata={"description": "How long to take, half of it after the row is written."})
    apart = fields.Boolean(load_default=False, metadata={"description": "A mistake: write in a transaction of one's own."})


plugin = Plugin("ledger", api=1, requires=("clients",), settings=Settings)


class Entry(Model, plugin=plugin):
    client_id: Mapped[uuid.UUID] = reference("clients")


@plugin.hook
def clients_created(client_id: uuid.UUID) -> None:
    pause_s, apart = plugin.config["pause_s"], plugin.config["apart"]
    if apart:
        write_apart(client_id)
    time.sleep(pause_s / 2)
    if not apart:
        ctx.session.add(Entry(client_id=client_id))
        ctx.session.flush()
    time.sleep(pause_s / 2)


def write_apart(client_id: uuid.UUID) -> None:
    """The row is there whether or not the job ends well."""
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        connection.execute("select app.enter_job(%s, 'ledger', 'apart')", (ctx.workspace_id,))
        connection.execute("insert into ledger_entry (workspace_id, id, client_id) values (%s, %s, %s)", (ctx.workspace_id, uuid.uuid4(), client_id))
