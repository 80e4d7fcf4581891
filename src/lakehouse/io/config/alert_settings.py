"""The settings of one sink of alerts: where they go and in which shape. Addresses and keys are references, never values."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

PAGERDUTY = "https://events.pagerduty.com/v2/enqueue"
REFERENCE = r"^(env|file):.+$"


class LogSink(BaseModel):
    """The run's own log."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["log"]

    @property
    def name(self) -> str:
        return "log"

    @property
    def secrets(self) -> tuple[str, ...]:
        return ()


class WebhookSink(BaseModel):
    """One POST per event. The address of a webhook lets anybody write to it, so it is a secret."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["webhook"]
    shape: Literal["generic", "slack", "pagerduty"] = "generic"
    url: str | None = Field(default=None, pattern=REFERENCE)
    routing_key: str | None = Field(default=None, pattern=REFERENCE)

    @property
    def name(self) -> str:
        return self.shape if self.shape != "generic" else "webhook"

    @property
    def secrets(self) -> tuple[str, ...]:
        """The references that must be there when an alert is sent."""
        return tuple(reference for reference in (self.url, self.routing_key) if reference)

    @model_validator(mode="after")
    def _has_what_its_shape_needs(self) -> "WebhookSink":
        if self.shape == "pagerduty" and self.routing_key is None:
            raise ValueError("routing_key must be set: the integration key of an Events API v2 integration")
        if self.shape != "pagerduty" and self.routing_key is not None:
            raise ValueError("routing_key is for the shape pagerduty only")
        if self.shape != "pagerduty" and self.url is None:
            raise ValueError("url must be set, as env:NAME or file:PATH")
        return self


AlertSink = Annotated[LogSink | WebhookSink, Field(discriminator="kind")]
