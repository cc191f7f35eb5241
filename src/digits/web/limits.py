"""What a request may cost, each limit in one place; docs/serve.md says what each protects."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Limits of the server; all hold before or while the bytes come in, not after."""

    connections: int = 2048  # at once; more are told to come again
    head_bytes: int = 64 << 10  # of a request's line and headers; of each connection held in memory
    head_seconds: float = 20.0  # from the connection, or the last answer, to the headers' end
    pipelined: int = 16  # requests that a connection sends before it has the answer to the first
    answer_seconds: float = 60.0  # that a client may take to fetch what is ready for it
    body_bytes: int = 10 << 20  # of one request, whatever is in it
    body_seconds: float = 20.0  # from the headers to the last byte
    json_commas: int = 5_000  # of a JSON body: each further value takes one, and 100 bytes or more
    buffered_bytes: int = 128 << 20  # of all requests that are still coming in or wait
    pictures: int = 16  # of one request
    pixels: int = 24_000_000  # of a picture, by its header: a telephone's photograph has 12 to 24
    # Pictures that were taken and not answered. They are counted and not weighed: a full queue of
    # photographs is far more work than one of single digits.
    waiting: int = 128
    picture_seconds: float = 60.0  # on the clock, of a busy machine; then its process is replaced
    explain_seconds: float = 3.0  # of CPU time for what digits rest on, 0.2 s each: 15 of a page
    name_length: int = 200  # characters of a picture's name
    expect_length: int = 100  # characters of a pattern: an automaton of bounded size is made of it
    clients: int = 10_000  # whose rate is remembered, and no more


LIMITS = Limits()
# Less than `digits predict` opens: each decoder that strangers reach is a risk.
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF")
