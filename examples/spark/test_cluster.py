"""A cluster of one master and two workers on this machine runs the filter in both ways, loses a process, meets bad records,
and gives what one process gives for the same lines.

    python test_cluster.py [--lines 20000] [--model FOLDER] [--node NODE]
"""

import argparse
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
CLI = HERE.parent.parent / "dist" / "cli.js"

NAMES = "Ada Lovelace|Charles Babbage|Grace Hopper|Alan Turing|Zoë Müller|Björk|李小龍|Joan of Arc".split("|")
PLACES = "London|Paris|New York|München|Kraków|東京|Rio de Janeiro|the Hague".split("|")
FORMS = [
    "{a} met {b} in {p}.",
    "😀 {a} left {p}",
    "Nobody was there.",
    '{a} said: "{p}\\n"\t– {b}',
    "{p}",
    "",
    "  {b}\u2028{p}\n{a} ",
]
MAX_CHARS = 2000
POISON = {777: None, 1234: "x" * (MAX_CHARS + 1)}
CODES = {777: "SOURCE_JSONL", 1234: "SOURCE_MAX_CHARS"}


def texts(count):
    chance = random.Random(7)
    for id in range(count):
        form = chance.choice(FORMS)
        text = form.format(a=chance.choice(NAMES), b=chance.choice(NAMES), p=chance.choice(PLACES))
        yield id, POISON[id] if id in POISON else text


def in_one_process(lines, words):
    data = "".join(json.dumps({"id": id, "text": text}) + "\n" for id, text in lines)
    run = subprocess.run(words, input=data.encode(), stdout=subprocess.PIPE, check=True)
    return [json.loads(line) for line in run.stdout.splitlines()]


def plain(row):
    """A result without its message, which has the number of the line in its own process."""
    entities, error = row.get("entities"), row.get("error")
    found = None if entities is None else [tuple(one[name] for name in ENTITY_NAMES) for one in entities]
    return row["id"], found, error and error["code"]


ENTITY_NAMES = ("entity_group", "score", "word", "start", "end")


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Cluster:
    def __init__(self, folder):
        import pyspark

        home = Path(pyspark.__file__).parent
        port = free_port()
        self.url = f"spark://127.0.0.1:{port}"
        self.env = {
            **os.environ,
            "SPARK_HOME": str(home),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "PYSPARK_PYTHON": sys.executable,
            "PYSPARK_DRIVER_PYTHON": sys.executable,
        }
        self.log = open(Path(folder) / "cluster.log", "wb")
        self.started = []
        deploy = "org.apache.spark.deploy"
        run = str(home / "bin" / "spark-class")
        self.start(run, f"{deploy}.master.Master", "--host", "127.0.0.1", "--port", str(port), "--webui-port", "0")
        for number in (1, 2):
            work = str(Path(folder) / f"work{number}")
            limits = ("--cores", "1", "--memory", "1g", "--webui-port", "0", "--work-dir", work)
            self.start(run, f"{deploy}.worker.Worker", "--host", "127.0.0.1", *limits, self.url)

    def start(self, *words):
        self.started.append(
            subprocess.Popen(words, env=self.env, stdout=self.log, stderr=self.log, start_new_session=True)
        )

    def stop(self):
        for process in reversed(self.started):
            os.killpg(process.pid, signal.SIGTERM)
        for process in self.started:
            process.wait()


def filters():
    """Process ids of running filters."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            continue
        if folder.name.isdigit() and str(CLI).encode() in words and b"--jsonl" in words:
            found.append(int(folder.name))
    return found


def ticks(pid):
    """CPU time that a process has had, in ticks of 10 ms; 0 of one that is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return int(fields[11]) + int(fields[12])


def kill_one(delay, killed, ended):
    """Kills a filter after it has been at work for a while, and while it is: what an idle one loses, nobody misses."""
    began = {}
    while not ended.wait(0.1):
        for pid in filters():
            began.setdefault(pid, time.monotonic())
        old = {pid: ticks(pid) for pid, start in began.items() if time.monotonic() - start > delay}
        if not old or ended.wait(0.2):
            continue
        for pid, before in old.items():
            if ticks(pid) - before >= 5:
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)
                return


def check(name, spark, frame, find, expected, kill_after):
    context = spark.sparkContext
    context.setJobGroup(name, name)
    killed = []
    ended = threading.Event()
    killer = threading.Thread(target=kill_one, args=(kill_after, killed, ended), daemon=True)
    killer.start()
    began = time.monotonic()
    result = find(frame)
    rows = [row.asDict(recursive=True) for row in result.collect()]
    seconds = time.monotonic() - began
    ended.set()
    killer.join()
    tracker = context.statusTracker()
    stages = [stage for job in tracker.getJobIdsForGroup(name) for stage in tracker.getJobInfo(job).stageIds]
    failed = sum(info.numFailedTasks for info in map(tracker.getStageInfo, stages) if info)
    ids = [row["id"] for row in rows]
    assert len(ids) == len(set(ids)) == len(expected), f"{len(ids)} rows, {len(set(ids))} ids"
    assert len(killed) == 1 and failed >= 1, f"killed {killed}, {failed} tasks failed"
    found = {row["id"]: plain(row) for row in rows}
    for row in expected:
        assert found[row["id"]] == plain(row), f"{found[row['id']]} is not {plain(row)}"
    assert result.schema.simpleString() == SIMPLE, result.schema.simpleString()
    print(f"{name}: {len(rows)} rows in {seconds:.0f} s, {failed} task(s) tried again")


SIMPLE = (
    "struct<id:bigint,entities:array<struct<entity_group:string,score:double,word:string,start:int,end:int>>,"
    "error:struct<code:string,message:string>>"
)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lines", type=int, default=20_000)
    parser.add_argument("--model")
    parser.add_argument("--node", default="node")
    options = parser.parse_args()
    assert options.lines > max(POISON), "more lines are needed"

    sys.path.insert(0, str(HERE))
    import bert_ner_spark as ner
    from pyspark.sql import SparkSession

    more = ("--model", options.model) if options.model else ()
    words = ner.command((options.node, str(CLI)), threads=1, max_chars=MAX_CHARS, more=more)
    lines = list(texts(options.lines))
    began = time.monotonic()
    expected = in_one_process(lines, words)
    print(f"one process: {len(expected)} lines in {time.monotonic() - began:.0f} s")
    assert [row["id"] for row in expected] == [id for id, _ in lines]
    assert {row["id"]: row["error"]["code"] for row in expected if "error" in row} == CODES
    assert sum(len(row.get("entities", ())) for row in expected) > options.lines / 2
    # Offsets count code points: of a text without accents, its slice is the word.
    for (_, text), row in zip(lines, expected):
        for one in row.get("entities", ()) if text and "in London" in text and text.isascii() else ():
            assert text[one["start"] : one["end"]].lower() == one["word"].lower()

    passed = 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # The cluster must not outlive the test.
    with tempfile.TemporaryDirectory() as folder:
        cluster = Cluster(folder)
        os.environ.update({name: cluster.env[name] for name in ("SPARK_HOME", "SPARK_LOCAL_IP", "PYSPARK_PYTHON")})
        try:
            spark = (
                SparkSession.builder.master(cluster.url)
                .appName("bert-ner")
                .config("spark.driver.host", "127.0.0.1")
                .config("spark.ui.enabled", "false")
                .config("spark.ui.showConsoleProgress", "false")
                .config("spark.executor.memory", "512m")
                .config("spark.sql.execution.arrow.maxRecordsPerBatch", "1000")
                .getOrCreate()
            )
            spark.sparkContext.setLogLevel(os.environ.get("SPARK_LOG", "OFF"))
            spark.sparkContext.addPyFile(str(HERE / "bert_ner_spark.py"))
            executors = lambda: spark.sparkContext._jsc.sc().getExecutorMemoryStatus().size() - 1
            end = time.monotonic() + 180
            while executors() < 2 and time.monotonic() < end:
                time.sleep(0.2)
            assert executors() == 2, "two workers"
            frame = spark.createDataFrame(lines, "id bigint, text string").repartition(8).cache()
            assert frame.count() == options.lines
            for name, find in (
                ("mapInPandas", lambda one: ner.entities_by_pandas(one, words)),
                ("RDD.pipe", lambda one: ner.entities_by_pipe(one, words, partitions=4)),
            ):
                check(name, spark, frame, find, expected, kill_after=2)
                passed += 1
            spark.stop()
        except BaseException:
            cluster.log.flush()
            print(Path(cluster.log.name).read_text(errors="replace")[-3000:], file=sys.stderr)
            raise
        finally:
            cluster.stop()
    print(f"spark: {passed} passed, 0 failed")


if __name__ == "__main__":
    main()
