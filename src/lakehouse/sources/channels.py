"""The channels of campaigns by their names. What follows from one is its module in `export/channels/`, which has its name."""

from typing import Literal, get_args

ChannelName = Literal["email", "push"]
CHANNELS: tuple[ChannelName, ...] = get_args(ChannelName)
EMAIL, PUSH = CHANNELS[:2]
