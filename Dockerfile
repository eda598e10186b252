# The hub as an image; compose.yaml runs it beside a Neo4j.
FROM python:3.11-slim-bookworm

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1
WORKDIR /hub

COPY locks/run.txt locks/run.txt
RUN pip install --require-hashes -r locks/run.txt

COPY . .
RUN pip install --no-deps --no-build-isolation --editable . \
    && useradd --create-home --uid 10001 renling \
    && install --directory --owner renling --mode 0700 /data

USER renling
ENV RENLING_DATA_DIRECTORY=/data RENLING_HOST=0.0.0.0 RENLING_PORT=8000
VOLUME /data
EXPOSE 8000
CMD ["renling", "serve"]
