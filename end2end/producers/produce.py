"""Another producer: writes registrations, readings and garbage straight to the topic, as somebody would who has nothing of
wattmap but its schema file. Whoever starts it compares what is counted with what it says on stdout, a JSON object a line:

{"reading": {"meter", "area", "start", "duration_s", "energy_mwh"}}   is to be counted; the last of a meter and start wins
{"dead": {"what", "reason", "partition"}}                             is to be a dead letter, with this reason

Then it reads its own records back, to see that they are what the schema says.
"""

import argparse
import importlib
import json
import random
import sys
import tempfile
from pathlib import Path

from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition
from grpc_tools import protoc

DAY_S = 86_400
ANSWER_WITHIN_S = 30


def schema(proto: Path):
    """The messages, as protoc makes them of the published file."""
    made = tempfile.mkdtemp()
    if protoc.main(["protoc", f"-I{proto.parent}", f"--python_out={made}", str(proto)]) != 0:
        sys.exit(f"{proto} is not understood by protoc")
    sys.path.insert(0, made)
    return importlib.import_module(f"{proto.stem}_pb2")


def murmur2(key: bytes) -> int:
    """As Kafka's Java client has it; written from its description, not from ours."""
    m, mask = 0x5BD1E995, 0xFFFFFFFF
    h = 0x9747B28C ^ len(key)
    whole = len(key) - len(key) % 4
    for at in range(0, whole, 4):
        k = int.from_bytes(key[at : at + 4], "little") * m & mask
        h = (h * m & mask) ^ ((k ^ k >> 24) * m & mask)
    if whole < len(key):
        h = (h ^ int.from_bytes(key[whole:], "little")) * m & mask
    h = (h ^ h >> 13) * m & mask
    return h ^ h >> 15


class Topic:
    """A topic that remembers why a record was not taken."""

    def __init__(self, brokers: str, name: str, compression: str):
        self.name, self.sent, self.refused = name, 0, []
        self.producer = Producer(
            {
                "bootstrap.servers": brokers,
                "partitioner": "murmur2",
                "enable.idempotence": True,
                "acks": "all",
                "compression.type": compression,
            }
        )
        found = self.producer.list_topics(name, timeout=ANSWER_WITHIN_S).topics[name]
        if found.error:
            sys.exit(f"{name}: {found.error}")
        self.partitions = len(found.partitions)

    def send(self, key: bytes | None, value: bytes | None, partition: int | None = None):
        where = {} if partition is None else {"partition": partition}
        self.sent += 1
        while True:
            try:
                self.producer.produce(self.name, value, key, on_delivery=self.delivered, **where)
                return
            except BufferError:
                self.producer.poll(0.1)

    def delivered(self, error, message):
        if error:
            self.refused.append(error)

    def flush(self):
        if self.producer.flush(ANSWER_WITHIN_S) or self.refused:
            sys.exit(f"{self.name} did not take everything: {self.refused[:3]}")

    def home(self, key: bytes) -> int:
        return (murmur2(key) & 0x7FFFFFFF) % self.partitions


def say(**what):
    print(json.dumps(what))


class World:
    def __init__(self, messages, topic: Topic, areas: list[str], now: int, seed: int):
        self.pb, self.topic, self.areas, self.now = messages, topic, areas, now
        self.random = random.Random(seed)
        self.meters = {}

    def registration(self, meter: str, area: str) -> bytes:
        kinds = self.pb.Dwelling.Type.values()
        dwelling = self.pb.Dwelling(type=self.random.choice(kinds), occupants=self.random.randint(0, 6))
        body = self.pb.Registration(meter_id=meter, area=area, dwelling=dwelling)
        return self.pb.Record(registration=body).SerializeToString()

    def reading(self, meter: str, start: int, duration_s: int, energy_mwh: int) -> bytes:
        body = self.pb.Reading(meter_id=meter, start=start, duration_s=duration_s, energy_mwh=energy_mwh)
        return self.pb.Record(reading=body).SerializeToString()

    def register(self, meters: int):
        for number in range(meters):
            # Keys of every length modulo four, which is where hashes of keys go wrong.
            meter = f"other-{number:04}" + "x" * (number % 5)
            area = self.areas[number % len(self.areas)]
            self.meters[meter] = area
            self.topic.send(meter.encode(), self.registration(meter, area))

    def count(self, meter: str, start: int, duration_s: int, energy_mwh: int):
        self.topic.send(meter.encode(), self.reading(meter, start, duration_s, energy_mwh))
        reading = dict(start=start, duration_s=duration_s, energy_mwh=energy_mwh)
        say(reading=dict(meter=meter, area=self.meters[meter], **reading))

    def readings(self, hours: int):
        """Of intervals of every kind; some twice, some corrected, some late."""
        begin = (self.now - DAY_S) // 3600 * 3600 - hours * 3600
        late = []
        for hour in range(hours):
            for meter in self.meters:
                duration_s = self.random.choice([3600, 1800, 900, 600, 300])
                for part in range(3600 // duration_s):
                    start = begin + hour * 3600 + part * duration_s
                    # Odd ones too: an hour's odd thousandth belongs to its first half.
                    sent = (meter, start, duration_s, self.random.randint(0, 2_000_001))
                    if self.random.random() < 0.05:
                        late.append(sent)
                        continue
                    self.count(*sent)
                    if self.random.random() < 0.05:
                        self.count(*sent)
                    if self.random.random() < 0.05:
                        self.count(*sent[:3], self.random.randint(0, 2_000_001))
        self.random.shuffle(late)
        for sent in late:
            self.count(*sent)

    def garbage(self):
        """One record of every kind that can't be counted, for each of some meters; whatever follows it has to be."""
        for meter in list(self.meters)[:8]:
            for what, reason, key, value, partition in self.kinds_of_garbage(meter):
                home = self.topic.home(key or b"") if partition is None else partition
                self.topic.send(key, value, home)
                say(dead=dict(what=what, reason=reason, partition=home))

    def kinds_of_garbage(self, meter: str):
        key, home = meter.encode(), self.topic.home(meter.encode())
        start = self.now // 3600 * 3600 - 6 * 3600
        # What the ones that overlap and are corrected stand on.
        self.count(meter, start, 1800, 100_000)
        sound = self.reading(meter, start + 7200, 1800, 250_000)
        stranger = f"stranger-{meter}"

        def reading(**but):
            usual = dict(meter=meter, start=start + 7200, duration_s=1800, energy_mwh=250_000)
            return self.reading(**{**usual, **but})

        yield "noise", "undecodable", key, self.random.randbytes(40) + b"\xff", home
        yield "text", "undecodable", key, b'{"meter_id":"' + key + b'"}', home
        yield "cut off", "undecodable", key, sound[:-3], home
        yield "no body", "undecodable", key, b"", home
        yield "null value", "undecodable", key, None, home
        yield "null key", "undecodable", None, sound, home
        yield "empty key", "undecodable", b"", sound, home
        yield "key is not text", "undecodable", b"\xff\xfe" + key, sound, None
        yield "key of another", "undecodable", stranger.encode(), sound, None
        yield "bad meter", "undecodable", b"not a meter", reading(meter="not a meter"), None
        yield "misaligned", "undecodable", key, reading(start=start + 7201), home
        yield "bad duration", "undecodable", key, reading(duration_s=1700), home
        yield "no duration", "undecodable", key, reading(duration_s=0), home
        yield "before 1970", "undecodable", key, reading(start=-1800), home
        yield "after year 9999", "undecodable", key, reading(start=2**62), home
        yield "negative", "undecodable", key, reading(energy_mwh=-1), home
        yield "implausible", "undecodable", key, reading(energy_mwh=2**60), home
        marker = self.pb.GenerationBegins(generation=1_000, partitions=1)
        yield "marker", "undecodable", b"", self.pb.Record(generation_begins=marker).SerializeToString(), home
        yield "unknown meter", "unknown_meter", stranger.encode(), reading(meter=stranger), None
        yield "unknown area", "unknown_area", key, self.registration(meter, "E99999999"), home
        yield "overlap", "overlap", key, reading(start=start + 900, duration_s=900), home
        yield "long ago", "beyond_retention", key, reading(start=1800), home
        yield "elsewhere", "misrouted", key, sound, (home + 1) % self.topic.partitions
        elsewhere = (home + 1) % self.topic.partitions
        yield "registered elsewhere", "misrouted", key, self.registration(meter, self.areas[0]), elsewhere


def read_back(messages, brokers: str, topic: Topic):
    """Everything in the topic: whatever is no garbage decodes, and lies where its key's hash says."""
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "reads-back", "enable.auto.commit": False})
    places = [TopicPartition(topic.name, n, OFFSET_BEGINNING) for n in range(topic.partitions)]
    left = sum(consumer.get_watermark_offsets(place, ANSWER_WITHIN_S)[1] for place in places)
    consumer.assign(places)
    sound = 0
    while left > 0:
        message = consumer.poll(ANSWER_WITHIN_S)
        if message is None or message.error():
            sys.exit(f"{topic.name} can't be read: {message and message.error()}")
        left -= 1
        record = messages.Record()
        try:
            record.ParseFromString(message.value() or b"")
        except Exception:
            continue
        meter = getattr(record, record.WhichOneof("body") or "reading", None)
        key = message.key() or b""
        if hasattr(meter, "meter_id") and meter.meter_id.encode() == key and topic.home(key) == message.partition():
            sound += 1
    consumer.close()
    return sound


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--brokers", required=True)
    arguments.add_argument("--topic", required=True)
    arguments.add_argument("--proto", required=True, type=Path)
    arguments.add_argument("--areas", required=True, help="codes of areas, with commas between")
    arguments.add_argument("--now", required=True, type=int, help="seconds since 1970")
    arguments.add_argument("--meters", type=int, default=200)
    arguments.add_argument("--hours", type=int, default=12)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--compression", default="lz4")
    given = arguments.parse_args()

    messages = schema(given.proto)
    topic = Topic(given.brokers, given.topic, given.compression)
    world = World(messages, topic, given.areas.split(","), given.now, given.seed)
    world.register(given.meters)
    world.readings(given.hours // 2)
    world.garbage()
    # After all of that, the same meters go on.
    world.now += given.hours // 2 * 3600
    world.readings(given.hours - given.hours // 2)
    topic.flush()
    sound = read_back(messages, given.brokers, topic)
    print(f"{topic.sent} records sent; {sound} of the topic are sound", file=sys.stderr)


if __name__ == "__main__":
    main()
