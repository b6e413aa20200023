"""The machine of these tests is made ready before anything here is collected."""

from tests.support.developers import prepare

prepare()
