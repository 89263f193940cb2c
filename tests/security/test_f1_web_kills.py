"""F1: kill -9 of web servers and workers under load: what was answered is there once, with its event and what the event caused."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import servers
from tests.security import web_kills
from tests.security.web_kills import Site, Verdict, killing


@pytest.mark.timeout(900)
def test_f1_what_was_answered_is_there_once_over_15_kills(site: Site) -> None:
    _hold(killing(site, kills=15), kills=15)


@pytest.mark.torture
@pytest.mark.timeout(1800)
def test_f1_what_was_answered_is_there_once_over_200_kills(site: Site) -> None:
    _hold(killing(site, kills=200), kills=200)


def test_f1_the_harness_finds_clients_that_send_again_with_a_new_key(site: Site) -> None:
    verdict = killing(site, kills=3, victims=("web process",), again="with a new key", hanging_up=0.3)
    assert any(each.startswith("client ") for each in verdict.duplicated), verdict


def test_f1_the_harness_finds_clients_that_do_not_send_again(site: Site) -> None:
    verdict = killing(site, kills=2, victims=("web master", "worker"), again="never")
    assert any(each.startswith("client ") for each in verdict.lost), verdict


def test_f1_the_harness_finds_a_listener_that_writes_in_a_transaction_of_its_own(site: Site) -> None:
    for _ in range(8):  # a kill has to meet one between its row and its end
        verdict = killing(site, kills=5, victims=("worker",), apart=True, pause_s=0.1)
        if verdict.duplicated:
            break
    assert any(each.startswith("ledger ") for each in verdict.duplicated), verdict
    assert not any(each.startswith(("client ", "event ")) for each in verdict.duplicated), verdict


def _hold(verdict: Verdict, *, kills: int) -> None:
    print(verdict)
    assert (verdict.lost, verdict.duplicated, verdict.unexpected) == (frozenset(), frozenset(), frozenset())
    assert max(verdict.recovery_s, verdict.slowest_answer_s, verdict.slowest_job_s) <= 60
    assert verdict.cut > 0, "no kill met a request: the test proved nothing"
    assert verdict.replayed > 0, "no answer was lost: the keys had nothing to do"
    assert verdict.attempts > 1, "no kill hit a running job: the test proved nothing"
    assert sum(verdict.kills.values()) == kills


@pytest.fixture(scope="module")
def site(cluster: servers.Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with web_kills.running(cluster, tmp_path_factory.mktemp("web_kills")) as made:
        yield made
