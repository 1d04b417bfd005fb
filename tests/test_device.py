"""Which card a job takes; the cards are invented, their locks are real."""

import fcntl
import multiprocessing
import os

import pytest
import torch

from scenessl.models import device
from scenessl.models.device import choose_device


@pytest.fixture
def cards(monkeypatch, tmp_path):
    """A machine with three cards on which nothing runs; gives the cards that were set."""
    chosen = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 3)
    monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
    monkeypatch.setattr(device, "_lock_file", lambda card: tmp_path / f"{card}.lock")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    device._card.cache_clear()
    yield chosen
    device._card.cache_clear()


@pytest.fixture
def hold(tmp_path):
    """Takes a card as another process would."""
    files = []

    def hold(card):
        files.append(open(tmp_path / f"{card}.lock", "w", encoding="utf-8"))  # noqa: SIM115 - closed below
        fcntl.flock(files[-1], fcntl.LOCK_EX | fcntl.LOCK_NB)

    yield hold
    for file in files:
        file.close()


@pytest.mark.parametrize("name", ["auto", "cuda"])
def test_a_job_takes_the_first_free_card_and_keeps_it(cards, hold, name):
    hold(0)
    assert choose_device(name) == choose_device(name) == torch.device("cuda", 1)
    assert set(cards) == {1}
    with pytest.raises(BlockingIOError):
        hold(1)


def test_a_card_is_free_again_when_its_job_has_ended(cards):
    def work(answer):
        answer.put(choose_device("cuda").index)

    context, taken = multiprocessing.get_context("fork"), []
    for _ in range(2):
        answer = context.Queue()
        process = context.Process(target=work, args=(answer,))
        process.start()
        taken.append(answer.get(timeout=60))
        process.join()
    assert taken == [0, 0]


def test_more_jobs_than_cards_share_them(cards, hold):
    for card in range(3):
        hold(card)
    assert choose_device("cuda").index == os.getpid() % 3


def test_what_a_cluster_grants_is_taken_without_a_lock(cards, hold, monkeypatch, tmp_path):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2")
    assert choose_device("cuda") == torch.device("cuda") and not cards
    assert not list(tmp_path.iterdir())


def test_no_card_no_lock(monkeypatch, tmp_path):
    monkeypatch.setattr(device, "_lock_file", pytest.fail)
    assert choose_device("cpu") == torch.device("cpu")
