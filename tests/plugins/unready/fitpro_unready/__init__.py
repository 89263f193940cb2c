"""Healthy; the test installs it after `fitpro db upgrade` has run."""

from plugins.sdk import STAFF, Mapped, MethodView, Model, Plugin, Schema, allow, ctx, fields, sa

plugin = Plugin("unready", api=1, permissions={"read": STAFF})


class Note(Model, plugin=plugin):
    text: Mapped[str]


class Count(Schema):
    notes = fields.Integer()


blp = plugin.blueprint()


@blp.route("/notes")
class Notes(MethodView):
    @blp.response(200, Count)
    @allow("read")
    def get(self):
        """How many notes there are."""
        return {"notes": ctx.session.scalar(sa.select(sa.func.count()).select_from(Note))}
