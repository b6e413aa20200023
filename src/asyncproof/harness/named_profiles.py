"""A profile that comes with the program, by its name, or one of the user's, by its path."""

from pathlib import Path


class NoSuchProfileError(Exception):
    """There is neither; the message names those that come with the program."""


def named_profile(name_or_path: str, folder: Path) -> tuple[Path, str]:
    """The file and its text: ``NAME.toml`` in the folder, else the file at this path.

    Raises:
        NoSuchProfileError: it cannot be read, or is no text in UTF-8.
    """
    shipped = folder / f"{name_or_path}.toml"
    path = shipped if shipped.is_file() else Path(name_or_path)
    try:
        return path, path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        names = ", ".join(names_in(folder))
        message = f"there is no profile {name_or_path}; use a TOML file, or one of: {names}"
        raise NoSuchProfileError(message) from error


def names_in(folder: Path) -> list[str]:
    """The names that come with the program."""
    return sorted(file.stem for file in folder.glob("*.toml"))
