"""Tables of this plugin, by family."""

from plugins.clients.models import health as health
from plugins.clients.models import history as history
from plugins.clients.models import many as many
from plugins.clients.models import notes as notes
from plugins.clients.models import register as register
