"""Pages of Data Docs without the internet: what they would fetch from elsewhere goes, and a few lines of style stand in for it."""

import re
from pathlib import Path

# Scripts that remain would need those that are gone.
FETCHED = re.compile(
    r"""<script\b.*?</script>|<(?:link|img)\b[^>]*?(?:href|src)="(?:https?:)?//[^>]*>"""
    r"""|<link\b[^>]*favicon[^>]*>|url\(['"]?https?:[^)]*\)""",
    re.DOTALL,
)
STYLE = """<style>
body {font-family: sans-serif; margin: 1em 2em}
table {border-collapse: collapse; margin: .5em 0}
td, th {border: 1px solid #ccc; padding: .2em .6em; text-align: left; vertical-align: top}
.card:not(.collapse), .modal, .navbar-toggler {display: none}
.fa-check-circle::before {content: "true"}
.fa-times::before {content: "not true"}
.fa-exclamation-triangle::before {content: "could not be told"}
.badge {border: 1px solid #888; border-radius: .3em; padding: 0 .3em}
.collapse {margin-left: 1em}
</style>"""


def make_offline(folder: Path) -> None:
    """All pages and styles below the folder."""
    for page in folder.rglob("*.html"):
        page.write_text(offline(page.read_text(encoding="utf-8")), encoding="utf-8")
    for styles in folder.rglob("*.css"):
        styles.write_text(FETCHED.sub("none", styles.read_text(encoding="utf-8")), encoding="utf-8")


def offline(html: str) -> str:
    """The page without what it fetches from other hosts. Links to them stay; what only scripts show does not."""
    head, end, body = FETCHED.sub("", html).partition("</head>")
    return head + STYLE + end + body
