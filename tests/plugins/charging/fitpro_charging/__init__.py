"""Charging: takes a payment at another service, which remembers what it did under the key it is given."""

import time
from pathlib import Path

from plugins.sdk import STAFF, MethodView, Plugin, Refused, Schema, allow, ctx, fields, outside, work

plugin = Plugin("charging", api=1, default=True, permissions={"charge": STAFF})


@plugin.event
def charging_reserved(reference: str) -> None:
    """After a charge was written down, before it is made."""


@plugin.event
def charging_made(reference: str) -> None:
    """After a charge was made."""


class ChargeSchema(Schema):
    reference = fields.String(required=True, max_length=200)
    ledger = fields.String(required=True, metadata={"description": "The file in which the other service writes what it did."})
    seconds = fields.Float(load_default=0, metadata={"description": "How long the other service takes."})
    refused = fields.Boolean(load_default=False)


blp = plugin.blueprint()


@blp.route("/charges")
class Charges(MethodView):
    @blp.arguments(ChargeSchema)
    @blp.response(201, ChargeSchema)
    @allow("charge")
    @outside
    def post(self, data):
        """Take a payment."""
        if ctx.recovery_point is None:
            with work("reserved"):
                charging_reserved(reference=data["reference"])
        if ctx.recovery_point != "charged":
            charge(data)
            with work("charged"):
                charging_made(reference=data["reference"])
        return data


def charge(data):
    """The other service: slow, and idempotent by reference."""
    ledger = Path(data["ledger"])
    with ledger.open("a") as lines:
        lines.write(f"asked {data['reference']}\n")
    time.sleep(data["seconds"])
    if data["refused"]:
        raise Refused("card declined", code="card_declined")
    with ledger.open("a+") as lines:
        lines.seek(0)
        if f"made {data['reference']}\n" not in lines.readlines():
            lines.write(f"made {data['reference']}\n")
