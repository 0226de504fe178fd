"""What the workflow must know of a stage of the learned methods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from clearice.config.base import Settings


@dataclass(frozen=True)
class Stage:
    """A stage. The module ``config/stages/<stage>.py`` holds one as ``STAGE``.

    Attributes
    ----------
    section
        Model of the section of the config that has the stage's name.
    settings
        Model of what its step takes: the section, and what it shares with others.
    general
        A section that holds the settings the stage's own does not name; empty for none.
    before
        Stages whose files it reads.
    borrowed
        Settings of `settings` that stand in another section: name of the setting -> that stage, or that section
        of the config.
    """

    section: type[Settings]
    settings: type[Settings]
    general: str = ""
    before: tuple[str, ...] = ()
    borrowed: Mapping[str, str] = field(default_factory=dict)
