"""Aggregates by Amazon's own package: lists of key and text, as JSON on standard input, to key and data in base64 on standard output."""
import base64
import json
import sys

from aws_kinesis_agg.aggregator import RecordAggregator


def aggregated(records):
    aggregator = RecordAggregator()
    for record in records:
        if aggregator.add_user_record(record["key"], record["text"].encode()) is not None:
            raise ValueError("too much for one aggregate")
    key, _, data = aggregator.clear_and_get().get_contents()
    return {"key": key, "data": base64.b64encode(data).decode()}


json.dump([aggregated(records) for records in json.load(sys.stdin)], sys.stdout)
