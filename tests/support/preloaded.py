"""What forked processes need: imported once, by the process that they are forked from.

The suite and the reference miner still do not know each other: each process runs one of them.
"""

import encodings.idna
import gc
import importlib
import inspect
import tomllib

import _pytest.config
import aiohttp.web
import numpy.ma
import packaging.version
import PIL.Image

import asyncproof.cli.explain
import asyncproof.cli.recheck
import asyncproof.cli.run
import asyncproof.cli.stalls
import asyncproof.cli.watch
import asyncproof.pytest_plugin
import asyncproof.run.fixtures
import asyncproof.run.pytest_session
import asyncproof.worker.cli
import reference.miner.cli
import reference.miner.server
import reference.miner.worker
from asyncproof.reports.html.page import TEMPLATES, environment, page

__all__ = [
    "aiohttp",
    "asyncproof",
    "encodings",
    "numpy",
    "packaging",
    "reference",
    "tomllib",
]

for plugin in ("pytest_timeout", *(f"_pytest.{name}" for name in _pytest.config.default_plugins)):
    importlib.import_module(plugin)
PIL.Image.init()
for template in TEMPLATES.glob("*.j2"):
    environment().get_template(template.name)  # compiled once
inspect.getmodule(page.__code__)  # it looks through all modules, as pytest does at a failure
gc.collect()
gc.freeze()  # pytest collects garbage five times as it ends: not through all of this again
