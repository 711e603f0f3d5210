# Build:  docker build -t northing .
# Run:    docker run --rm --read-only -v "$PWD:/data" -e JIRA_TOKEN -e GITHUB_TOKEN northing sync
#
# Serve:  docker run --detach --read-only -v "$PWD:/data" -e JIRA_TOKEN -p 127.0.0.1:8080:8080 northing serve
#         with `service: {listen: 0.0.0.0:8080}` in northing.yaml; with PostgreSQL and workers: deploy/compose.yaml
#
# /data holds northing.yaml and, unless it names another database, northing.db. User 10001 must be able to write there.

FROM python:3.13-slim AS build
ENV UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_PROJECT_ENVIRONMENT=/opt/northing \
    UV_PYTHON_DOWNLOADS=never
RUN pip install --no-cache-dir uv==0.13.9
WORKDIR /src
# The dependencies first: they change less often than the program, and the layer is kept.
COPY pyproject.toml uv.lock README.md LICENSE ./
RUN uv sync --locked --no-dev --no-install-project
COPY config config
COPY connectors connectors
COPY store store
COPY mapping mapping
COPY sync sync
COPY alerts alerts
COPY dashboard dashboard
COPY cli cli
COPY simulator simulator
RUN uv sync --locked --no-dev --no-editable

FROM python:3.13-slim
LABEL org.opencontainers.image.title="northing" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin northing \
    && install --directory --owner northing --group northing /data
COPY --from=build /opt/northing /opt/northing
ENV PATH=/opt/northing/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    NORTHING_CONFIG=/data/northing.yaml
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8080
# Whatever command it runs, what can be said is that the program starts and that what it was given to do is valid, secrets
# included. `serve` can be asked itself: deploy/compose.yaml does. Whether the data is fresh, `northing check` tells.
HEALTHCHECK --interval=5m --timeout=30s --start-period=10s CMD ["northing", "config", "check", "--quiet"]
ENTRYPOINT ["northing"]
CMD ["--help"]
