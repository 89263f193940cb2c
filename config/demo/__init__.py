"""A studio to look at: made through the public API, so that it holds nothing a user could not have made."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from werkzeug.test import Client

from config.demo.api import PASSWORD, Api
from config.demo.calendar import ask_for_approval, fill, has_asked, today
from config.demo.logo import logo
from config.demo.people import OpenLetter, admit, letters
from config.settings import Settings

STUDIO: Final = "North Studio"
OWNER, COLLABORATOR, CLIENT = "ana@demo.fitpro.test", "rui@demo.fitpro.test", "marta@demo.fitpro.test"
PARTNER, LIMITED = "teresa@demo.fitpro.test", "davi@demo.fitpro.test"
"""The second Owner, and a collaborator who sees only their own clients."""

_ASKED: Final = {
    "type": "object",
    "properties": {
        "goal": {"type": "string", "title": "Goal", "enum": ["Strength", "Weight", "Endurance", "Rehabilitation"]},
        "sessions_a_week": {"type": "integer", "title": "Sessions a week", "minimum": 1, "maximum": 14},
        "emergency_contact": {"type": "string", "title": "In an emergency call", "maxLength": 200},
    },
}

_FIRST: Final = ("Marta", "João", "Lucía", "Björn", "Chloé", "Aiko", "Omar", "Priya", "Søren", "Inês")
_LAST: Final = ("Ferreira", "Núñez", "O'Neil", "Lindqvist")
_TAGS: Final = ("strength", "mobility", "nutrition", "online", "morning", "rehab", "running", "prenatal")
_FILE: Final = """\
Nome;E-mail;Telemóvel;Data de nascimento;Etapa;Etiquetas;Goal;Treinador
Beatriz Lobo;import1@demo.fitpro.test;910 000 001;03/04/1992;lead;online;Weight;Rui Almeida
Duarte Pires;import2@demo.fitpro.test;910 000 002;17/11/1985;cliente;"strength, morning";Strength;
Marta Ferreira;marta@demo.fitpro.test;;;;;;
Vasco Melo;import3@demo.fitpro.test;910 000 003;31/02/1990;;;;
Íris Nobre;import4@demo.fitpro.test;910 000 004;1 de março de 1979;trial;rehab;Flexibility;
"""
"""A file as another program writes it: two who are new, one who is here already, one with no such day, one with no such goal."""
_EXCLUSIONS: Final = (
    # kind, first and last day from today, per cent of the plan expected, why
    ("holiday", -60, -47, 30, None),
    ("injury", -4, 10, 50, "Sprained ankle"),
)
_TOOK_BACK: Final = 35
"""The client whose consent was taken back, while they were ill."""
_NOTES: Final = ("Prefers mornings.", "Old knee injury: no deep squats.", "Training for a half marathon.", None, None)


def ensure(application: Callable[..., Any], settings: Settings, open_letter: OpenLetter | None = None) -> list[tuple[str, str, str]]:
    """Make the demo, or finish one that was cut short; role, e-mail and password of each login. Once whole, nothing is touched.

    application: the product as a WSGI callable. open_letter: as who sends them knows what they hold, unless given.
    """
    api = Api(Client(application))
    if not _is_whole(api):
        _furnish(api, open_letter or letters(settings))
    return [("Owner", OWNER, PASSWORD), ("Colaborador", COLLABORATOR, PASSWORD), ("Cliente", CLIENT, PASSWORD)]


def _is_whole(api: Api) -> bool:
    """Whether the last step was taken: the client asked for a booking."""
    marta = api.ask("POST", "/auth/login", {"email": CLIENT, "password": PASSWORD}, refused=401)
    if marta is None or not api.as_(marta).made("GET", "/api/v1/workspaces")["items"]:
        return False
    return has_asked(api.as_(marta))


def _furnish(api: Api, open_letter: OpenLetter) -> None:
    """The workspace, its people, its clients; every step only when it was not taken before."""
    owner, collaborator, limited = api.person("Ana Souza", OWNER), api.person("Rui Almeida", COLLABORATOR), api.person("Davi Rocha", LIMITED)
    staff = owner["user"]["id"], collaborator["user"]["id"], limited["user"]["id"]
    api = api.as_(owner)
    studios = api.made("GET", "/api/v1/workspaces")["items"]
    studio = studios[0] if studios else api.made("POST", "/api/v1/workspaces", {"name": STUDIO, "timezone": "Europe/Lisbon", "currency": "EUR"})
    api.workspace = studio["id"]
    _ask_besides(api, studio["id"])
    admit(api, collaborator, open_letter, role="Colaborador")
    admit(api, limited, open_letter, role="Colaborador", client_scope="own")
    admit(api, api.person("Teresa Lima", PARTNER), open_letter, role="Owner")
    pages = (api.made("GET", f"/api/v1/clients?limit=200&status={status}") for status in ("active", "inactive", "archived"))
    known = {client["email"]: client for page in pages for client in page["items"]}
    for wanted in (_client(n, staff) for n in range(40)):
        if wanted["email"] not in known:
            known[wanted["email"]] = api.made("POST", "/api/v1/clients", wanted)
    marta = api.person(known[CLIENT]["full_name"], CLIENT)
    admit(api, marta, open_letter, role="Cliente", client_id=known[CLIENT]["id"])
    _dress(api, studio["id"])
    _consent(api.as_(marta), known[CLIENT]["id"])
    _write_about(api, known[CLIENT]["id"])
    _meet_twice(api, known)
    _bring_along(api)
    for n in range(0, 40, 5):
        _ask_about_health(api, known[_client(n, staff)["email"]]["id"], n)
    if not api.made("GET", "/api/v1/invitations?status=pending")["items"]:
        api.made(
            "POST",
            "/api/v1/users",
            {"email": "noor@demo.fitpro.test", "full_name": "Noor Haddad", "role": "Colaborador", "client_scope": "own"},
        )
    _open_to_others(api, studio["id"])
    fill(api, staff[:2], [known[_client(n, staff)["email"]]["id"] for n in range(12)])
    ask_for_approval(api.as_(marta), staff[1])


def _dress(api: Api, studio: str) -> None:
    """Colours, a logo, and the language of its mail."""
    branding = {"display_name": "North", "colors": {"primary": "#0b6e4f", "background": "#ffffff"}}
    dressed = api.made("PATCH", f"/api/v1/workspaces/{studio}", {"branding": branding, "locale": "pt", "week_start": 1})
    if dressed["branding"]["logo"] is None:
        api.made("PUT", f"/api/v1/workspaces/{studio}/logo", file=("image/png", logo()))


def _open_to_others(api: Api, studio: str) -> None:
    """A domain that waits for its proof, which only the DNS can give, and the key of the website's form, used and once replaced."""
    if not api.made("GET", f"/api/v1/workspaces/{studio}/domains")["items"]:
        api.made("POST", f"/api/v1/workspaces/{studio}/domains", {"domain": "app.north-studio.example.org"})
    path = f"/api/v1/workspaces/{studio}/keys"
    keys = api.made("GET", path)["items"]
    if not keys:
        keys = [api.made("POST", path, {"name": "Website form", "scopes": ["clients:read"]})]
        _read_with(api, keys[0])
    if not any(each["replaces"] for each in keys):
        successor = api.ask("POST", f"{path}/{keys[0]['id']}/rotate", {"grace_s": 7 * 86_400}, refused=409)  # unless somebody revoked it
        if successor is not None:
            _read_with(api, successor)


def _read_with(api: Api, key: dict[str, Any]) -> None:
    """What the website does with its key."""
    Api(api.client, key["key"]).made("GET", "/api/v1/clients?limit=1")


def _ask_besides(api: Api, studio: str) -> None:
    """What this studio wants to know of its clients."""
    module = f"/api/v1/workspaces/{studio}/modules/clients"
    if not api.made("GET", module)["settings"].get("custom_fields"):
        api.made("PUT", module, {"enabled": True, "settings": {"custom_fields": _ASKED}})


def _write_about(api: Api, client: str) -> None:
    """A note for the staff and one for the client, a holiday that is over, an injury that is not, a search to keep."""
    if not api.made("GET", f"/api/v1/clients/{client}/notes")["items"]:
        api.made("POST", f"/api/v1/clients/{client}/notes", {"body": "Wants to run the half marathon in October.", "pinned": True})
        api.made("POST", f"/api/v1/clients/{client}/notes", {"body": "Great first month! Next week we add intervals.", "visibility": "shared"})
    excused = {each["kind"] for each in api.made("GET", f"/api/v1/clients/{client}/exclusions")["items"]}
    for kind, first, last, adherence, reason in _EXCLUSIONS:
        if kind not in excused:
            days = {"starts_on": str(today() + timedelta(first)), "ends_on": str(today() + timedelta(last))}
            told = {"kind": kind, **days, "expected_adherence": adherence, "reason": reason}
            api.ask("POST", f"/api/v1/clients/{client}/exclusions", told, refused=403)  # unless she took her consent back meanwhile
    if not api.made("GET", "/api/v1/clients/filters")["items"]:
        search = {"name": "On trial", "shared": True, "query": {"lifecycle_stage": "trial", "sort": "full_name"}}
        api.made("POST", "/api/v1/clients/filters", search)


def _meet_twice(api: Api, known: dict[str, dict[str, Any]]) -> None:
    """Two records of one person that became one, and twins who share a phone number and are two."""
    again: dict[str, Any] = {
        "full_name": "J. Ferreira",
        "email": "joao@demo.fitpro.test",
        "phone": "+351 900 000 001",
        "tags": ["online"],
        "notes": "Came back.",
    }
    twin: dict[str, Any] = {"full_name": "Luca Ferreira", "email": "luca@demo.fitpro.test", "phone": known["client02@demo.fitpro.test"]["phone"]}
    for wanted in (again, twin):
        if wanted["email"] not in known:
            known[wanted["email"]] = api.made("POST", "/api/v1/clients?allow_duplicate=true", wanted)
    source = known[again["email"]]
    if source["merged_into"] is None:
        api.made("POST", f"/api/v1/clients/{known['client01@demo.fitpro.test']['id']}/merge", {"from": source["id"]})


def _bring_along(api: Api) -> None:
    """Import a file, looked at first; the worker adds whom it names."""
    if not api.made("GET", "/api/v1/clients/imports")["items"]:
        api.made("POST", "/api/v1/clients/import?dry_run=true", file=("text/csv", _FILE))
        api.made("POST", "/api/v1/clients/import", file=("text/csv", _FILE))


def _consent(api: Api, client: str) -> None:
    """In person: the client says so themself."""
    consents = f"/api/v1/clients/{client}/consents"
    if not api.made("GET", consents)["items"]:
        api.made("POST", consents, {})


def _ask_about_health(api: Api, client: str, n: int) -> None:
    """With a consent on paper, unless there is one; every third has something to be careful about, and one who was ill takes the
    consent back."""
    consents = f"/api/v1/clients/{client}/consents"
    given = api.made("GET", consents)["items"] or [api.made("POST", consents, {"how": "Signed on paper at the first session."})]
    if given[0]["withdrawn_at"] is not None:
        return
    known = api.made("GET", f"/api/v1/clients/{client}/health")
    if known["version"] == 0:
        injuries = [{"description": "Left knee, meniscus", "since": "2026-02-01"}] if n % 3 == 0 else []
        told = {"injuries": injuries, "baseline": {"measured_on": "2026-03-01", "height_cm": 160 + n, "weight_kg": 58 + n}}
        api.made("PUT", f"/api/v1/clients/{client}/health", told, fresh=True)
    if n == _TOOK_BACK:
        exclusions = f"/api/v1/clients/{client}/exclusions"
        if not api.made("GET", exclusions)["items"]:
            days = {"starts_on": str(today() - timedelta(20)), "ends_on": str(today() - timedelta(16))}
            api.made("POST", exclusions, {"kind": "sick", **days, "reason": "Influenza"})
        api.made("DELETE", f"{consents}/{given[0]['id']}", fresh=True)


def _client(n: int, staff: tuple[str, str, str]) -> dict[str, Any]:
    first, last = _FIRST[n % 10], _LAST[n // 10]
    return {
        "full_name": f"{first} {last}",
        "email": CLIENT if n == 0 else f"client{n:02}@demo.fitpro.test",
        "phone": f"+351 900 000 {n:03}" if n % 4 else None,
        "birth_date": f"{1965 + n * 7 % 40}-{1 + n % 12:02}-{1 + n * 3 % 28:02}",
        "status": "archived" if n % 13 == 12 else "inactive" if n % 8 == 7 else "active",
        "tags": [_TAGS[n % 8], *([_TAGS[(n * 3 + 1) % 8]] if n % 3 else [])],
        "notes": _NOTES[n % 5],
        "assigned_to": staff[2] if n % 9 == 8 else (staff[0], staff[1], None)[n % 3],
        "lifecycle_stage": "former" if n % 13 == 12 else ("lead", "trial")[n // 6 % 2] if n % 6 == 5 else "client",
        "custom_fields": {"goal": ("Strength", "Weight", "Endurance")[n % 3], "sessions_a_week": 1 + n % 4} if n % 2 == 0 else {},
    }
