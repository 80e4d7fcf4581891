"""What a reader that is older than the code may not see is told, and stops nothing."""

from tests.support.runs import settings_in

from lakehouse.sources.woocommerce import TABLES
from lakehouse.sources.woocommerce.products import PROTECTED_POSTS
from lakehouse.sources.woocommerce.stores import HPOS
from lakehouse.stages.ingest import alarms_of_rights
from lakehouse.stages.ingest_shop.shop_source import ShopSource, missing_rights


def test_the_right_to_know_of_passwords_is_asked_for_once_a_shop(tmp_path) -> None:  # type: ignore[no-untyped-def]
    shop = settings_in(tmp_path).shops["nl"]
    whole = tuple(table for table in TABLES if not table.root and not table.network_wide)
    without = tuple(table for table in whole if table is not PROTECTED_POSTS)
    granted, older = (ShopSource("nl", shop, HPOS, False, "10.0", ".", others, {}) for others in (whole, without))
    told = "which is a product behind a password can't be told: the reader has no right to see that"
    assert (missing_rights(granted), missing_rights(older)) == ([], [told])
    (alarm,) = alarms_of_rights(older)
    assert (alarm.key, alarm.severity, alarm.is_standing, alarm.title) == ("shop:nl:rights", "warning", True, f"shop nl: {told}")
    assert "lakehouse grants nl" in alarm.todo
    assert list(alarms_of_rights(granted)) == []
