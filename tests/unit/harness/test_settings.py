"""Settings: every variable has its default, its reader, and an error that names the cure."""

import pytest

from asyncproof.settings import SettingError, Settings, misspelt, variable


def test_the_defaults_are_the_documented_ones() -> None:
    shown = Settings.from_environ({}).described()
    expected = {
        "ASYNC_MINER_URL": "http://localhost:8091",
        "ASYNC_CALLBACK_BASE_URL": "http://127.0.0.1:8092",
        "ASYNC_CALLBACK_BIND_HOST": "",
        "ASYNC_USE_EXTERNAL_CALLBACK": "False",
        "STRESS_TEST_CONCURRENT": "10",
        "STRESS_TEST_SEQUENTIAL": "5",
        "STRESS_TEST_TWINS": "3",
        "ASYNC_POLL_INTERVAL": "0.5",
        "ASYNC_JOB_TIMEOUT": "240.0",
        "ASYNC_STEP_TIMEOUT": "600.0",
        "ASYNC_CALLBACK_TIMEOUT": "30.0",
        "ASYNC_IMAGE_SIZE": "1024x1024",
        "ASYNC_TEST_LORAS": "",
        "ASYNC_RUN_SEED": "",
    }
    assert expected.items() <= shown.items()
    assert Settings().callback_secret == "test-secret"


def test_the_secret_is_never_shown() -> None:
    settings = Settings.from_environ({"ASYNC_CALLBACK_SECRET": "hunter2"})
    assert settings.callback_secret == "hunter2"
    assert "hunter2" not in str(settings.described())


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("ASYNC_MINER_URL", "localhost:8091", "a url such as http://localhost:8091, or the word"),
        ("ASYNC_MINER_URL", "http://", "a url such as"),
        ("ASYNC_MINER_URL", "http://host:port", "a url such as"),
        ("ASYNC_MINER_URL", "http://host:0", "a url such as"),
        ("ASYNC_CALLBACK_BASE_URL", "ftp://x", "a url such as"),
        ("ASYNC_POLL_INTERVAL", "soon", "a number of seconds from 0.01 to 3600"),
        ("ASYNC_POLL_INTERVAL", "0", "a number of seconds from 0.01 to 3600"),
        ("ASYNC_POLL_INTERVAL", "nan", "a number of seconds from 0.01 to 3600"),
        ("STRESS_TEST_CONCURRENT", "-1", "a whole number from 1 to 100000"),
        ("STRESS_TEST_CONCURRENT", "ten", "a whole number from 1 to 100000"),
        ("ASYNC_USE_EXTERNAL_CALLBACK", "perhaps", "1, true or yes"),
        ("ASYNC_IMAGE_SIZE", "1024", "WIDTHxHEIGHT"),
        ("ASYNC_SMALL_SIZE", "small", "WIDTHxHEIGHT"),
        ("ASYNC_ENDPOINT", "vid\teo", "printable text"),
    ],
)
def test_an_unusable_value_is_refused_with_its_name_and_what_is_allowed(
    name: str, value: str, allowed: str
) -> None:
    with pytest.raises(SettingError) as refused:
        Settings.from_environ({name: value})
    message = str(refused.value)
    assert message.startswith(f"{name}={value!r} is invalid: expected ")
    assert allowed in message


@pytest.mark.parametrize("word", ["1", "true", "yes", "TRUE"])
def test_switches_are_on(word: str) -> None:
    assert Settings.from_environ({"ASYNC_USE_EXTERNAL_CALLBACK": word}).external_callback


@pytest.mark.parametrize("word", ["", "0", "no", "false"])
def test_switches_are_off(word: str) -> None:
    assert not Settings.from_environ({"ASYNC_USE_EXTERNAL_CALLBACK": word}).external_callback


def test_flags_go_before_the_environment_and_that_before_defaults() -> None:
    environ = {"ASYNC_STEPS": "7", "ASYNC_RUN_SEED": "1"}
    defaults = {"ASYNC_STEPS": "5", "ASYNC_CALLBACK_BIND_HOST": "0.0.0.0"}
    settings = Settings.from_environ(environ, defaults).override_variables({"ASYNC_RUN_SEED": "9"})
    assert (settings.inference_steps, settings.run_seed) == (7, 9)
    assert settings.callback_bind_host == "0.0.0.0"
    assert settings.given == {"inference_steps", "run_seed"}


def test_an_unknown_variable_is_named() -> None:
    with pytest.raises(SettingError, match="ASYNC_MINER='x' is invalid: expected one of ASYNC_"):
        Settings().override_variables({"ASYNC_MINER": "x"})


def test_a_trailing_slash_does_not_matter() -> None:
    assert Settings.from_environ({"ASYNC_MINER_URL": "http://h:1/"}).miner_url == "http://h:1"


def test_each_field_knows_its_variable() -> None:
    assert variable("concurrent_jobs") == "STRESS_TEST_CONCURRENT"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("STRESS_TEST_CONCURENT", "STRESS_TEST_CONCURRENT"),
        ("ASYNC_JOB_TIMOUT", "ASYNC_JOB_TIMEOUT"),
        ("ASYNC_SOMETHING_OF_ANOTHER_PROGRAM", ""),
        ("STRESS_TEST_CONCURRENT", ""),
        ("CONCURRENT", ""),
    ],
)
def test_a_variable_that_is_nearly_a_setting_is_told(name: str, meant: str) -> None:
    told = list(misspelt({name: "5"}))
    assert told == ([f"{name} is set and is not a setting; did you mean {meant}?"] if meant else [])
