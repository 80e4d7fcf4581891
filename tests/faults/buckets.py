"""A night whose lake, vault and exports are in buckets behind a network that has a bad day; a plain one after it mends everything."""

import shutil
import time

from tests.faults.compare import differences
from tests.faults.site import Night, Site, Start
from tests.support.buckets import LEASE_SECONDS, Buckets
from tests.support.s3_proxy import Fault, S3Proxy
from tests.support.s3_server import s3_server

# Done all the same; the bucket is away; the run lost its lock, or met its own that it could not give back.
ENDS = (0, 69, 75)


def bucket_breaks(site: Site, start: Start, where: str) -> tuple[Night, list[str]]:
    """`where`: fault:after:victims, in requests. The buckets begin as the site's folders are, and end in them."""
    fault, after, victims = where.split(":")
    faults: dict[str, Fault] = {"unavailable": "unavailable", "lost": "lost", "truncated": "truncated", "slow": "slow"}
    with s3_server() as address, S3Proxy(address) as proxy:
        buckets = Buckets(address)
        buckets.fill(site.work)
        proxy.fail(faults[fault], int(after), int(victims))
        night = site.night(start, **buckets.environment(proxy.address))
        problems = [] if night.code in ENDS else [f"ended with {night.code}, not {ENDS}: {night.last_line}"]
        problems += [] if proxy.victims else [f"the fault was never met in {proxy.requests} requests"]
        shutil.rmtree(site.work / "tmp", ignore_errors=True)
        if night.code != 0:
            time.sleep(LEASE_SECONDS + 3)
        plain = site.night(start, **buckets.environment())
        if plain.code != 0:
            return night, [*problems, f"the plain night after it ended with {plain.code}: {plain.last_line}"]
        buckets.bring_back(site.work)
    return night, problems + differences(site.work, site.reference(start))
