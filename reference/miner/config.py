"""A settings file: YAML with the names of the settings."""

from pathlib import Path

import yaml

from reference.miner.settings import SettingsError


def from_file(path: Path) -> dict[str, object]:
    """The settings in a YAML file. Raises SettingsError."""
    try:
        found = yaml.safe_load(path.read_text())
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        why = " ".join(str(error).split())
        raise SettingsError(f"{path} cannot be read as YAML: {why}") from error
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise SettingsError(f"{path} must contain names and values, as in `workers: 2`")
    return {str(name): value for name, value in found.items()}
