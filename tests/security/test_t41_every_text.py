"""T41 at the routes: every text field of every writing operation keeps a text exactly, or refuses it for a reason that the document gives."""

from __future__ import annotations

import html
import json
import re
import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from adapters.http import inputs
from adapters.http.fields import String, texts
from adapters.http.fields.texts import normalise_email
from adapters.http.gateway import Gateway
from adapters.outbound.public import PublicHttp
from config.settings import Settings
from ports.outbound import OutboundReply
from tests.documented import BODIES, PASSWORD, Documented, World, world
from tests.security.test_t41_texts import REFUSED, STORED_EXACTLY
from tests.servers import Api, Cluster, Person, Reply

Path = tuple[str | int, ...]
SOME = [
    *STORED_EXACTLY[:200:30],
    "  a  ",
    "e\u0301clair  ",
    "ﬁ",
    "<script>alert(1)</script>",
    "\r\nSet-Cookie: a=b",
    "👩\u200d👩\u200d👧\u200d👦",
    *REFUSED[::3],
]

# What these mean is looked up before they are kept, and no text of the corpus means any of it. They, and whatever has a format or a list of
# values, are sent the corpus all the same: nothing breaks, NUL and surrogates are refused, and what is taken after all reads back.
MEANT = ("phone", "timezone", "opens", "closes", "token", "refresh_token", "domain", "url", "logo", "logo_dark", "rrule", "scopes")
# Left out: the fields that a workspace defines for its clients and the settings of a plugin, whose names no document knows (T46, T47);
# files (an import, a logo), which hold no text fields but cells (T50) and pixels (T52); operations without a body.

FAR_AHEAD = datetime(2040, 1, 1, tzinfo=UTC)
"""Where no example puts a booking."""


@dataclass(frozen=True)
class Place:
    """Where a body holds text. inner: what the document says of it."""

    operation: Documented
    at: Path
    inner: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.operation} {'/'.join(map(str, self.at))}"

    @property
    def name(self) -> str:
        return next(str(each) for each in reversed(self.at) if isinstance(each, str))

    @property
    def address(self) -> bool:
        return self.inner.get("format") == "email"

    @property
    def secret(self) -> bool:
        """A password that is set, and so proves itself at the next sign-in."""
        return self.inner.get("format") == "password" and str(self.operation) in ("accounts_create_account", "accounts_replace_password")

    @property
    def free(self) -> bool:
        """Whether any text will do that has the documented length and pattern."""
        return self.secret or not (self.inner.get("format") or self.inner.get("enum") or self.name in MEANT)

    def allows(self, text: str) -> bool:
        if text in REFUSED or not self.inner.get("minLength", 0) <= len(text) <= self.inner["maxLength"]:
            return False
        return re.search(self.inner.get("pattern", ""), text) is not None


@dataclass
class Round:
    """What came of it. kept: how many texts were read back."""

    sent: int = 0
    kept: int = 0
    places: int = 0
    findings: list[str] = field(default_factory=list)


def places(operation: Documented) -> Iterator[Place]:
    assert operation.body_schema is not None
    yield from _below(operation, operation.body_schema, ())


def _below(operation: Documented, schema: dict[str, Any], at: Path) -> Iterator[Place]:
    for name, said in operation.resolved(schema).get("properties", {}).items():
        inner, where = operation.resolved(said), (*at, name)
        if "array" in _kinds(inner):
            inner, where = operation.resolved(inner["items"]), (*where, 0)
        if "string" in _kinds(inner):
            yield Place(operation, where, inner)
        elif inner.get("properties"):
            yield from _below(operation, inner, where)


def _kinds(schema: dict[str, Any]) -> Sequence[str]:
    said = schema.get("type", ())
    return said if isinstance(said, list) else (said,)


def put(value: Any, at: Path, text: str) -> Any:
    """A copy of a body with this text in one place; what is missing on the way is made. A list holds nothing else then."""
    if not at:
        return text
    if isinstance(at[0], int):
        return [put(value[0] if isinstance(value, list) and value else None, at[1:], text)]
    whole = value if isinstance(value, dict) else {}
    return {**whole, at[0]: put(whole.get(at[0]), at[1:], text)}


def at_place(value: Any, at: Path) -> Any:
    """What an answer shows there; None where it shows nothing."""
    for each in at:
        if isinstance(each, int):
            value = value[each] if isinstance(value, list) and len(value) > each else None
        else:
            value = value.get(each) if isinstance(value, dict) else None
    return value


# Every operation ----------------------------------------------------------------------------------------------------


class Tour:
    """Sends texts to the operations of a world."""

    def __init__(self, here: World, dsn: str) -> None:
        self.here = here
        self._dsn = dsn
        self._count, self._bookings = time.time_ns(), 0
        self._reads = {each.path: each for each in here.operations if each.method == "GET"}
        self._people: dict[str, Person] = {}

    def round(self, corpus: Sequence[str], *names: str) -> Round:
        """names: of operations, or of places in them; all of them without any."""
        done = Round()
        for operation in self.here.operations:
            if operation.method in BODIES and operation.body_schema is not None:
                for place in places(operation):
                    if not names or str(operation) in names or str(place) in names:
                        done.places += 1
                        self._visit(place, corpus, done)
        return done

    def _visit(self, place: Place, corpus: Sequence[str], done: Round) -> None:
        base: dict[str, Any] | None = None
        for text in corpus:
            sent = f"{text}@x{self._next()}.example.com" if place.address else text
            welcome = place.free and place.allows(text)
            if base is None or welcome or place.address:
                base = self._body(place.operation)
            body = put(base, place.at, sent)
            path, who = self._path(place.operation), self._who(place, fresh=welcome and place.secret)
            reply = self.here.call(place.operation, path=path, raw=json.dumps(body).encode(), who=who)
            done.sent += 1
            if found := self._judge(place, text, sent, reply, welcome):
                done.findings.append(f"{place} {sent!r:.60}: {found} {reply.status} {reply.body[:200]!r}")
            elif 200 <= reply.status < 300:
                shown = self._shown(place, body, path, reply, who)
                expected = normalise_email(sent) if place.address else sent
                wrong = [each for each in shown if each != expected]
                if wrong or (not shown and welcome):
                    done.findings.append(f"{place} {sent!r:.60}: reads back as {shown!r:.200}")
                done.kept += bool(shown)
            self._clear(place.operation, path, body, reply)

    def _judge(self, place: Place, text: str, sent: str, reply: Reply, welcome: bool) -> str | None:
        if reply.status >= 500:
            return "broke"
        if text in REFUSED:
            return None if reply.status in (400, 422) else "was not refused"
        if welcome:
            return None if 200 <= reply.status < 300 else "is allowed, and was refused"
        if place.free:
            return None if reply.status == 422 else "is not allowed, and was taken"
        if place.address or "format" in place.inner or place.name in MEANT or place.inner.get("enum"):
            return None if reply.status < 300 or reply.status in (400, 401, 404, 409, 422, 429) else "was answered with"
        return "has no rule"

    # What each operation needs ------------------------------------------------------------------------------------

    def _body(self, operation: Documented) -> dict[str, Any]:
        """One that is taken though the same operation was asked before."""
        here, name = self.here, str(operation)
        body = here.body(operation)
        if "name" in body and operation.path.startswith("/api/v1/bookings/"):
            body["name"] = f"N {self._next()}"
        if {"organizer_id", "start_time", "end_time"} <= body.keys():
            self._bookings += 1
            start = FAR_AHEAD + timedelta(hours=3 * self._bookings)
            body |= {"start_time": start.isoformat(), "end_time": (start + timedelta(minutes=30)).isoformat()}
        if name == "clients_create_filters":
            body["name"] = f"N {self._next()}"
        if name == "clients_create_bulk":
            made = here.api.post("/api/v1/clients", json={"full_name": f"N {self._next()}"}, who=here.owner, workspace=here.workspace)
            body["ids"] = [made.json["id"]]  # a client has few tags
        if name == "bookings_create_all_series":
            body["rrule"] = "FREQ=DAILY;COUNT=1"
        if name == "bookings_create_calendars":
            body["url"] = f"https://calendar.example.com/{self._next()}.ics"
        return body

    def _path(self, operation: Documented) -> str:
        here, name = self.here, str(operation)
        if name == "bookings_create_cancellation":
            return f"/api/v1/bookings/{self._booking()}/cancel"
        if name == "bookings_create_refusal":
            # Only what a client asked for waits for the staff, and only within the hours and weeks of a service.
            booking = self._booking()
            with psycopg.connect(self._dsn, autocommit=True) as superuser:
                assert superuser.execute("update bookings set status = 'pending' where id = %s", (booking,)).rowcount == 1
            return f"/api/v1/bookings/{booking}/decline"
        path = here.path(operation)
        return f"{path}?allow_duplicate=true" if "allow_duplicate" in operation.query else path

    def _booking(self) -> str:
        operation = named(self.here, "bookings_create_bookings")
        made = self.here.call(operation, json=self._body(operation))
        assert made.status == 201, made.body
        return str(made.json["id"])

    def _who(self, place: Place, *, fresh: bool) -> Person | None:
        """What is somebody's own is not the Owner's, who is needed afterwards."""
        if not place.operation.path.startswith("/api/v1/me"):
            return None
        if fresh or str(place.operation) not in self._people:
            self._people[str(place.operation)] = self.here.api.signup("Terry Text")
        return self._people[str(place.operation)]

    def _shown(self, place: Place, body: dict[str, Any], path: str, reply: Reply, who: Person | None) -> list[Any]:
        """Everything that the answer, and then the record, says of the place."""
        here, operation = self.here, place.operation
        if place.secret:
            email = body["email"] if who is None else who.email
            again = here.api.post("/auth/login", json={"email": email, "password": body["password"]})
            other = here.api.post("/auth/login", json={"email": email, "password": unicodedata.normalize("NFKC", body["password"]).strip() + " "})
            return [body["password"] if (again.status, other.status) == (200, 401) else f"login {again.status}, of another {other.status}"]
        answer = reply.json if reply.body else {}
        if str(operation) == "accounts_create_account":
            me = here.api.get("/api/v1/me", who=answer["access_token"])
            return [at_place(me.json, place.at)]
        record, read = path.partition("?")[0], self._reads.get(operation.path)
        if operation.method == "POST" and "id" in answer:
            read = next((each for each in self._reads.values() if re.fullmatch(re.escape(operation.path) + r"/\{\w+\}", each.path)), None)
            record = f"{record}/{answer['id']}"
        at = place.at
        if str(operation) == "clients_create_bulk":
            read, record = named(here, "clients_get_client"), f"/api/v1/clients/{body['ids'][0]}"
            tags = here.call(read, path=record).json["tags"]
            return [body["tags"][0] if body["tags"][0] in tags else tags]
        if str(operation) in ("bookings_create_cancellation", "bookings_create_refusal"):
            read, record, at = named(here, "bookings_get_booking"), path.rpartition("/")[0], ("cancel_reason",)
        if str(operation) == "bookings_create_all_series":
            when = urlencode({"start_from": body["start_time"], "start_until": body["end_time"]})
            listed = here.call(named(here, "bookings_list_bookings"), path=f"/api/v1/bookings?{when}").json["items"]
            answer, read = next(each for each in listed if each["series_id"] == answer["id"]), None
        found = [answer] if read is None else [answer, here.call(read, path=record, who=who).json]
        return [shown for shown in (at_place(each, at) for each in found) if shown is not None]

    def _clear(self, operation: Documented, path: str, body: dict[str, Any], reply: Reply) -> None:
        """What was made would take the name, or the room, of what is made next; what is archived keeps its name."""
        if operation.method != "POST" or reply.status != 201 or "id" not in (made := reply.json):
            return
        one, record = re.compile(re.escape(operation.path) + r"/\{\w+\}"), f"{path.partition('?')[0]}/{made['id']}"
        for other in self.here.operations:
            if one.fullmatch(other.path) and other.method == "PUT" and "name" in body:
                renamed = self.here.call(other, path=record, json={**body, "name": f"N {self._next()}"})
                assert renamed.status == 200, renamed.body
        for other in self.here.operations:
            if one.fullmatch(other.path) and other.method == "DELETE":
                self.here.call(other, path=record)

    def _next(self) -> int:
        self._count += 1
        return self._count


@pytest.mark.parametrize("corpus", [SOME, pytest.param([*STORED_EXACTLY, *REFUSED], marks=pytest.mark.torture)], ids=["some", "all"])
def test_t41_every_text_field_keeps_a_text_exactly_or_refuses_it(here: World, dsn: str, corpus: list[str]) -> None:
    """Round trips through the database: what was written is read from the answer, and again from the record."""
    done = Tour(here, dsn).round(corpus)
    assert done.findings == []
    assert done.places > 250
    assert done.sent == len(corpus) * done.places
    assert done.kept > 2.5 * done.places


def test_t41_the_notes_about_a_client_take_the_whole_corpus(here: World, dsn: str) -> None:
    """What is storable is stored, not merely refused: their length is the only rule for them, and the corpus keeps it."""
    done = Tour(here, dsn).round(STORED_EXACTLY, "clients_update_client notes")
    assert done.findings == []
    assert done.kept == len(STORED_EXACTLY) >= 190


# What breaks it ------------------------------------------------------------------------------------------------------


def _changing(change: Callable[[str], str]) -> Callable[..., str]:
    real = String._deserialize

    def changed(self: String, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        return change(real(self, value, attr, data, **kwargs))

    return changed


def _as_it_comes(_: String, value: Any, *__: Any, **___: Any) -> str:
    return str(value)


FAULTS: dict[str, Callable[..., str]] = {
    "trimmed": _changing(str.strip),
    "composed": _changing(lambda text: unicodedata.normalize("NFC", text)),
    "compatible": _changing(lambda text: unicodedata.normalize("NFKC", text)),
    "without the invisible": _changing(lambda text: "".join(each for each in text if unicodedata.category(each) != "Cf")),
    "one kind of line end": _changing(lambda text: text.replace("\r\n", "\n")),
    "the plane of 16 bits": _changing(lambda text: "".join(each if ord(each) < 0x10000 else "\ufffd" for each in text)),
    "escaped": _changing(html.escape),
}


# What an account is made with is lines, which have no ends inside.
NOTICED = [
    (name, fault)
    for name in ("clients_update_note", "clients_create_notes", "accounts_create_account")
    for fault in FAULTS
    if (name, fault) != ("accounts_create_account", "one kind of line end")
]


@pytest.mark.parametrize(("name", "fault"), NOTICED)
def test_t41_a_text_that_is_changed_on_its_way_is_noticed(here: World, dsn: str, monkeypatch: pytest.MonkeyPatch, name: str, fault: str) -> None:
    monkeypatch.setattr(String, "_deserialize", FAULTS[fault])
    assert any("reads back as" in each for each in Tour(here, dsn).round(SOME, name).findings)


@pytest.mark.parametrize("name", ["clients_update_note", "clients_create_notes", "bookings_update_service"])
def test_t41_nul_and_lone_surrogates_that_nobody_stops_are_noticed(here: World, dsn: str, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Neither the reader of bodies nor the field, one of which suffices."""
    monkeypatch.setattr(inputs, "parse_json", lambda raw, *_, **__: json.loads(raw))
    assert Tour(here, dsn).round(SOME, name).findings == []
    monkeypatch.setattr(String, "_deserialize", _as_it_comes)
    assert len(Tour(here, dsn).round(REFUSED, name).findings) >= len(REFUSED)


def test_t41_a_text_that_is_refused_without_a_rule_is_noticed(here: World, dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "_encodable", str.isascii)
    assert any("is allowed, and was refused" in each for each in Tour(here, dsn).round(SOME, "clients_update_note").findings)


def named(here: World, name: str) -> Documented:
    return next(each for each in here.operations if str(each) == name)


# Addresses -----------------------------------------------------------------------------------------------------------


def test_t41_an_address_that_looks_the_same_is_taken(local: Api) -> None:
    assert twins(local) == []


def twins(api: Api) -> list[str]:
    """The second accounts that an address got, by its other spellings."""
    name, found = f"ana{time.time_ns()}", []
    api.signup(email=f"{name}@example.com")
    for twin in (name.upper(), name.replace("a", "ａ"), name.replace("a", "ᵃ"), name.title()):
        body = {"email": f"{twin}@Example.com", "password": PASSWORD, "full_name": "x", "consents": {"terms": True, "privacy": True}}
        if (status := api.post("/auth/signup", json=body).status) != 409:
            found.append(f"{twin}: {status}")
    return found


@pytest.mark.parametrize("form", [str.casefold, str.strip], ids=["letters of any width", "letters of any case"])
def test_t41_addresses_of_another_form_are_noticed(local: Api, monkeypatch: pytest.MonkeyPatch, form: Callable[[str], str]) -> None:
    monkeypatch.setattr(texts, "normalise_email", form)
    assert any(each.endswith(": 201") for each in twins(local))


@pytest.fixture
def here(local: Api, gateway: Gateway, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> World:
    """Where the calendars of strangers are all there, and empty."""
    empty = OutboundReply(200, {"content-type": "text/calendar"}, b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//a//b//EN\r\nEND:VCALENDAR\r\n")
    monkeypatch.setattr(PublicHttp, "request", lambda *_, **__: empty)
    return world(local, settings)


@pytest.fixture
def dsn(settings: Settings, cluster: Cluster) -> str:
    return cluster.server.dsn("postgres", str(conninfo_to_dict(settings.database_url or "")["dbname"]))
