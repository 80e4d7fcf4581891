"""Every channel has a module of its name, and what the house asks of one fits together."""

from typing import get_args

import pytest
from pyspark.sql import SparkSession
from tests.support.frames import frame_of

from lakehouse.export.channels.channel import channel_of
from lakehouse.export.profile import ITEM, PERSON, Profile
from lakehouse.ops.packs import REASONS
from lakehouse.silver import customers
from lakehouse.sources.channels import CHANNELS, ChannelName

ROW_KINDS = get_args(Profile.model_fields["rows"].annotation)


@pytest.mark.parametrize("name", CHANNELS)
def test_rows_and_values_of_a_channel_are_those_that_profiles_know(name: ChannelName) -> None:
    channel = channel_of(name)
    assert set(channel.row_kinds) < set(ROW_KINDS) - {"customer"}
    assert not channel.values.keys() & {*PERSON, *ITEM}


def test_no_two_channels_have_a_value_of_one_name() -> None:
    names = [value for name in CHANNELS for value in channel_of(name).values]
    assert len(names) == len(set(names))


@pytest.mark.spark
@pytest.mark.parametrize("name", CHANNELS)
def test_a_channel_reaches_people_by_the_tables_that_it_reads_and_gives_each_one_a_name(name: ChannelName, spark: SparkSession) -> None:
    channel, people = channel_of(name), frame_of(spark, customers.TABLE, [])
    tables = [frame_of(spark, table, []) for table in channel.reads]
    with_reach = channel.with_reach(people.where(channel.is_for()), *tables)
    assert set(people.columns) <= set(with_reach.columns)
    reasons = channel.reasons()
    assert set(reasons) <= set(REASONS)
    with_reach.selectExpr("*", "0 AS _place").select(*reasons.values())
    assert {"shop_code", "customer_key", "first_name"} <= set(channel.contacts(people, *tables).columns)
