# The command `lakehouse` with Python, Java, OpenBLAS and jars, for one machine, a scheduler of containers, or the pods of Spark on Kubernetes.
#   docker build -t lakehouse .
#   docker run --rm -v lakehouse:/srv/lakehouse --env-file lakehouse.env lakehouse night --run-date 2026-11-18
# What runs write is below /srv/lakehouse; settings are variables (conf/README.md). docs/deployment.md has the rest.
FROM debian:12-slim AS base
# Versions of system packages are those of the Debian release: its security updates are wanted.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends libopenblas0-pthread openjdk-17-jre-headless procps python3 tini \
    && rm -rf /var/lib/apt/lists/*

FROM base AS build
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends python3-venv \
    && rm -rf /var/lib/apt/lists/*
# Not every builder of images gives its containers a name that resolves.
ENV SPARK_LOCAL_IP=127.0.0.1
WORKDIR /opt/lakehouse
# What changes seldom comes first: packages, then jars, then the project. Packages are compiled here, on all processors: who runs a night
# may not write there, and each process would compile what it imports. Some ship files of other versions of Python, which can't be.
COPY requirements/run.txt requirements/
RUN python3 -m venv .venv \
    && .venv/bin/python -m pip install --no-cache-dir --require-hashes --use-pep517 --no-compile -r requirements/run.txt \
    && (.venv/bin/python -m compileall -q -j 0 .venv/lib || true)
COPY jars.txt jars-s3.txt ./
COPY scripts/jars.sh scripts/aws_bundle.py scripts/
RUN scripts/jars.sh
# For a lake in buckets: --build-arg WITH_S3=yes. It downloads 630 MB and keeps 23.
ARG WITH_S3=
RUN if [ -n "$WITH_S3" ]; then scripts/jars.sh jars-s3.txt jars-s3; fi
COPY setup.cfg pyproject.toml README.md LICENSE ./
COPY conf conf
COPY jobs jobs
COPY src src
COPY scripts/class_archive.py scripts/
RUN .venv/bin/python -m pip install --no-cache-dir --no-deps --no-build-isolation -e . \
    && .venv/bin/python -m compileall -q src \
    && .venv/bin/python scripts/class_archive.py \
    && rm -rf .demo

FROM base
# The number is what Kubernetes is told (runAsUser). Spark wants a user with a name.
RUN useradd --uid 10001 --user-group --home-dir /srv/lakehouse --shell /usr/sbin/nologin lakehouse \
    && install -d -o lakehouse -g lakehouse -m 0750 /srv/lakehouse
COPY --from=build /opt/lakehouse /opt/lakehouse
COPY infra/kubernetes/executor.sh /opt/lakehouse/
ENV PATH=/opt/lakehouse/.venv/bin:$PATH \
    SPARK_HOME=/opt/lakehouse/.venv/lib/python3.11/site-packages/pyspark \
    PYTHONDONTWRITEBYTECODE=1 \
    LAKEHOUSE_LAKE_ROOT=/srv/lakehouse/lake \
    LAKEHOUSE_VAULT_ROOT=/srv/lakehouse/vault \
    LAKEHOUSE_EXPORT_ROOT=/srv/lakehouse/export \
    LAKEHOUSE_TRACKING_URI=sqlite:////srv/lakehouse/mlflow.db \
    LAKEHOUSE_LOG_FORMAT=json
USER 10001:10001
WORKDIR /srv/lakehouse
VOLUME /srv/lakehouse
# A night is well if it ends with 0; this says no more than that the command can be started.
HEALTHCHECK --interval=5m --timeout=20s CMD ["lakehouse", "--version"]
ENTRYPOINT ["tini", "--", "lakehouse"]
CMD ["--help"]
