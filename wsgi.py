"""The WSGI application: `granian --interface wsgi wsgi:app`."""

from config.bootstrap import install, web
from config.logging import configure
from config.settings import Settings

settings = Settings.from_environ()
configure(json=settings.production, level=settings.log_level)
app = web(install(settings))
