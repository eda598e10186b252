"""Settings of the hub: environment variables `RENLING_*`, or a `.env` file in the checkout."""

from datetime import timedelta
from pathlib import Path

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.addresses import parse_networks
from domain.errors import BadInput
from domain.language import Language
from schema.limits import Introspection, QueryLimits
from server.rates import read_rate

QUERY = QueryLimits()


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
    embedded_java_options: str = Field(default="", description="as on a command line")
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
    oidc_client_id: str | None = Field(
        default=None, description="as whom the sign-in page is known at the issuer; unset: no page"
    )
    oidc_client_secret: SecretStr = SecretStr("")
    public_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^/?#]+/?$",
        description="the hub's address for browsers; with https its cookies are Secure",
    )
    session_minutes: int = Field(default=10, ge=1, le=60, description="until a refresh")
    session_days: int = Field(default=14, ge=1, le=90, description="of a browser's session")
    cors_origins: str = Field(
        default="", description="origins whose pages may use the hub, with commas"
    )
    max_body_bytes: int = Field(default=1_000_000, ge=1_000, description="of a request's body")
    body_seconds: float = Field(default=20.0, gt=0, description="in which a body has to arrive")
    max_characters: int = Field(default=QUERY.characters, ge=1, description="of a document")
    max_tokens: int = Field(default=QUERY.tokens, ge=1, description="of a document")
    max_values: int = Field(default=QUERY.values, ge=1, description="in the variables of a request")
    max_depth: int = Field(default=QUERY.depth, ge=1, description="fields within fields")
    max_selections: int = Field(
        default=QUERY.selections, ge=1, description="fields and fragments of an operation"
    )
    max_root_fields: int = Field(default=QUERY.root_fields, ge=1, description="of a query")
    max_aliases: int = Field(default=QUERY.aliases, ge=0, description="of an operation")
    max_directives: int = Field(default=QUERY.directives, ge=0, description="of an operation")
    max_mutations: int = Field(default=QUERY.mutations, ge=1, description="of one request")
    max_cost: int = Field(
        default=QUERY.cost, ge=1, description="nodes that the pages within pages may come to"
    )
    statement_seconds: float = Field(default=30.0, gt=0, description="of one read of the graph")
    engine_patience_seconds: float = Field(
        default=3.0, gt=0, description="until an engine that does not answer counts as gone"
    )
    rate_per_account: str = Field(default="6000/minute", description="requests; or off")
    rate_per_token: str = Field(default="6000/minute", description="requests; or off")
    rate_per_address: str = Field(
        default="1200/minute", description="requests of callers who are not signed in; or off"
    )
    trusted_proxies: str = Field(
        default="127.0.0.1", description="whose X-Forwarded-For is believed, separated by commas"
    )
    requests_at_once: int = Field(default=64, ge=1, description="that are worked on")
    requests_waiting: int = Field(default=64, ge=0, description="that wait for their turn")
    waiting_seconds: float = Field(default=2.0, gt=0, description="that one waits at most")
    keep_alive_seconds: int = Field(
        default=75, ge=1, description="that an idle connection stays open: longer than proxies wait"
    )
    connections_per_caller: int = Field(default=20, ge=1, description="that stay open")
    subscriptions_per_caller: int = Field(default=100, ge=1)
    metrics_host: str = "127.0.0.1"
    metrics_port: int | None = Field(
        default=None, ge=1, le=65535, description="for Prometheus, beside the hub's own port"
    )
    metrics_token: SecretStr | None = Field(
        default=None, description="opens /metrics on the hub's own port to who sends it"
    )
    otlp_endpoint: str | None = Field(
        default=None, description="where traces go, as in http://127.0.0.1:4318/v1/traces"
    )
    trace_share: float = Field(default=1.0, ge=0, le=1, description="of requests that are traced")
    files: str | None = Field(
        default=None, description="s3://BUCKET/PREFIX for files; unset: in the data directory"
    )
    file_max_bytes: int = Field(default=20_000_000, ge=1, description="of an uploaded file")
    file_seconds: float = Field(default=120.0, gt=0, description="in which a file has to arrive")
    file_quota_bytes: int = Field(
        default=200_000_000, ge=1, description="that an account uploads and does not attach"
    )
    file_hours: int = Field(default=24, ge=0, description="until such a file is forgotten")
    webhook_key: SecretStr | None = Field(
        default=None,
        description="seals the secrets of webhooks, at least 32 characters, older ones on further "
        "lines; unset: keys in the data directory",
    )
    webhook_networks: str = Field(
        default="",
        description="networks that webhooks may go to although private, and by http; with commas",
    )
    webhook_seconds: float = Field(default=15.0, gt=0, le=120, description="of an attempt")
    webhook_retry_seconds: float = Field(
        default=5.0, gt=0, description="until a failed delivery is tried again for the first time"
    )
    webhook_days: float = Field(
        default=5.0, gt=0, description="without success after which a webhook is given up"
    )
    webhooks_per_account: int = Field(default=10, ge=0)
    matching_workers: str = Field(
        default="0",
        pattern=r"^(\d{1,3}|(tcp|tls|ws|wss)://\S+)$",
        description="processes that solve the parts of a plan, 0 for the hub's own; or the address "
        "of a Dask scheduler, as in tcp://scheduler:8786",
    )
    matching_lease_seconds: float = Field(
        default=15.0, ge=1, description="that a hub may be silent until another takes its run over"
    )
    introspection: str = Field(
        default="SIGNED_IN", description="EVERYONE, SIGNED_IN, NOBODY, or roles as in ADMIN,APP"
    )
    trusted_documents: Path | None = Field(
        default=None, description="file of the only documents that are run"
    )
    claim_hours: int = Field(default=72, ge=1, description="until an unanswered claim expires")
    open_claims_per_agent: int = Field(default=50, ge=1)
    sweep_seconds: int = Field(default=60, ge=1, description="between sweeps for expired claims")

    @property
    def token_lifetime(self) -> timedelta:
        """How long a token is good for."""
        return timedelta(hours=self.token_hours)

    @property
    def query_limits(self) -> QueryLimits:
        """How much a document may ask for."""
        return QueryLimits(
            characters=self.max_characters,
            tokens=self.max_tokens,
            values=self.max_values,
            depth=self.max_depth,
            selections=self.max_selections,
            root_fields=self.max_root_fields,
            aliases=self.max_aliases,
            directives=self.max_directives,
            mutations=self.max_mutations,
            cost=self.max_cost,
        )

    @field_validator("rate_per_account", "rate_per_token", "rate_per_address")
    @classmethod
    def _rate(cls, value: str) -> str:
        try:
            read_rate(value)
        except ValueError as problem:
            raise ValueError("expected N/second, N/minute, N/hour or off") from problem
        return value

    @field_validator("webhook_networks")
    @classmethod
    def _networks(cls, value: str) -> str:
        try:
            parse_networks(value)
        except ValueError as problem:
            raise ValueError("expected networks, as in 10.1.0.0/16, ::1/128") from problem
        return value

    @field_validator("introspection")
    @classmethod
    def _introspection(cls, value: str) -> str:
        try:
            Introspection.read(value)
        except BadInput as problem:
            raise ValueError(str(problem.details["expected"])) from problem
        return value
