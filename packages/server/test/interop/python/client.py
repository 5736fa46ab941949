"""Amazon's SDK for Python on its defaults: everything it needs to know is in the environment."""
import boto3

kinesis = boto3.client("kinesis")
STREAM = "python"


def say(what):
    print("ok", what)


def read(shard_id):
    iterator = kinesis.get_shard_iterator(
        StreamName=STREAM, ShardId=shard_id, ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    return kinesis.get_records(ShardIterator=iterator)


kinesis.create_stream(StreamName=STREAM, ShardCount=2, Tags={"team": "shop"})
kinesis.get_waiter("stream_exists").wait(StreamName=STREAM, WaiterConfig={"Delay": 1})
description = kinesis.describe_stream(StreamName=STREAM)["StreamDescription"]
assert description["StreamStatus"] == "ACTIVE" and len(description["Shards"]) == 2
say("create, wait, describe")

data = bytes(range(256))
put = kinesis.put_record(StreamName=STREAM, Data=data, PartitionKey="ключ", ExplicitHashKey="0")
several = kinesis.put_records(
    StreamName=STREAM,
    Records=[{"Data": bytes([i]), "PartitionKey": str(i), "ExplicitHashKey": "0"} for i in range(10)],
)
assert several["FailedRecordCount"] == 0
say("put")

page = read(put["ShardId"])
assert [record["Data"] for record in page["Records"]] == [data] + [bytes([i]) for i in range(10)]
assert page["Records"][0]["PartitionKey"] == "ключ" and page["MillisBehindLatest"] == 0
assert abs(page["Records"][0]["ApproximateArrivalTimestamp"].timestamp() - description["StreamCreationTimestamp"].timestamp()) < 60
say("read")

kinesis.split_shard(StreamName=STREAM, ShardToSplit=put["ShardId"], NewStartingHashKey=str(2**126))
end = read(put["ShardId"])
assert "NextShardIterator" not in end and len(end["ChildShards"]) == 2
assert len(kinesis.list_shards(StreamName=STREAM)["Shards"]) == 4
names = [name for page in kinesis.get_paginator("list_streams").paginate() for name in page["StreamNames"]]
assert STREAM in names
say("reshard, list")

arn = description["StreamARN"]
consumer = kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="app")["Consumer"]
events = kinesis.subscribe_to_shard(
    ConsumerARN=consumer["ConsumerARN"], ShardId=put["ShardId"], StartingPosition={"Type": "TRIM_HORIZON"}
)["EventStream"]
records = [record for event in events for record in event["SubscribeToShardEvent"]["Records"]]
assert len(records) == 11
say("fan-out, to the end of the shard")

try:
    kinesis.describe_stream(StreamName="gone")
    raise AssertionError("no error")
except kinesis.exceptions.ResourceNotFoundException as error:
    assert "Stream gone under account" in str(error)
try:
    kinesis.delete_stream(StreamName=STREAM)
    raise AssertionError("no error")
except kinesis.exceptions.ResourceInUseException:
    pass
kinesis.delete_stream(StreamName=STREAM, EnforceConsumerDeletion=True)
say("errors, delete")
