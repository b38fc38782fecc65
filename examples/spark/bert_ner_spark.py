"""Finds names in the texts of a DataFrame: bert-ner's filter, as a child process of Spark's Python workers.

    entities_by_pandas(frame)   one process for each Python worker, kept from partition to partition; also on Spark Connect
    entities_by_pipe(frame)     one process for each partition; needs RDDs

Both take the columns `id` and `text`, and give SCHEMA: either `entities` or `error` of each id.
"""

import atexit
import json
import shlex
import subprocess
import threading

from pyspark.sql import functions
from pyspark.sql.types import ArrayType, DoubleType, IntegerType, LongType, StringType, StructField, StructType

ENTITY = StructType(
    [
        StructField("entity_group", StringType(), False),
        StructField("score", DoubleType(), False),
        StructField("word", StringType(), False),
        StructField("start", IntegerType(), False),  # code points, as Python and Spark's substring count
        StructField("end", IntegerType(), False),
    ]
)
ERROR = StructType([StructField("code", StringType()), StructField("message", StringType())])
SCHEMA = StructType(
    [
        StructField("id", LongType(), False),
        StructField("entities", ArrayType(ENTITY, False)),
        StructField("error", ERROR),
    ]
)


def command(program=("bert-ner",), threads=1, max_chars=100_000, more=()):
    """The filter as words. `threads`: as many as `spark.task.cpus`, the cores that one task has."""
    return (
        *program,
        *("--jsonl", "text", "--fields", "id,entities", "--on-error", "record", "--offset-unit", "codepoint"),
        *("--threads", str(threads), "--max-chars", str(max_chars)),
        *more,
    )


def entities_by_pandas(frame, words=None):
    words = words or command()

    def run(batches):
        for batch in batches:
            yield rows_of(batch, filter_of(words))

    return frame.select("id", "text").mapInPandas(run, SCHEMA)


def entities_by_pipe(frame, words=None, partitions=None):
    """`partitions`: as many as tasks run at once, so that each process loads its model once and has much to do."""
    spark = frame.sparkSession
    lines = frame.select(functions.to_json(functions.struct("id", "text")).alias("line"))
    if partitions is not None:
        lines = lines.repartition(partitions)
    # Without checkCode, a process that was killed would lose its lines in silence.
    piped = lines.rdd.map(lambda row: row.line).pipe(shlex.join(words or command()), checkCode=True)
    return spark.read.schema(SCHEMA).option("mode", "FAILFAST").json(piped)


class Filter:
    """A running filter: as many lines out as lines in."""

    def __init__(self, words):
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def answer(self, lines):
        # A thread writes while this one reads: neither pipe may fill up.
        writer = threading.Thread(target=self._write, args=(lines,), daemon=True)
        writer.start()
        answers = []
        for _ in lines:
            line = self.process.stdout.readline()
            if not line.endswith(b"\n"):
                self.process.kill()
                raise RuntimeError(f"bert-ner ended with status {self.process.wait()}; Spark tries the task again")
            answers.append(json.loads(line))
        writer.join()
        return answers

    def _write(self, lines):
        try:
            self.process.stdin.write(b"".join(lines))
            self.process.stdin.flush()
        except OSError:
            pass  # The reader finds the end of the output.

    def close(self):
        self.process.stdin.close()
        self.process.wait()


_filters = {}


def filter_of(words):
    """The filter of this Python worker. Spark keeps workers (spark.python.worker.reuse), so the model is loaded once in each."""
    found = _filters.get(words)
    if found is None or found.process.poll() is not None:
        found = _filters[words] = Filter(words)
        atexit.register(found.close)
    return found


def rows_of(batch, filter):
    import pandas

    pairs = zip(batch["id"], batch["text"])
    lines = [
        json.dumps({"id": int(id), "text": text if isinstance(text, str) else None}).encode() + b"\n"
        for id, text in pairs
    ]
    answers = filter.answer(lines)
    if [answer.get("id") for answer in answers] != [int(id) for id in batch["id"]]:
        raise RuntimeError("bert-ner: answers out of order")
    columns = {name: [answer.get(name) for answer in answers] for name in SCHEMA.names}
    return pandas.DataFrame({name: pandas.Series(values, dtype=object) for name, values in columns.items()})
