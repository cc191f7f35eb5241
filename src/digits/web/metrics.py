"""What /metrics tells Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


class Metrics:
    """Counters of one server."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        self.requests = Counter("digits_requests", "by HTTP status", ["status"], registry=registry)
        self.seconds = Histogram(
            "digits_request_seconds", "from the headers to the answer's end",
            registry=registry, buckets=SECONDS,
        )  # fmt: skip
        self.answers = Counter("digits_answers", "by an answer's status", ["status"],
                               registry=registry)  # fmt: skip
        self.rejected = Counter("digits_rejected", "requests refused for load or rate", ["why"],
                                registry=registry)  # fmt: skip
        self.waiting = Gauge("digits_waiting", "pictures taken and not answered",
                             registry=registry)  # fmt: skip

    def as_text(self) -> bytes:
        """In Prometheus' text format."""
        return generate_latest(self._registry)
