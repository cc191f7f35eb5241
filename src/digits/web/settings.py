"""What the flags of `digits serve` say."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """`models` by name, the first is the default; `rate`: requests a second and client, 0: any;
    `allowed_hosts`: what the Host header may name, in lower case, nothing: any."""

    models: dict[str, Path]
    processes: int = 1
    token: str = ""
    rate: float = 0.0
    allowed_origins: list[str] = field(default_factory=list)
    allowed_hosts: list[str] = field(default_factory=list)
    trusted_proxies: list[str] = field(default_factory=list)
    corrections: Path | None = None
