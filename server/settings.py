"""Settings of the hub: environment variables `RENLING_*`, or a `.env` file in the checkout."""

from datetime import timedelta
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.language import Language


class Settings(BaseSettings):
    """All settings, each with the variable `RENLING_` + its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="RENLING_", env_file=".env", extra="ignore")

    neo4j_uri: str | None = Field(
        default=None, description="bolt:// or neo4j:// address; unset: the embedded engine"
    )
    neo4j_user: str = "neo4j"
    neo4j_password: SecretStr = SecretStr("")
    neo4j_database: str = "neo4j"
    data_directory: Path = Field(
        default=Path(".renling"), description="embedded engine, signing key, logs"
    )
    embedded_database: str = "renling"
    embedded_port: int = Field(default=0, ge=0, le=65535, description="0 takes a free one")
    embedded_memory_megabytes: int = Field(default=1024, ge=256)
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535, description="0 takes a free one")
    language: Language = Language.ZH
    token_secret: SecretStr | None = Field(
        default=None,
        description="signs tokens, at least 32 characters, older ones on further lines; "
        "unset: keys in the data directory",
    )
    token_audience: str = Field(
        default="renling", min_length=1, description="for whom the hub's own tokens are"
    )
    token_hours: int = Field(default=24 * 7, ge=1, le=24 * 366)
    oidc_issuer: str | None = Field(
        default=None, description="address of the OpenID Connect issuer; unset: own tokens only"
    )
    oidc_audience: str | None = Field(
        default=None, description="what the `aud` of the issuer's tokens has to be"
    )
    oidc_refresh_seconds: int = Field(default=300, ge=1, description="between looks at its keys")
    oidc_refetch_seconds: int = Field(
        default=30, ge=1, description="at least between two requests for its keys"
    )
    oidc_stale_seconds: int = Field(
        default=6 * 3600, ge=1, description="how long its keys are good while it does not answer"
    )
    oidc_leeway_seconds: int = Field(default=30, ge=0, le=300, description="between clocks")
    max_body_bytes: int = Field(default=1_000_000, ge=1_000)
    statement_seconds: float = Field(default=30.0, gt=0)
    claim_hours: int = Field(default=72, ge=1, description="until an unanswered claim expires")
    open_claims_per_agent: int = Field(default=50, ge=1)
    sweep_seconds: int = Field(default=60, ge=1, description="between sweeps for expired claims")

    @property
    def token_lifetime(self) -> timedelta:
        """How long a token is good for."""
        return timedelta(hours=self.token_hours)
