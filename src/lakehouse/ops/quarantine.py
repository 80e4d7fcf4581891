"""Tables of `quarantine`: after what identifies the record each of their rows says why it was set apart, and by which run.

A row of a table that was built stands there with all its columns, since mending a rule may bring it back. Of a file's record only
the place in the file does: the record itself is in the file, which is kept.
"""

from lakehouse.table import STRING, Column

REASON = Column("reason", STRING, "why, for people; of a row that was built the names of the rules that it breaks, with commas between")
RUN_ID = Column("run_id", STRING, "id of the run that set it apart")
# Between the names of two rules.
COMMA = ", "


def quarantine_of(name: str) -> str:
    """The table with what was set apart of the table or the feed of this name."""
    return f"quarantine.{name.replace('.', '__')}"
