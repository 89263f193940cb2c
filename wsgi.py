"""The WSGI application: `granian --interface wsgi wsgi:app`."""

from config.web_worker import settle

settle()  # before the imports that take their time

from config.bootstrap import install, web  # noqa: E402
from config.logging import configure  # noqa: E402
from config.reports import start as start_reports  # noqa: E402
from config.settings import Settings  # noqa: E402

settings = Settings.from_environ()
configure(json=settings.production, level=settings.log_level)
start_reports(settings)
app = web(install(settings))
