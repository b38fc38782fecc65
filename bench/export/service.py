"""The service that a user would write in Python: FastAPI in front of transformers' pipeline.

    python service.py FOLDER PORT

It answers `POST /` as the Hugging Face endpoints do. FastAPI runs a plain function in its pool of threads, so requests come
together as they do; the pipeline itself takes one text after the other.
"""

import sys

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from transformers import AutoModelForTokenClassification, AutoTokenizer, pipeline


class Request(BaseModel):
    inputs: str | list[str]


def plain(entity: dict) -> dict:
    return {key: float(value) if key == "score" else value for key, value in entity.items()}


def main() -> None:
    folder, port = sys.argv[1], int(sys.argv[2])
    tokenizer = AutoTokenizer.from_pretrained(folder)
    ner = pipeline(
        "token-classification",
        model=AutoModelForTokenClassification.from_pretrained(folder),
        tokenizer=tokenizer,
        aggregation_strategy="simple",
    )
    app = FastAPI()

    @app.get("/ready")
    def ready() -> dict:
        return {"status": "ready"}

    @app.post("/")
    def answer(request: Request):
        found = ner(request.inputs)
        if isinstance(request.inputs, str):
            return [plain(entity) for entity in found]
        return [[plain(entity) for entity in entities] for entities in found]

    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    main()
