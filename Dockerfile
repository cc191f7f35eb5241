# The server alone: no PyTorch, not root, nothing written; `docker build -t digits .`, then
# `docker run --read-only --tmpfs /tmp -p 8080:8080 digits`. tests/test_docker.py runs these very steps.
FROM python:3.12-slim AS build
WORKDIR /build
COPY pyproject.toml README.md LICENSE ./
COPY src src
COPY models/pretrained/*.onnx models/pretrained/*.md models/pretrained/*.LICENSE models/pretrained/
RUN python -m venv /opt/digits && /opt/digits/bin/pip install --no-cache-dir '.[serve]'

FROM python:3.12-slim
RUN useradd --uid 10001 --no-create-home digits
COPY --from=build /opt/digits /opt/digits
ENV PATH=/opt/digits/bin:$PATH PYTHONDONTWRITEBYTECODE=1
USER 10001
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["python", "-c", \
    "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/health/live', timeout=2)"]
CMD ["digits", "serve", "--host", "0.0.0.0", "--port", "8080"]
