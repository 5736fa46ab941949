"""A lease table without the index, with one row whose owner is NULL, as other languages write None: endpoint, table, lease key."""
import sys

import boto3

endpoint, name, key = sys.argv[1:]
table = boto3.resource(
    "dynamodb", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="000000000000", aws_secret_access_key="secret"
).create_table(
    TableName=name,
    BillingMode="PAY_PER_REQUEST",
    AttributeDefinitions=[{"AttributeName": "leaseKey", "AttributeType": "S"}],
    KeySchema=[{"AttributeName": "leaseKey", "KeyType": "HASH"}],
)
table.wait_until_exists()
table.put_item(
    Item={
        "leaseKey": key,
        "leaseCounter": 0,
        "leaseOwner": None,
        "ownerSwitchesSinceCheckpoint": 0,
        "checkpoint": "TRIM_HORIZON",
        "checkpointSubSequenceNumber": 0,
    }
)
