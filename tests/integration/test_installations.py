"""Two installations in one process, as tests and commands make them."""

from __future__ import annotations

from config.bootstrap import web
from config.plugin_admin import installation
from config.settings import Settings
from tests.servers import Api


def test_services_belong_to_the_installation_that_serves_the_request(settings: Settings) -> None:
    with installation(settings) as kept:
        application = Api(web(kept))
        with installation(settings) as other:
            assert kept.hub.services.keys() == other.hub.services.keys() == kept.registry.plugins.keys()
            assert not any(kept.hub.services[id] is other.hub.services[id] for id in kept.hub.services)
            web(other)
        # The later one is closed: an application made before it still signs people up and in.
        assert application.signup()
