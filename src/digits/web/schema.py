"""What the API takes and gives, as OpenAPI describes it."""

import base64
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, EncodedBytes, Field, field_validator
from pydantic.types import Base64Encoder
from pydantic_core import PydanticCustomError

from digits.reading.formats import CHOICES, LETTERS
from digits.web.limits import LIMITS

Box = tuple[int, int, int, int]
Ranking = list[tuple[str, float]]
Sure = Literal["read", "unsure"]
Name = Annotated[str, Field(min_length=1, max_length=LIMITS.name_length)]


class Strictly(Base64Encoder):
    """Base64 as pydantic has it, but other signs are refused: they were passed over, so that what
    is URL-safe gave a damaged picture."""

    @classmethod
    def decode(cls, data: bytes) -> bytes:
        """Its bytes; white space may stand anywhere."""
        try:
            return base64.b64decode(b"".join(data.split()), validate=True)
        except ValueError:
            raise PydanticCustomError("base64_decode", "is not base64 of + and /") from None


Base64Bytes = Annotated[bytes, EncodedBytes(encoder=Strictly)]


class Options(BaseModel):
    """How to read: query parameters, named as the flags of `digits predict`."""

    model_config = ConfigDict(extra="forbid")
    expect: str = Field(
        "auto",
        max_length=LIMITS.expect_length,
        description=f"{', '.join((*CHOICES, *LETTERS))} or /a regular expression/",
        examples=["zip"],
    )
    decimal: Literal[".", ","] = Field(".", description="the sign before decimals, for `value`")
    top_k: int = Field(1, ge=1, le=10, description="likeliest labels of each digit")
    explain: bool = Field(
        False, description="add `explain`, how it was read, and `rests_on`, what decided: PNGs"
    )
    tiles: bool = Field(False, description="add `tiles`: of each row each digit's tile, as PNG")
    model: str | None = Field(None, max_length=100, description="one of GET /v1/models")
    name: Name = Field("picture", description="`image` of the answer, where a body has no names")

    @field_validator("expect")
    @classmethod
    def _no_files(cls, expect: str) -> str:
        if expect.startswith("@"):
            raise ValueError("a file is not opened for a request; send a /pattern/ instead")
        return expect


class PictureIn(BaseModel):
    """One picture of a JSON request."""

    model_config = ConfigDict(extra="forbid")
    data: Base64Bytes = Field(min_length=1, description="the picture file, as base64")
    name: Name | None = None


class Pictures(BaseModel):
    """The JSON request."""

    model_config = ConfigDict(extra="forbid")
    images: list[PictureIn] = Field(min_length=1, max_length=LIMITS.pictures)


class Digit(BaseModel):
    """One digit; its box is x, y, width, height in pixels of the picture seen upright."""

    label: str
    probability: float
    box: Box
    top_k: Ranking


class Row(BaseModel):
    """A row of digits, left to right, and what else it may say."""

    text: str
    value: int | float | None
    status: Sure = Field(description="of this row: a page that is unsure may have sure rows")
    probability: float
    box: Box
    alternatives: Ranking
    digits: list[Digit]


class Cell(BaseModel):
    """A number of a table, and its row and column in it, from 1."""

    row: int
    column: int
    text: str
    status: Sure
    probability: float
    box: Box


class Answer(BaseModel):
    """What was read in one picture: the object that `digits predict --json` prints."""

    image: str
    page: int = Field(description="of a file only the first is read; a warning says so")
    pages: int
    status: Literal["read", "unsure", "no_digit", "error"]
    text: str
    value: int | float | None = Field(description="the number that the text writes, if it does")
    probability: float
    model: str = Field(description="its name, as GET /v1/models has it")
    expect: str = Field(description="what it was told to expect")
    trained_on: str = Field(description="the data sets that the model learned from, if known")
    seen_as: Literal["tile", "digit", "row", "page", "whole", ""]
    why: str = Field(description="which rule decided the status")
    rows: list[Row]
    cells: list[Cell] = Field(description="the rows as a table, where they make one")
    warnings: list[str]
    seconds: float
    error: str | None = None
    explain: str | None = Field(None, description="PNG as base64, with explain=true")
    rests_on: list[list[str | None]] | None = Field(
        None, description="as tiles, with explain=true; null where there was no time for more"
    )
    tiles: list[list[str]] | None = Field(None, description="PNGs as base64, with tiles=true")


class Answers(BaseModel):
    """The answers to several pictures, in their order."""

    answers: list[Answer]


class ModelCard(BaseModel):
    """A model to choose from."""

    name: str
    default: bool
    classes: list[str] = Field(description="labels that it gives")


class Models(BaseModel):
    """The models to choose from."""

    models: list[ModelCard]
    corrections: bool = Field(description="whether POST /v1/corrections keeps digits")


class Correction(BaseModel):
    """A digit's tile, and what it is: one of the classes of the model that answered."""

    model_config = ConfigDict(extra="forbid")
    label: str = Field(max_length=100)
    model: str | None = Field(None, max_length=100, description="one of GET /v1/models")
    tile: Base64Bytes = Field(max_length=4096, description="28x28 PNG as base64, as in `tiles`")


class Kept(BaseModel):
    """What was kept of a correction."""

    kept: str


class Health(BaseModel):
    """Whether the server lives, or is ready."""

    status: str


class Problem(BaseModel):
    """What is wrong, and what to do."""

    error: str
    hint: str
