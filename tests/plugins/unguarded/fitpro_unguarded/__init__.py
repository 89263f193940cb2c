"""Has a view that says nothing about who may call it."""

from plugins.sdk import MethodView, Plugin, Schema, fields

plugin = Plugin("unguarded", api=1)


class Greeting(Schema):
    text = fields.String()


blp = plugin.blueprint()


@blp.route("/greetings")
class Greetings(MethodView):
    @blp.response(200, Greeting)
    def get(self):
        """Greet anybody."""
        return {"text": "hello"}
