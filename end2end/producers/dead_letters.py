"""A reader of the dead letters' topic, who has nothing of wattmap but its schema file. Says each letter on stdout, a JSON
object a line, once however often it was told:

{"reason", "partition", "generation", "offset"}

Ends with an error if a letter does not hold the record that stands where it says, as it was, but for the end of a key or
a value that is too long.
"""

import argparse
import json
import sys
from pathlib import Path

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from produce import ANSWER_WITHIN_S, schema

# What a letter holds of a record's key, and of its value.
BYTES_MAX = 4096


def everything(brokers: str, topic: str):
    """All messages of a topic, as it ends now."""
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "reads-all", "enable.auto.commit": False})
    partitions = consumer.list_topics(topic, ANSWER_WITHIN_S).topics[topic].partitions
    places = [TopicPartition(topic, number, OFFSET_BEGINNING) for number in partitions]
    ends = {place.partition: consumer.get_watermark_offsets(place, ANSWER_WITHIN_S)[1] for place in places}
    left = {partition for partition, end in ends.items() if end > 0}
    consumer.assign(places)
    while left:
        message = consumer.poll(ANSWER_WITHIN_S)
        if message is None or message.error():
            sys.exit(f"{topic} can't be read: {message and message.error()}")
        yield message
        if message.offset() + 1 >= ends[message.partition()]:
            left.discard(message.partition())
    consumer.close()


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--brokers", required=True)
    arguments.add_argument("--prefix", required=True, help="what the topics' names begin with")
    arguments.add_argument("--proto", required=True, type=Path)
    given = arguments.parse_args()

    messages = schema(given.proto)
    records = {
        (message.partition(), message.offset()): tuple(
            (part or b"")[:BYTES_MAX] for part in (message.key(), message.value())
        )
        for message in everything(given.brokers, f"{given.prefix}.readings")
    }
    told = {}
    for message in everything(given.brokers, f"{given.prefix}.dead"):
        letter = messages.DeadLetter()
        letter.ParseFromString(message.value())
        place = (letter.partition, letter.position.offset)
        if place in told:
            if told[place] != letter:
                sys.exit(f"of one record two letters: {told[place]} and {letter}")
            continue
        told[place] = letter
        if not letter.detail or records.get(place) != (letter.key, letter.value):
            sys.exit(f"a letter is not of the record at {place}: {letter}")
        generation = letter.position.generation
        print(json.dumps(dict(reason=letter.reason, partition=place[0], generation=generation, offset=place[1])))


if __name__ == "__main__":
    main()
