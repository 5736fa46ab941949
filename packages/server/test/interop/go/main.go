// Amazon's SDK for Go on its defaults: everything it needs to know is in the environment.
package main

import (
	"context"
	"fmt"
	"math/big"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

var stream = aws.String("go")

func must[A any](value A, err error) A {
	if err != nil {
		panic(err)
	}
	return value
}

func check(holds bool, what string) {
	if !holds {
		panic(what)
	}
}

func say(what string) { fmt.Println("ok", what) }

func main() {
	ctx := context.Background()
	client := kinesis.NewFromConfig(must(config.LoadDefaultConfig(ctx)))
	must(client.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: stream, ShardCount: aws.Int32(2)}))
	waiter := kinesis.NewStreamExistsWaiter(client)
	if err := waiter.Wait(ctx, &kinesis.DescribeStreamInput{StreamName: stream}, time.Minute); err != nil {
		panic(err)
	}
	say("create, wait")
	data := make([]byte, 256)
	for i := range data {
		data[i] = byte(i)
	}
	put := must(client.PutRecord(ctx, &kinesis.PutRecordInput{
		StreamName: stream, PartitionKey: aws.String("ключ"), ExplicitHashKey: aws.String("0"), Data: data,
	}))
	iterator := func() *string {
		return must(client.GetShardIterator(ctx, &kinesis.GetShardIteratorInput{
			StreamName: stream, ShardId: put.ShardId, ShardIteratorType: types.ShardIteratorTypeTrimHorizon,
		})).ShardIterator
	}
	page := must(client.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: iterator()}))
	check(len(page.Records) == 1 && string(page.Records[0].Data) == string(data), "records")
	say("put, read")
	middle := new(big.Int).Exp(big.NewInt(2), big.NewInt(126), nil).String()
	must(client.SplitShard(ctx, &kinesis.SplitShardInput{
		StreamName: stream, ShardToSplit: put.ShardId, NewStartingHashKey: aws.String(middle),
	}))
	end := must(client.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: iterator()}))
	check(end.NextShardIterator == nil && len(end.ChildShards) == 2, "end of the shard")
	check(len(must(client.ListShards(ctx, &kinesis.ListShardsInput{StreamName: stream})).Shards) == 4, "shards")
	say("reshard, list")
	arn := must(client.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: stream})).
		StreamDescriptionSummary.StreamARN
	consumer := must(client.RegisterStreamConsumer(ctx, &kinesis.RegisterStreamConsumerInput{
		StreamARN: arn, ConsumerName: aws.String("app"),
	})).Consumer
	subscription := must(client.SubscribeToShard(ctx, &kinesis.SubscribeToShardInput{
		ConsumerARN: consumer.ConsumerARN, ShardId: put.ShardId,
		StartingPosition: &types.StartingPosition{Type: types.ShardIteratorTypeTrimHorizon},
	}))
	records := 0
	for event := range subscription.GetStream().Events() {
		if found, is := event.(*types.SubscribeToShardEventStreamMemberSubscribeToShardEvent); is {
			records += len(found.Value.Records)
		}
	}
	check(subscription.GetStream().Err() == nil && records == 1, fmt.Sprint("records by fan-out: ", records))
	say("fan-out, to the end of the shard")
}
