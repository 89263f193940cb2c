"""T57: what production shows to the world: of 200 likely paths none but the listed ones answer, and /metrics not even through a proxy."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest
from werkzeug.test import Client

from adapters.http import pages
from config.bootstrap import install, web
from config.settings import Settings

OPEN = {"/health", "/health/ready", "/.well-known/jwks.json"}
"""Reviewed: everything that answers 200 to a stranger's GET in production."""
TOKEN = "0123456789abcdefghijklmnopqrstuvwxyz"
WORLD = {"REMOTE_ADDR": "203.0.113.9"}
_WORDS = (
    "metrics docs openapi.json swagger swagger.json swagger-ui swagger-ui.html redoc api-docs api api/v1 api/v1/openapi.json api/v1/docs api/docs v1"
    " v2 graphql graphiql admin administrator admin/login dashboard console debug debug/pprof debug/vars _debug trace actuator actuator/env"
    " actuator/health actuator/heapdump actuator/mappings info env .env .env.local .env.production .git .git/config .git/HEAD .gitignore .svn/entries"
    " .hg .DS_Store .htaccess .htpasswd .aws/credentials .ssh/id_rsa .dockerenv Dockerfile docker-compose.yml Makefile setup.cfg pyproject.toml"
    " requirements.txt config/requirements.txt README.md CHANGELOG.md LICENSE wsgi.py config/settings.py kernel plugins adapters ports migrations"
    " tests .fitpro .fitpro/secret.key secret.key config.json config.yml config.php settings.py settings.json web.config server-status server-info"
    " status healthz readyz livez ready live ping version build huey tasks jobs queue celery flower rq worker outbox mail mails .fitpro/mail logs"
    " log access.log error.log backup backup.sql dump.sql db.sql database.sqlite db.sqlite3 data uploads files static static/ static/app.js assets"
    " assets/ docs/assets docs/assets/ docs/assets/start.js docs/assets/../app.py docs/ doc public media tmp temp test phpinfo.php index.php"
    " wp-login.php wp-admin xmlrpc.php cgi-bin/ cgi-bin/test shell cmd login signin signup register auth oauth oauth/token token users user me"
    " api/v1/users api/v1/me api/v1/clients api/v1/workspaces api/v1/audit api/v1/audit/verify api/v1/metrics api/v1/health api/v1/admin"
    " api/v1/debug api/v1/config api/v1/env api/v1/branding api/v2 api/internal internal private secret secrets keys jwks jwks.json"
    " .well-known .well-known/openid-configuration .well-known/security.txt .well-known/change-password robots.txt sitemap.xml favicon.ico"
    " crossdomain.xml clientaccesspolicy.xml manifest.json package.json package-lock.json node_modules vendor composer.json Gemfile go.mod"
    " health/ready/ health/ health/live health/db health/debug metrics/ metrics/prometheus prometheus federate api/v1/query api/v1/targets"
    " live events sse ws websocket socket.io stream webhooks webhooks/stripe stripe payments internal/metrics _status _health _metrics __debug__"
    " __version__ __init__.py %2e%2e/%2e%2e/etc/passwd ..%2f..%2fetc/passwd ....//etc/passwd //metrics ///docs metrics%00 metrics;x=1 METRICS Docs"
)
PATHS = tuple(dict.fromkeys(["/", *(f"/{word}" for word in _WORDS.split()), *pages.PATHS, f"{pages.ASSETS}/page.js", *OPEN]))


@pytest.fixture(scope="module")
def settings_of_production(settings: Settings) -> Settings:
    return dataclasses.replace(settings, env="production", signup=None, docs_enabled=False, dns_zone=None, app_url="https://app.example")


@pytest.fixture(scope="module")
def production(settings_of_production: Settings) -> Iterator[Client]:
    yield from serving(settings_of_production)


def serving(settings: Settings) -> Iterator[Client]:
    installation = install(settings)
    yield Client(web(installation))
    installation.container.app_pool().close()
    installation.container.auth_pool().close()


def open_paths(client: Client, **environ: str) -> set[str]:
    return {path for path in PATHS if client.get(path, environ_base={**WORLD, **environ}).status_code == 200}


def test_t57_of_two_hundred_paths_the_world_gets_three(production: Client) -> None:
    assert len(PATHS) >= 200
    assert open_paths(production) == OPEN


def test_t57_what_is_closed_says_nothing_of_itself(production: Client) -> None:
    answers = {path: production.get(path, environ_base=WORLD) for path in PATHS if path not in OPEN}
    assert {answer.status_code for answer in answers.values()} <= {400, 401, 404, 405}
    hidden = {answers[path].json["code"] for path in ("/metrics", "/docs", "/api/v1/openapi.json", "/nothing") if path in answers}
    assert hidden == {"not_found"}
    for answer in answers.values():
        assert answer.content_type == "application/problem+json"
        assert "Server" not in answer.headers


@pytest.mark.parametrize(
    ("environ", "status"),
    [
        ({"REMOTE_ADDR": "127.0.0.1"}, 200),
        ({"REMOTE_ADDR": "::1"}, 200),
        ({"REMOTE_ADDR": "::ffff:127.0.0.1"}, 200),
        ({"REMOTE_ADDR": "10.0.0.5"}, 404),
        ({"REMOTE_ADDR": ""}, 404),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "203.0.113.9"}, 404),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_FORWARDED": "for=203.0.113.9"}, 404),
        ({"REMOTE_ADDR": "203.0.113.9", "HTTP_X_FORWARDED_FOR": "127.0.0.1"}, 404),
        ({"REMOTE_ADDR": "203.0.113.9", "HTTP_HOST": "localhost"}, 404),
        ({"REMOTE_ADDR": "203.0.113.9", "HTTP_AUTHORIZATION": f"Bearer {TOKEN}"}, 404),
    ],
)
def test_t57_metrics_are_for_this_machine_alone(production: Client, environ: dict[str, str], status: int) -> None:
    assert production.get("/metrics", environ_base=environ).status_code == status


def test_t57_with_a_token_metrics_are_for_its_holder_wherever_they_are(settings_of_production: Settings) -> None:
    for client in serving(dataclasses.replace(settings_of_production, metrics_token=TOKEN)):
        for given, status in (
            (f"Bearer {TOKEN}", 200),
            (f"bearer {TOKEN}", 200),
            (f"Bearer {TOKEN}x", 401),
            ("Bearer ", 401),
            (f"Basic {TOKEN}", 401),
        ):
            assert client.get("/metrics", environ_base={**WORLD, "HTTP_AUTHORIZATION": given}).status_code == status
        assert client.get("/metrics", environ_base={"REMOTE_ADDR": "127.0.0.1"}).status_code == 401
        assert open_paths(client) == OPEN


def test_t57_without_a_frontend_of_its_own_production_shows_the_pages_of_its_mails(settings_of_production: Settings) -> None:
    for client in serving(dataclasses.replace(settings_of_production, own_url="https://hub.example", app_url="https://hub.example")):
        assert open_paths(client) == OPEN | {*pages.PATHS, f"{pages.ASSETS}/page.js"}


def test_t57_docs_left_on_and_metrics_left_open_are_noticed(settings_of_production: Settings) -> None:
    """The seeded fault: development's settings."""
    for client in serving(dataclasses.replace(settings_of_production, env="development", docs_enabled=True)):
        assert {"/metrics", "/docs", "/api/v1/openapi.json"} <= open_paths(client) - OPEN
