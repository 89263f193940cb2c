"""T15: files lie under keys the server makes, links to them end and open one file only; disk and bucket keep one contract."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import parse_qsl, quote, urlencode, urlsplit
from uuid import UUID, uuid4

import boto3
import flask
import pytest
import requests
from moto.server import ThreadedMotoServer

from adapters.http import files, problems
from adapters.http.exchange import Answer
from adapters.http.gateway import Gateway
from adapters.local.storage import DiskStorage, SignedLinks
from adapters.s3.storage import S3Storage
from kernel.context import Current, Kind, Scope, serving
from kernel.errors import DomainError, NotFound, Unavailable
from ports.storage import LONGEST_LINK_S, Links, Storage, StorageKey

OURS, THEIRS = UUID(int=1), UUID(int=2)
TEXT = "text/plain; charset=utf-8"
HOSTILE = (
    "../../etc/passwd", "..%2f..%2fsecret.key", "%2e%2e/%2e%2e/x", "a\0b", "/etc/passwd", "．．/x", "‥/x", "..\\..\\x", "x" * 300, "", ".", "..",
    "CON", "a\r\nSet-Cookie: x=1", 'a"; filename="b', "naïve 报告.pdf", "\u202egpj.exe", "~root", "file:///etc/passwd", "ws/../../x",
)  # fmt: skip


class TestBoth:
    def test_what_was_put_is_what_comes_back_until_it_is_deleted(self, store: Store) -> None:
        key = StorageKey.new(OURS)
        store.storage.put(key, b"\x00one\xff", content_type=TEXT)
        store.storage.put(key, b"two", content_type=TEXT)
        found = store.storage.get(key)
        assert (found.content, found.content_type) == (b"two", TEXT)
        store.storage.delete(key)
        store.storage.delete(key)
        with pytest.raises(NotFound):
            store.storage.get(key)

    def test_one_workspaces_key_does_not_open_anothers_file(self, store: Store) -> None:
        key = StorageKey.new(OURS)
        store.storage.put(key, b"ours", content_type=TEXT)
        with pytest.raises(NotFound):
            store.storage.get(StorageKey(THEIRS, key.id))

    def test_500_hostile_names_change_no_key_and_no_header(self, store: Store) -> None:
        key = StorageKey.new(OURS)
        store.storage.put(key, b"harmless", content_type=TEXT)
        for name in hostile(500):
            link = store.links.download(key, name=name, content_type="application/pdf")
            assert urlsplit(link).path.endswith(f"{OURS}/{key.id}")
            got = store.follow("GET", link)
            assert (got.status, got.body) == (200, b"harmless")
            assert "Set-Cookie" not in got.headers
            shown = got.headers["Content-Disposition"]
            assert shown.startswith("attachment; filename=")
            assert shown.count('"') == 2
        assert store.strays() == 0

    def test_no_call_happens_inside_a_transaction(self, store: Store) -> None:
        inside = Current(Scope(Kind.PUBLIC, "r"), object(), object(), object())  # type: ignore[arg-type]
        with serving(inside), pytest.raises(RuntimeError, match="inside a transaction"):
            store.storage.put(StorageKey.new(OURS), b"", content_type=TEXT)

    @pytest.mark.parametrize("lifetime_s", [0, -1, LONGEST_LINK_S + 1])
    def test_no_link_lives_for_ever(self, store: Store, lifetime_s: int) -> None:
        with pytest.raises(ValueError, match="a link lives"):
            store.links.download(StorageKey.new(OURS), name="x", content_type=TEXT, lifetime_s=lifetime_s)


class TestDisk:
    def test_a_link_downloads_and_cannot_be_turned_into_another(self, disk: Store) -> None:
        key, other = StorageKey.new(OURS), StorageKey.new(THEIRS)
        for each in (key, other):
            disk.storage.put(each, b"content", content_type=TEXT)
        link = disk.links.download(key, name="plan.pdf", content_type="application/pdf")
        assert disk.follow("GET", link).headers["Content-Type"] == "application/pdf"
        turned = [
            link.replace(str(key.id), str(other.id)).replace(str(OURS), str(THEIRS)), link.replace(str(OURS), str(THEIRS)),
            link.replace("plan", "evil"), link.replace("application%2Fpdf", "text%2Fhtml"), link.split("?", maxsplit=1)[0],
            f"{link[:-1]}{'0' if link[-1] != '0' else '1'}",
        ]  # fmt: skip
        assert [disk.follow("GET", each).status for each in turned if each != link] == [403] * len(turned)
        assert disk.follow("PUT", link, b"mine now").status in (403, 404, 405)
        assert disk.storage.get(key).content == b"content"

    def test_an_upload_link_takes_what_it_says_and_nothing_else(self, disk: Store) -> None:
        key = StorageKey.new(OURS)
        link = disk.links.upload(key, content_type="image/png", size=4)
        assert disk.follow("PUT", link.url, b"GIF8", {"Content-Type": "text/html"}).status in (403, 422)
        assert disk.follow("PUT", link.url, b"\x89PNG more", link.headers).status in (403, 422)
        with pytest.raises(NotFound):
            disk.storage.get(key)
        assert disk.follow("PUT", link.url, b"\x89PNG", link.headers).status == 200
        assert disk.storage.get(key).content == b"\x89PNG"

    def test_an_ended_link_answers_403(self, disk: Store, clock: Clock) -> None:
        key = StorageKey.new(OURS)
        disk.storage.put(key, b"content", content_type=TEXT)
        link = disk.links.download(key, name="x", content_type=TEXT, lifetime_s=60)
        clock.at += timedelta(seconds=60)
        assert disk.follow("GET", link).status == 200
        clock.at += timedelta(seconds=1)
        got = disk.follow("GET", link)
        assert (got.status, got.json["code"]) == (403, "link_expired")

    @pytest.mark.parametrize("query", ["", "a", "signature=", "until=1&type=x&name=y&signature=z", "until=x&until=y&until=z&signature=0", "&&&&&&&&"])
    def test_queries_that_are_not_ours_answer_403_and_no_500(self, disk: Store, query: str) -> None:
        got = disk.follow("GET", f"http://localhost/files/{OURS}/{uuid4()}?{query}")
        assert (got.status, got.json["code"]) == (403, "invalid_link")

    def test_paths_that_are_not_two_uuids_are_not_found(self, disk: Store) -> None:
        for name in hostile(100):
            assert disk.follow("GET", f"http://localhost/files/{OURS}/{quote(name, safe='')}?x=1").status in (403, 404)

    def test_a_signature_that_leaves_something_out_is_found_out(self, tmp_path: Path, clock: Clock) -> None:
        """Seeded fault: the name and the type are not under the signature."""

        class Careless(SignedLinks):
            def _sign(self, method: str, key: StorageKey, pairs: list[tuple[str, str]]) -> str:
                return super()._sign(method, key, [pair for pair in pairs if pair[0] == "until"])

        made = _disk(tmp_path, clock, Careless)
        key = StorageKey.new(OURS)
        made.storage.put(key, b"content", content_type=TEXT)
        link = made.links.download(key, name="plan.pdf", content_type="application/pdf")
        assert made.follow("GET", link.replace("application%2Fpdf", "text%2Fhtml")).status == 200

    def test_parameters_said_twice_or_in_another_order_are_no_link(self, disk: Store) -> None:
        key = StorageKey.new(OURS)
        disk.storage.put(key, b"content", content_type=TEXT)
        parts = urlsplit(disk.links.download(key, name="x", content_type=TEXT))
        pairs = parse_qsl(parts.query)
        for wrong in ([*pairs, ("name", "y")], [pairs[1], pairs[0], *pairs[2:]], pairs[:-1]):
            assert disk.follow("GET", f"http://localhost{parts.path}?{urlencode(wrong)}").status == 403

    def test_files_are_their_owners_alone(self, tmp_path: Path) -> None:
        key = StorageKey.new(OURS)
        DiskStorage(tmp_path / "files").put(key, b"content", content_type=TEXT)
        assert {path.stat().st_mode & 0o077 for path in (tmp_path / "files").rglob("*")} == {0}


class TestBucket:
    def test_a_store_that_is_away_is_unavailable_within_seconds(self) -> None:
        gone = S3Storage(bucket="files", endpoint="http://127.0.0.1:9", region="us-east-1", access_key="k", secret_key="s")
        with pytest.raises(Unavailable):
            gone.get(StorageKey.new(OURS))

    def test_a_bucket_that_is_not_there_is_unavailable_not_missing(self, endpoint: str) -> None:
        lost = S3Storage(bucket="nowhere", endpoint=endpoint, region="us-east-1", access_key="k", secret_key="s")
        with pytest.raises(Unavailable):
            lost.get(StorageKey.new(OURS))

    def test_a_link_says_when_it_ends_under_its_signature(self, endpoint: str) -> None:
        """moto does not check signatures: that they are made, over the time, is what can be seen here."""
        bucket = S3Storage(bucket="files", endpoint=endpoint, region="us-east-1", access_key="k", secret_key="s")
        told = dict(parse_qsl(urlsplit(bucket.download(StorageKey.new(OURS), name="x", content_type=TEXT, lifetime_s=60)).query))
        assert told["X-Amz-Expires"] == "60"
        assert told["X-Amz-Algorithm"] == "AWS4-HMAC-SHA256"
        assert len(told["X-Amz-Signature"]) == 64
        sent = dict(parse_qsl(urlsplit(bucket.upload(StorageKey.new(OURS), content_type="image/png", size=4).url).query))
        assert {"content-type", "content-length", "host"} <= set(sent["X-Amz-SignedHeaders"].split(";"))


def hostile(count: int) -> list[str]:
    """The list, and what comes of joining and repeating its members."""
    chance = random.Random(15)
    made = [*HOSTILE]
    while len(made) < count:
        made.append("".join(chance.choices(HOSTILE, k=chance.randint(1, 3)))[: chance.choice((40, 300))])
    return made[:count]


@dataclass
class Store:
    """A store, its links, and whoever follows them. fast: a link costs no network."""

    storage: Storage
    links: Links
    follow: Callable[..., Answered]
    strays: Callable[[], int]
    fast: bool


@dataclass(frozen=True)
class Answered:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Clock:
    """Stands still until a test moves it."""

    at: datetime = datetime(2026, 3, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


def _disk(folder: Path, clock: Clock, links: type[SignedLinks] = SignedLinks) -> Store:
    storage = DiskStorage(folder / "files")
    signed = links(storage, b"k" * 32, clock, base="http://localhost")
    app = flask.Flask("files")
    gateway = SimpleNamespace(runner=SimpleNamespace(problem=_problem))
    files.mount(app, cast("Gateway", gateway), signed, max_bytes=1024)
    wsgi = app.wsgi_app
    app.wsgi_app = lambda environ, start: wsgi({**environ, "fitpro.request_id": "r"}, start)  # type: ignore[method-assign]
    client = app.test_client()

    def follow(method: str, url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Answered:
        got = client.open(url.removeprefix("http://localhost"), method=method, data=body, headers=dict(headers or {}), buffered=True)
        return Answered(got.status_code, dict(got.headers), got.data)

    def strays() -> int:
        return sum(path.is_file() and not path.is_relative_to(folder / "files" / str(OURS)) for path in folder.rglob("*"))

    return Store(storage, signed, follow, strays, fast=True)


def _problem(error: DomainError, request_id: str) -> Answer:
    status, sent, body = problems.render(error, request_id)
    return Answer(status, list(sent), body)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def disk(tmp_path: Path, clock: Clock) -> Store:
    return _disk(tmp_path, clock)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """A server that speaks S3, with one private bucket."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    boto3.client("s3", endpoint_url=url, region_name="us-east-1", aws_access_key_id="k", aws_secret_access_key="s").create_bucket(Bucket="files")
    yield url
    server.stop()


@pytest.fixture(params=["disk", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Store:
    if request.param == "disk":
        return _disk(tmp_path, clock)
    endpoint: str = request.getfixturevalue("endpoint")
    bucket = S3Storage(bucket="files", endpoint=endpoint, region="us-east-1", access_key="k", secret_key="s")

    def follow(method: str, url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Answered:
        got = requests.request(method, url, data=body, headers=dict(headers or {}), timeout=10)
        return Answered(got.status_code, got.headers, got.content)

    return Store(bucket, bucket, follow, lambda: 0, fast=False)
