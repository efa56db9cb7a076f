"""Tests that go as deep as Python lets them."""

import gc

import pytest


@pytest.fixture
def room_below() -> None:
    """Nothing of earlier tests is left to be ended.

    The collector may run at the very depth that a test provokes; whatever it ends
    there can call nothing any more, and the test would fail for another one's leavings.
    """
    gc.collect()
