"""Who is held out, so that what campaigns earn can be told: by a campaign's file, or by the settings from all campaigns."""

from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field


class HoldOut(BaseModel):
    """A share of all persons gets nothing. Another salt chooses other persons."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    share: Decimal = Field(gt=0, lt=1, decimal_places=4)
    salt: str = Field(min_length=8)
