"""What a database says of its clock and of its user's rights."""

from datetime import UTC, datetime, timedelta

from lakehouse.inspect.doctor.shop import clock_note, rights_notes

NOW = datetime(2026, 11, 18, 2, 30, tzinfo=UTC)


def test_a_clock_that_differs_by_more_than_seconds_is_told_with_its_side() -> None:
    (behind,) = clock_note(NOW - timedelta(seconds=94), NOW)
    assert "94 s behind this machine's" in behind and "NTP" in behind
    (ahead,) = clock_note(NOW + timedelta(hours=1), NOW)
    assert "3600 s ahead of this machine's" in ahead
    assert clock_note(NOW - timedelta(seconds=5), NOW) == []


def test_a_user_who_may_write_is_told_and_one_who_reads_is_not() -> None:
    reads = [
        "GRANT USAGE ON *.* TO `reader`@`%` IDENTIFIED BY PASSWORD '*00'",
        "GRANT SELECT (`id`, `status`), SELECT (`insert`) ON `shop`.`wp_wc_orders` TO `reader`@`%`",
        "GRANT SLAVE MONITOR, REPLICATION SLAVE ADMIN ON *.* TO `reader`@`%`",
        "GRANT `readers` TO `reader`@`%`",
    ]
    assert rights_notes("nl", reads) == []
    (note,) = rights_notes("nl", [*reads, "GRANT SELECT, INSERT, UPDATE (`status`) ON `shop`.* TO `reader`@`%`"])
    assert "(INSERT, UPDATE)" in note and "lakehouse grants nl" in note
    (note,) = rights_notes("nl", ["GRANT ALL PRIVILEGES ON *.* TO `root`@`%` WITH GRANT OPTION"])
    assert "ALL PRIVILEGES" in note
