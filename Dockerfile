# News Monitor in a container. Everything it keeps lies in /app/data; config.toml and templates/ are
# mounted over the shipped ones (see docker-compose.yml).

FROM python:3.13-slim AS build
WORKDIR /src
COPY constraints.txt ./
RUN python -m venv /venv
COPY pyproject.toml README.md LICENSE config.toml ./
COPY templates templates
COPY monitor monitor
RUN /venv/bin/pip install --no-cache-dir --constraint constraints.txt '.[extract,fast,postgres]'

FROM python:3.13-slim
COPY --from=build /venv /venv
RUN useradd --uid 10001 --home-dir /app --create-home monitor \
    && install -d -o monitor -g monitor /app/data
WORKDIR /app
COPY --chown=monitor config.toml ./
USER monitor
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1
VOLUME /app/data
EXPOSE 8484
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["python", "-c", \
    "from urllib.request import urlopen; urlopen('http://127.0.0.1:8484/health', timeout=4)"]

# Listening beyond 127.0.0.1 takes a token: it is made at the first start and printed as a link.
ENTRYPOINT ["monitor"]
CMD ["run", "--listen", "0.0.0.0:8484", "--token-file", "data/web-token"]
